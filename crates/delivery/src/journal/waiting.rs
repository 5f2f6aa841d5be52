//! How many voice mails wait for a subscriber, and which of them were heard
//! (the counts of RFC 3842).

use ringpost_model::Timestamp;
use sqlx::{Row, SqliteConnection, SqliteExecutor, SqlitePool};

use super::JournalError;
use super::job::Task;

/// A subscriber's voice mails in the ledger. However many mailboxes each went
/// to, it counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Waiting {
    /// Not heard yet.
    pub new: u64,
    /// Heard.
    pub old: u64,
}

/// Which voice mails were heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The one with this id.
    One(String),
    /// All of this subscriber, without regard to case.
    AllOf(String),
}

/// Whose voice mails were heard, and what waits for him now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The subscriber, in lower case.
    pub subscriber: String,
    /// How many were new until now.
    pub changed: u64,
    /// His counts from now on.
    pub waiting: Waiting,
}

/// A moment in the life of the ledger, for [`Journal::waiting_changes`].
///
/// [`Journal::waiting_changes`]: super::Journal::waiting_changes
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WaitingMark {
    seq: i64,
    seen_at: i64,
}

/// Notes that voice mails were heard; once heard they stay so.
pub(super) struct Seeing {
    pub(super) heard: Heard,
    pub(super) now: Timestamp,
}

impl Task for Seeing {
    type Output = Option<Seen>;

    async fn run(&self, db: &mut SqliteConnection) -> Result<Option<Seen>, JournalError> {
        let now = self.now.as_millis();
        let (subscriber, update) = match &self.heard {
            Heard::One(id) => {
                let subscriber: Option<String> = sqlx::query_scalar(
                    "SELECT subscriber FROM ledger WHERE id = ? AND outcome = 'voice-mail'",
                )
                .bind(id)
                .fetch_optional(&mut *db)
                .await?;
                let Some(subscriber) = subscriber else { return Ok(None) };
                let one = "UPDATE ledger SET seen_at = ? WHERE id = ? AND seen_at IS NULL";
                (subscriber, sqlx::query(one).bind(now).bind(id))
            }
            Heard::AllOf(user) => {
                let user = user.to_lowercase();
                let all = "UPDATE ledger SET seen_at = ? WHERE outcome = 'voice-mail' \
                           AND subscriber = ? AND seen_at IS NULL";
                (user.clone(), sqlx::query(all).bind(now).bind(user))
            }
        };
        let changed = update.execute(&mut *db).await?.rows_affected();
        let waiting = count(&mut *db, &subscriber).await?;
        Ok(Some(Seen { subscriber, changed, waiting }))
    }
}

/// The counts of one subscriber, given in lower case.
pub(super) const COUNT: &str = "SELECT count(*) AS every, count(seen_at) AS seen FROM ledger \
                                WHERE outcome = 'voice-mail' AND subscriber = ?";

pub(super) async fn count(
    db: impl SqliteExecutor<'_>,
    subscriber: &str,
) -> Result<Waiting, JournalError> {
    let row = sqlx::query(COUNT).bind(subscriber).fetch_one(db).await?;
    let (every, seen): (i64, i64) = (row.try_get("every")?, row.try_get("seen")?);
    let number = |count: i64| u64::try_from(count).unwrap_or(0);
    Ok(Waiting { new: number(every.saturating_sub(seen)), old: number(seen) })
}

/// Voice mails filed behind the mark, and those heard at it or later: another
/// may have been heard in the same millisecond.
pub(super) const CHANGES: &str = "\
    SELECT subscriber FROM ledger WHERE seq > ? AND outcome = 'voice-mail' \
    UNION SELECT subscriber FROM ledger WHERE seen_at >= ?";

/// Whose counts may have changed since the mark, and the mark for the next time.
pub(super) async fn changes(
    db: &SqlitePool,
    since: WaitingMark,
) -> Result<(WaitingMark, Vec<String>), JournalError> {
    // Read first: what comes in between is told twice rather than never.
    let row = sqlx::query(
        "SELECT (SELECT max(seq) FROM ledger) AS seq, \
         (SELECT max(seen_at) FROM ledger WHERE seen_at IS NOT NULL) AS seen_at",
    )
    .fetch_one(db)
    .await?;
    let mark = WaitingMark {
        seq: row.try_get::<Option<i64>, _>("seq")?.unwrap_or(0),
        seen_at: row.try_get::<Option<i64>, _>("seen_at")?.unwrap_or(0),
    };
    let changed = sqlx::query_scalar(CHANGES)
        // The newest row may have been swept, and its number given out again.
        .bind(since.seq.min(mark.seq.saturating_sub(1)))
        .bind(since.seen_at.max(1))
        .fetch_all(db)
        .await?;
    Ok((mark, changed))
}
