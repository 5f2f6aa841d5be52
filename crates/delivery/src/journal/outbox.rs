//! Mails of the outbox on their way out: claimed, with who rang kept beside
//! them, and made due again by hand.

use std::time::Duration;

use ringpost_model::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::entry::record_of;
use super::filing::silence_if_withdrawn;
use super::job::Task;
use super::{Claim, ClaimKind, JournalError};
use crate::stored::{self, StoredIdentity};

/// Leases what is due.
pub(super) struct Claiming {
    pub(super) now: Timestamp,
    pub(super) at_most: usize,
    pub(super) lease: Duration,
    pub(super) postmaster: String,
}

impl Task for Claiming {
    type Output = Vec<Claim>;

    const ONLY_IF_AWAITED: bool = true;

    async fn run(&self, db: &mut SqliteConnection) -> Result<Vec<Claim>, JournalError> {
        let now = self.now.as_millis();
        sqlx::query("UPDATE outbox SET leased_until = NULL WHERE leased_until <= ?")
            .bind(now)
            .execute(&mut *db)
            .await?;
        let claimed: Vec<i64> = sqlx::query_scalar(
            "UPDATE outbox SET leased_until = ? WHERE id IN (SELECT id FROM outbox \
             WHERE state = 'queued' AND leased_until IS NULL AND next_at <= ? \
             ORDER BY next_at LIMIT ?) RETURNING id",
        )
        .bind(self.now.plus(self.lease).as_millis())
        .bind(now)
        .bind(i64::try_from(self.at_most).unwrap_or(i64::MAX))
        .fetch_all(&mut *db)
        .await?;
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        let ids = serde_json::to_string(&claimed)
            .map_err(|error| JournalError::Unreadable { reason: error.to_string() })?;
        let rows = sqlx::query(
            "SELECT outbox.id AS mail, kind, recipient, attempts, refusal, tried, created, \
             outcome, why, status, body, identity, ledger.id AS call, \
             kind = 'telling' AND outcome = 'missed-call' AND told_by IS NOT NULL AS is_told \
             FROM json_each(?) AS ids CROSS JOIN outbox ON outbox.id = ids.value \
             JOIN ledger ON ledger.id = outbox.record ORDER BY next_at, outbox.id",
        )
        .bind(ids)
        .fetch_all(&mut *db)
        .await?;
        let mut claims = Vec::with_capacity(rows.len());
        for row in rows {
            // Its call has a voice mail since; a lease or a crash kept it from
            // being withdrawn.
            if row.try_get("is_told")? {
                withdraw(db, row.try_get("mail")?, row.try_get("call")?, self.now).await?;
                continue;
            }
            match self.read(&row) {
                Ok(claim) => claims.push(claim),
                // One row that cannot be read holds up no other; it is kept.
                Err(error) => bury(db, row.try_get("mail")?, &error).await?,
            }
        }
        Ok(claims)
    }
}

impl Claiming {
    fn read(&self, row: &SqliteRow) -> Result<Claim, JournalError> {
        let (kind, recipient): (String, String) = (row.try_get("kind")?, row.try_get("recipient")?);
        let identity: Option<String> = row.try_get("identity")?;
        let (kind, recipient) = if kind == "return" {
            let reason: Option<String> = row.try_get("refusal")?;
            let attempts = row.try_get::<Option<u32>, _>("tried")?.unwrap_or(0);
            let reason = reason.unwrap_or_default();
            let at = Timestamp::from_millis(row.try_get("created")?);
            (ClaimKind::Return { recipient, reason, attempts, at }, self.postmaster.clone())
        } else {
            (ClaimKind::Telling, recipient)
        };
        Ok(Claim {
            id: row.try_get("mail")?,
            kind,
            record: record_of(row)?,
            recipient,
            attempts: row.try_get("attempts")?,
            identity: identity
                .map(|identity| stored::read::<StoredIdentity>(&identity)?.try_into())
                .transpose()?,
        })
    }
}

async fn withdraw(
    db: &mut SqliteConnection,
    mail: i64,
    call: String,
    now: Timestamp,
) -> Result<(), JournalError> {
    sqlx::query(
        "UPDATE outbox SET state = 'withdrawn', leased_until = NULL, settled_at = ? WHERE id = ?",
    )
    .bind(now.as_millis())
    .bind(mail)
    .execute(&mut *db)
    .await?;
    silence_if_withdrawn(db, &call).await
}

async fn bury(
    db: &mut SqliteConnection,
    mail: i64,
    error: &JournalError,
) -> Result<(), JournalError> {
    tracing::error!(mail, %error, "a mail of the outbox cannot be read; it is kept as dead");
    sqlx::query("UPDATE outbox SET state = 'dead', leased_until = NULL, reason = ? WHERE id = ?")
        .bind(error.to_string())
        .bind(mail)
        .execute(db)
        .await?;
    Ok(())
}

/// Keeps who rang.
pub(super) struct KeepIdentity {
    pub(super) record: String,
    pub(super) body: String,
}

impl Task for KeepIdentity {
    type Output = ();

    async fn run(&self, db: &mut SqliteConnection) -> Result<(), JournalError> {
        sqlx::query("UPDATE ledger SET identity = ? WHERE id = ?")
            .bind(&self.body)
            .bind(&self.record)
            .execute(db)
            .await?;
        Ok(())
    }
}

/// Makes the mails of a record due now, with a fresh four days.
pub(super) struct Retrying {
    pub(super) record: String,
    pub(super) now: Timestamp,
}

impl Task for Retrying {
    type Output = u64;

    async fn run(&self, db: &mut SqliteConnection) -> Result<u64, JournalError> {
        let done = sqlx::query(
            "UPDATE outbox SET state = 'queued', attempts = 0, first_at = NULL, next_at = ?, \
             settled_at = NULL WHERE record = ? AND state IN ('queued', 'returned', 'dead') \
             AND leased_until IS NULL",
        )
        .bind(self.now.as_millis())
        .bind(&self.record)
        .execute(db)
        .await?;
        Ok(done.rows_affected())
    }

    fn wakes(&self, retried: &u64) -> bool {
        *retried > 0
    }
}
