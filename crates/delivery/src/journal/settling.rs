//! What became of a claimed mail: done, tried again, or given back.

use std::collections::HashSet;

use ringpost_model::Timestamp;
use sqlx::{Row, SqliteConnection};

use super::filing::silence_if_withdrawn;
use super::fresh::json;
use super::job::{Asked, Job, Task};
use super::{JournalError, Settled};
use crate::RetrySchedule;

/// A claimed mail was handed over: a fact, whoever says so and however late.
pub(super) struct Delivered {
    pub(super) mail: i64,
    /// What the mail system said.
    pub(super) reply: String,
    pub(super) now: Timestamp,
}

impl Task for Delivered {
    type Output = Settled;

    async fn run(&self, db: &mut SqliteConnection) -> Result<Settled, JournalError> {
        let known = delivered(db, &[(self.mail, &self.reply, self.now.as_millis())]).await?;
        Ok(if known.contains(&self.mail) { Settled::Delivered } else { Settled::Stale })
    }

    fn job(asked: Asked<Self>) -> Job {
        Job::Delivered(asked)
    }
}

/// Notes mails as delivered, each given once, with its reply and the moment.
/// Returns those that are in the outbox.
pub(super) async fn delivered(
    db: &mut SqliteConnection,
    mails: &[(i64, &String, i64)],
) -> Result<HashSet<i64>, JournalError> {
    let done = sqlx::query(
        "UPDATE outbox SET state = 'delivered', attempts = attempts + 1, leased_until = NULL, \
         first_at = COALESCE(first_at, value->>2), settled_at = value->>2, reason = value->>1 \
         FROM json_each(?) WHERE outbox.id = value->>0",
    )
    .bind(json(&mails)?)
    .execute(&mut *db)
    .await?;
    let all = mails.iter().map(|(mail, ..)| *mail);
    if usize::try_from(done.rows_affected()).ok() == Some(mails.len()) {
        return Ok(all.collect());
    }
    let ids: Vec<i64> = all.collect();
    let known = sqlx::query_scalar(
        "SELECT outbox.id FROM json_each(?) AS ids CROSS JOIN outbox ON outbox.id = ids.value",
    )
    .bind(json(&ids)?)
    .fetch_all(db)
    .await?;
    Ok(known.into_iter().collect())
}

/// A claimed mail was not taken.
pub(super) struct Settling {
    pub(super) mail: i64,
    /// The attempts that the claim had: another number means another claimer.
    pub(super) attempts: u32,
    /// What the mail system said, or why there was none.
    pub(super) reason: String,
    /// Whether another attempt is of no use.
    pub(super) refused: bool,
    pub(super) now: Timestamp,
    pub(super) retry: RetrySchedule,
    pub(super) jitter: f64,
}

impl Task for Settling {
    type Output = Settled;

    async fn run(&self, db: &mut SqliteConnection) -> Result<Settled, JournalError> {
        let (reason, refused) = (&self.reason, self.refused);
        let row = sqlx::query(
            "SELECT kind, state, attempts, first_at, record, recipient, outcome, told_by \
             FROM outbox JOIN ledger ON ledger.id = outbox.record WHERE outbox.id = ?",
        )
        .bind(self.mail)
        .fetch_optional(&mut *db)
        .await?;
        let Some(row) = row else { return Ok(Settled::Stale) };
        let (kind, state): (String, String) = (row.try_get("kind")?, row.try_get("state")?);
        if state != "queued" || row.try_get::<u32, _>("attempts")? != self.attempts {
            return Ok(Settled::Stale);
        }
        let (outcome, told_by): (String, Option<String>) =
            (row.try_get("outcome")?, row.try_get("told_by")?);
        let record: String = row.try_get("record")?;
        if kind == "telling" && outcome == "missed-call" && told_by.is_some() {
            self.close(db, "withdrawn", reason, None).await?;
            silence_if_withdrawn(db, &record).await?;
            return Ok(Settled::Withdrawn);
        }
        let attempts = self.attempts.saturating_add(1);
        let first_at =
            row.try_get::<Option<i64>, _>("first_at")?.map_or(self.now, Timestamp::from_millis);
        let next = self.retry.next(attempts, first_at, self.now, self.jitter);
        match next.filter(|_| !refused) {
            Some(at) => {
                self.close(db, "queued", reason, Some((first_at, at))).await?;
                Ok(Settled::Again { at })
            }
            None if kind == "return" => {
                tracing::error!(call = %record, "the postmaster's mail system does not take a returned message; it is kept as dead");
                self.close(db, "dead", reason, None).await?;
                Ok(Settled::Dead)
            }
            None => {
                self.close(db, "returned", reason, None).await?;
                self.give_back(db, &record, row.try_get("recipient")?, reason, attempts).await?;
                Ok(Settled::Returned)
            }
        }
    }

    fn wakes(&self, settled: &Settled) -> bool {
        // The next attempt may be the next that is due.
        matches!(settled, Settled::Returned | Settled::Again { .. })
    }
}

impl Settling {
    async fn close(
        &self,
        db: &mut SqliteConnection,
        state: &str,
        reason: &str,
        again: Option<(Timestamp, Timestamp)>,
    ) -> Result<(), JournalError> {
        let now = self.now.as_millis();
        let (first_at, next_at) = again.map_or((None, None), |(first, next)| {
            (Some(first.as_millis()), Some(next.as_millis()))
        });
        sqlx::query(
            "UPDATE outbox SET state = ?, attempts = attempts + 1, leased_until = NULL, \
             first_at = COALESCE(first_at, ?, ?), next_at = COALESCE(?, next_at), \
             settled_at = ?, reason = ? WHERE id = ?",
        )
        .bind(state)
        .bind(first_at)
        .bind(now)
        .bind(next_at)
        .bind(if state == "queued" { None } else { Some(now) })
        .bind(reason)
        .bind(self.mail)
        .execute(db)
        .await?;
        Ok(())
    }

    /// One mail to the postmaster; once more when the mail was retried by hand
    /// and refused again.
    async fn give_back(
        &self,
        db: &mut SqliteConnection,
        record: &str,
        recipient: String,
        reason: &str,
        attempts: u32,
    ) -> Result<(), JournalError> {
        let now = self.now.as_millis();
        sqlx::query(
            "INSERT INTO outbox (record, kind, recipient, state, created, next_at, refusal, tried) \
             VALUES (?, 'return', ?, 'queued', ?, ?, ?, ?) \
             ON CONFLICT (record, kind, recipient) DO UPDATE SET state = 'queued', attempts = 0, \
             created = excluded.created, first_at = NULL, next_at = excluded.next_at, \
             leased_until = NULL, settled_at = NULL, reason = NULL, \
             refusal = excluded.refusal, tried = excluded.tried",
        )
        .bind(record)
        .bind(recipient)
        .bind(now)
        .bind(now)
        .bind(reason)
        .bind(attempts)
        .execute(db)
        .await?;
        Ok(())
    }
}
