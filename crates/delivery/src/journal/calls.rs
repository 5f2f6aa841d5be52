//! The jobs of a call's life: its open-call row, its end, reports of it, and
//! reports that wait for its end.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::desk::Leased;
use super::entry::{Entry, status};
use super::filing::{self, Limits};
use super::fresh::json;
use super::job::{Asked, Job, Task};
use super::{Filed, JournalError};
use crate::stored::{self, StoredOpenCall};

/// Writes the open-call row.
pub(super) struct Begin {
    pub(super) id: String,
    pub(super) body: String,
}

impl Task for Begin {
    type Output = ();

    async fn run(&self, db: &mut SqliteConnection) -> Result<(), JournalError> {
        begin(db, &[(&self.id, &self.body)]).await
    }

    fn job(asked: Asked<Self>) -> Job {
        Job::Begin(asked)
    }
}

/// Writes open-call rows, given as id and body.
pub(super) async fn begin(
    db: &mut SqliteConnection,
    calls: &[(&String, &String)],
) -> Result<(), JournalError> {
    // A call whose end was faster than its beginning is not opened again.
    sqlx::query(
        "INSERT OR REPLACE INTO open_call (id, body) SELECT value->>0, value->>1 \
         FROM jsonb_each(?) WHERE NOT EXISTS (SELECT 1 FROM ledger WHERE id = value->>0)",
    )
    .bind(json(&calls)?)
    .execute(db)
    .await?;
    Ok(())
}

/// The end of a call, or a report of one that waits for nothing.
pub(super) struct Filing {
    pub(super) entry: Entry,
    pub(super) limits: Limits,
    /// Whether a call of our own ends by it.
    pub(super) ends: bool,
    /// Its mails, where they are leased to be handed over.
    pub(super) leased: Option<Leased>,
    /// Whether no mail became due by it.
    pub(super) is_quiet: bool,
}

impl Filing {
    pub(super) fn new(entry: Entry, limits: Limits, ends: bool) -> Self {
        Self { entry, limits, ends, leased: None, is_quiet: false }
    }
}

impl Task for Filing {
    type Output = Filed;

    async fn run(&self, db: &mut SqliteConnection) -> Result<Filed, JournalError> {
        if !self.ends {
            return filing::file(db, self.limits, &self.entry, None).await;
        }
        let id = &self.entry.record.id;
        let held = sqlx::query(
            "DELETE FROM open_call WHERE id = ?; \
             SELECT id, body, outcome, why, status FROM held WHERE live = ? ORDER BY at, id",
        )
        .bind(id)
        .bind(id)
        .fetch_all(&mut *db)
        .await?;
        let filed = filing::file(db, self.limits, &self.entry, None).await?;
        if !held.is_empty() {
            merge(db, self.limits, id, &held).await?;
        }
        Ok(filed)
    }

    fn wakes(&self, filed: &Filed) -> bool {
        // Even a silent end may have turned a held report into a notification.
        self.leased.is_none()
            && !self.is_quiet
            && (self.ends || matches!(filed, Filed::Told { .. }))
    }

    fn job(asked: Asked<Self>) -> Job {
        Job::File(Box::new(asked))
    }
}

/// What was held for this call is told by it, or becomes a notification of its own.
async fn merge(
    db: &mut SqliteConnection,
    limits: Limits,
    id: &str,
    held: &[SqliteRow],
) -> Result<(), JournalError> {
    let live = filing::live(db, id).await?;
    for row in held {
        filing::file(db, limits, &Entry::from_row(row)?, live.as_ref()).await?;
    }
    sqlx::query("DELETE FROM held WHERE live = ?").bind(id).execute(db).await?;
    Ok(())
}

/// A report of a call that is live: it waits for the end.
pub(super) struct Report {
    pub(super) entry: Entry,
    pub(super) live: String,
    pub(super) limits: Limits,
}

impl Task for Report {
    type Output = Filed;

    async fn run(&self, db: &mut SqliteConnection) -> Result<Filed, JournalError> {
        let ended = filing::live(db, &self.live).await?;
        // A report that tells nobody anything has nothing to wait for.
        if ended.is_some() || !self.entry.record.outcome.is_told() {
            return filing::file(db, self.limits, &self.entry, ended.as_ref()).await;
        }
        let record = &self.entry.record;
        sqlx::query(
            "INSERT OR IGNORE INTO held (id, live, at, outcome, why, status, body) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&record.id)
        .bind(&self.live)
        .bind(record.ended.as_millis())
        .bind(record.outcome.as_str())
        .bind(record.outcome.why().as_str())
        .bind(status(record.outcome.why()))
        .bind(&self.entry.body)
        .execute(db)
        .await?;
        Ok(Filed::Held)
    }

    fn wakes(&self, filed: &Filed) -> bool {
        matches!(filed, Filed::Told { .. })
    }
}

/// What is held for calls that nobody leads any more.
pub(super) struct ReleaseHeld {
    pub(super) limits: Limits,
}

impl Task for ReleaseHeld {
    type Output = u64;

    async fn run(&self, db: &mut SqliteConnection) -> Result<u64, JournalError> {
        let held =
            sqlx::query("SELECT id, live, body, outcome, why, status FROM held ORDER BY at, id")
                .fetch_all(&mut *db)
                .await?;
        for row in &held {
            let live: String = row.try_get("live")?;
            let live = filing::live(db, &live).await?;
            filing::file(db, self.limits, &Entry::from_row(row)?, live.as_ref()).await?;
        }
        sqlx::query("DELETE FROM held").execute(db).await?;
        Ok(u64::try_from(held.len()).unwrap_or(u64::MAX))
    }

    fn wakes(&self, released: &u64) -> bool {
        *released > 0
    }
}

/// Every open call, oldest id first.
pub(super) async fn open_calls(
    db: &sqlx::SqlitePool,
) -> Result<Vec<super::OpenCall>, JournalError> {
    let bodies: Vec<String> =
        sqlx::query_scalar("SELECT body FROM open_call ORDER BY id").fetch_all(db).await?;
    bodies.iter().map(|body| stored::read::<StoredOpenCall>(body)?.try_into()).collect()
}
