//! What is old and settled is let go, a portion at a time so that no call waits
//! long for the writer.

use std::time::Duration;

use ringpost_model::Timestamp;
use sqlx::SqliteConnection;

use super::job::Task;
use super::{JournalError, Swept, hearsay};

/// Most rows of a kind in one transaction.
const PORTION: i64 = 1000;

/// How long the sound of a call that was no message is kept.
const KEEP_SOUND: Duration = Duration::from_secs(24 * 3600);

/// One portion of a sweep.
pub(super) struct Sweeping {
    pub(super) now: Timestamp,
    pub(super) keep_ledger: Duration,
}

/// What one portion took away, and whether there is more.
pub(super) struct Portion {
    pub(super) swept: Swept,
    pub(super) more: bool,
}

impl Task for Sweeping {
    type Output = Portion;

    async fn run(&self, db: &mut SqliteConnection) -> Result<Portion, JournalError> {
        let identifiers = hearsay::forget(db, self.now, PORTION).await?;
        let rows = self.delete_rows(db).await?;
        let recordings = self.release_recordings(db).await?;
        let portion = usize::try_from(PORTION).unwrap_or(usize::MAX);
        let full = u64::try_from(PORTION).unwrap_or(u64::MAX);
        let more = identifiers >= full || rows >= full || recordings.len() >= portion;
        Ok(Portion { swept: Swept { identifiers, rows, recordings }, more })
    }
}

impl Sweeping {
    /// Rows past their time of which nothing is left to do. A mail that nobody
    /// takes is kept until somebody looks after it.
    async fn delete_rows(&self, db: &mut SqliteConnection) -> Result<u64, JournalError> {
        let done = sqlx::query(
            "DELETE FROM ledger WHERE seq IN (SELECT seq FROM ledger WHERE ended < ? \
             AND (recording IS NULL OR released IS NOT NULL) \
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.record = ledger.id \
             AND state IN ('queued', 'dead')) ORDER BY ended LIMIT ?)",
        )
        .bind(self.now.minus(self.keep_ledger).as_millis())
        .bind(PORTION)
        .execute(db)
        .await?;
        Ok(done.rows_affected())
    }

    /// Recordings that no mail needs any more: of voice mails that everybody
    /// has had for a day, of calls that were no message after a day, and of whatever is past
    /// its time. A returned mail keeps its sound, so that it can be retried.
    async fn release_recordings(
        &self,
        db: &mut SqliteConnection,
    ) -> Result<Vec<String>, JournalError> {
        let released = sqlx::query_scalar(
            "UPDATE ledger SET released = ?1 WHERE seq IN (SELECT seq FROM ledger \
             WHERE recording IS NOT NULL AND released IS NULL \
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.record = ledger.id \
                 AND state IN ('queued', 'dead')) \
             AND ((outcome = 'voice-mail' AND NOT EXISTS (SELECT 1 FROM outbox \
                     WHERE outbox.record = ledger.id AND (state NOT IN ('delivered', 'withdrawn') OR settled_at > ?2))) \
                 OR (outcome <> 'voice-mail' AND ended < ?2) \
                 OR ended < ?3) LIMIT ?4) RETURNING recording",
        )
        .bind(self.now.as_millis())
        .bind(self.now.minus(KEEP_SOUND).as_millis())
        .bind(self.now.minus(self.keep_ledger).as_millis())
        .bind(PORTION)
        .fetch_all(db)
        .await?;
        Ok(released)
    }
}

/// What the last sweep before a stop let go is offered once more: the files may
/// not have been deleted by then.
pub(super) async fn offer_again(db: &mut SqliteConnection) -> Result<(), JournalError> {
    sqlx::query(
        "UPDATE ledger SET released = NULL \
         WHERE released = (SELECT max(released) FROM ledger WHERE released IS NOT NULL)",
    )
    .execute(db)
    .await?;
    Ok(())
}
