//! Reading the ledger and the outbox, for operators.

use std::time::Duration;

use ringpost_model::{CallRecord, CallerIdentity, Ear, Outcome, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqlitePool};

use super::entry::{outcome_of, record_of};
use super::{Counts, JournalError};
use crate::stored::{self, StoredIdentity};

/// Which ledger rows, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerQuery {
    /// Only this subscriber's, without regard to case.
    pub subscriber: Option<String>,
    /// Only calls that ended at this moment or later.
    pub since: Option<Timestamp>,
    /// Only calls that ended before this moment.
    pub until: Option<Timestamp>,
    /// Only those with a mail that is queued, returned or dead.
    pub unsettled: bool,
    /// At most so many.
    pub limit: u32,
}

impl Default for LedgerQuery {
    /// The newest hundred.
    fn default() -> Self {
        Self { subscriber: None, since: None, until: None, unsettled: false, limit: 100 }
    }
}

/// One end of a call, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Id of the record.
    pub id: String,
    /// Subscriber, in lower case; `None` when nobody we know was called.
    pub subscriber: Option<String>,
    /// Raw caller id; empty when withheld.
    pub caller: String,
    /// User part of the called party.
    pub called: String,
    /// Who heard of it.
    pub ear: Ear,
    /// State of the description in which it ended, 1 to 4.
    pub stage: u8,
    /// What became of it, and why.
    pub outcome: Outcome,
    /// When it came.
    pub received: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Length of the recording.
    pub duration: Option<Duration>,
    /// The record that tells of the same call.
    pub told_by: Option<String>,
    /// When the subscriber heard it, of a voice mail that he has heard.
    pub seen_at: Option<Timestamp>,
    /// How its mails stand, one for each recipient.
    pub mails: Vec<MailState>,
}

/// How a mail of the outbox stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailState {
    /// Waits for an attempt, or is being tried.
    Queued,
    /// The mail system has it.
    Delivered,
    /// Refused or given up; the postmaster was told.
    Returned,
    /// Not sent: a voice mail of the same call took its place.
    Withdrawn,
    /// Nobody takes it; kept for the operator.
    Dead,
}

impl MailState {
    /// The word shown to operators.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Delivered => "delivered",
            Self::Returned => "returned",
            Self::Withdrawn => "withdrawn",
            Self::Dead => "dead",
        }
    }

    fn read(word: &str) -> Result<Self, JournalError> {
        [Self::Queued, Self::Delivered, Self::Returned, Self::Withdrawn, Self::Dead]
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| JournalError::Unreadable {
                reason: format!("{word:?} is no state of a mail"),
            })
    }
}

/// One mail of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRow {
    /// Whether it is the return of a refused mail to the postmaster.
    pub is_return: bool,
    /// Whose mail it is; of a return: who refused.
    pub recipient: String,
    /// How it stands.
    pub state: MailState,
    /// Attempts made.
    pub attempts: u32,
    /// When it is tried next; `None` when it is not.
    pub next_at: Option<Timestamp>,
    /// When it came to its end.
    pub settled_at: Option<Timestamp>,
    /// What the mail system said last; of a return not yet tried, why the mail was refused.
    pub last_reason: Option<String>,
}

/// Everything about one end of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerDetail {
    /// The record, with the outcome it has now.
    pub record: CallRecord,
    /// Who rang, where that was kept.
    pub identity: Option<CallerIdentity>,
    /// The record that tells of the same call.
    pub told_by: Option<String>,
    /// When the subscriber heard it, of a voice mail that he has heard.
    pub seen_at: Option<Timestamp>,
    /// Its mails.
    pub mails: Vec<MailRow>,
}

pub(super) async fn rows(
    db: &SqlitePool,
    query: LedgerQuery,
) -> Result<Vec<LedgerRow>, JournalError> {
    let rows = sqlx::query(AssertSqlSafe(rows_sql(&query)))
        .bind(query.since.map_or(i64::MIN, Timestamp::as_millis))
        .bind(query.until.map_or(i64::MAX, Timestamp::as_millis))
        .bind(query.limit)
        .bind(query.subscriber.map(|subscriber| subscriber.to_lowercase()))
        .fetch_all(db)
        .await?;
    rows.iter().map(row).collect()
}

/// Each form has an index of its own: a million rows are not walked through for
/// the few that are wanted.
pub(super) fn rows_sql(query: &LedgerQuery) -> String {
    let from = if query.unsettled {
        "(SELECT DISTINCT record FROM outbox WHERE state IN ('queued', 'returned', 'dead')) \
         AS open CROSS JOIN ledger ON ledger.id = open.record"
    } else {
        "ledger"
    };
    let whose = if query.subscriber.is_some() { "subscriber = ?4 AND" } else { "" };
    format!(
        "SELECT id, subscriber, caller, called, ear, stage, outcome, why, status, received, ended, \
         told_by, duration, seen_at, (SELECT group_concat(state) FROM outbox \
             WHERE outbox.record = ledger.id AND kind = 'telling') AS mails \
         FROM {from} WHERE {whose} ended >= ?1 AND ended < ?2 \
         ORDER BY ended DESC, seq DESC LIMIT ?3"
    )
}

fn row(row: &SqliteRow) -> Result<LedgerRow, JournalError> {
    let (subscriber, ear): (String, String) = (row.try_get("subscriber")?, row.try_get("ear")?);
    let mails: Option<String> = row.try_get("mails")?;
    let millis: Option<i64> = row.try_get("duration")?;
    Ok(LedgerRow {
        id: row.try_get("id")?,
        subscriber: Some(subscriber).filter(|subscriber| !subscriber.is_empty()),
        caller: row.try_get("caller")?,
        called: row.try_get("called")?,
        ear: stored::ear(&ear)?,
        stage: row.try_get("stage")?,
        outcome: outcome_of(row)?,
        received: Timestamp::from_millis(row.try_get("received")?),
        ended: Timestamp::from_millis(row.try_get("ended")?),
        duration: millis.and_then(|millis| u64::try_from(millis).ok()).map(Duration::from_millis),
        told_by: row.try_get("told_by")?,
        seen_at: moment(row, "seen_at")?,
        mails: mails
            .iter()
            .flat_map(|mails| mails.split(','))
            .map(MailState::read)
            .collect::<Result<_, _>>()?,
    })
}

pub(super) async fn detail(
    db: &SqlitePool,
    id: &str,
) -> Result<Option<LedgerDetail>, JournalError> {
    let row = sqlx::query(
        "SELECT body, outcome, why, status, told_by, identity, seen_at FROM ledger WHERE id = ?",
    )
    .bind(id)
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let identity: Option<String> = row.try_get("identity")?;
    let mails = sqlx::query(
        "SELECT kind, recipient, state, attempts, next_at, settled_at, \
         COALESCE(reason, refusal) AS reason FROM outbox WHERE record = ? ORDER BY id",
    )
    .bind(id)
    .fetch_all(db)
    .await?;
    Ok(Some(LedgerDetail {
        record: record_of(&row)?,
        identity: identity
            .map(|identity| stored::read::<StoredIdentity>(&identity)?.try_into())
            .transpose()?,
        told_by: row.try_get("told_by")?,
        seen_at: moment(&row, "seen_at")?,
        mails: mails.iter().map(mail).collect::<Result<_, _>>()?,
    }))
}

fn moment(row: &SqliteRow, column: &str) -> Result<Option<Timestamp>, JournalError> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(Timestamp::from_millis))
}

fn mail(row: &SqliteRow) -> Result<MailRow, JournalError> {
    let (kind, state): (String, String) = (row.try_get("kind")?, row.try_get("state")?);
    let state = MailState::read(&state)?;
    let next_at = Timestamp::from_millis(row.try_get("next_at")?);
    Ok(MailRow {
        is_return: kind == "return",
        recipient: row.try_get("recipient")?,
        state,
        attempts: row.try_get("attempts")?,
        next_at: (state == MailState::Queued).then_some(next_at),
        settled_at: moment(row, "settled_at")?,
        last_reason: row.try_get("reason")?,
    })
}

pub(super) async fn counts(db: &SqlitePool) -> Result<Counts, JournalError> {
    let rows = sqlx::query(
        "SELECT state, count(*) AS number, min(created) AS oldest FROM outbox \
         WHERE state IN ('queued', 'returned', 'dead') GROUP BY state",
    )
    .fetch_all(db)
    .await?;
    let held: i64 = sqlx::query_scalar("SELECT count(*) FROM held").fetch_one(db).await?;
    let mut counts = Counts { held: u64::try_from(held).unwrap_or(0), ..Counts::default() };
    for row in &rows {
        let number = u64::try_from(row.try_get::<i64, _>("number")?).unwrap_or(0);
        let state: String = row.try_get("state")?;
        match MailState::read(&state)? {
            MailState::Queued => {
                counts.queued = number;
                counts.oldest_queued = Some(Timestamp::from_millis(row.try_get("oldest")?));
            }
            MailState::Returned => counts.returned = number,
            MailState::Dead => counts.dead = number,
            MailState::Delivered | MailState::Withdrawn => {}
        }
    }
    Ok(counts)
}

/// When something is due next: an attempt, or the end of a lease.
pub(super) async fn next_due(db: &SqlitePool) -> Result<Option<Timestamp>, JournalError> {
    let due: Option<i64> = sqlx::query_scalar(
        "SELECT min(at) FROM (SELECT min(next_at) AS at FROM outbox \
             WHERE state = 'queued' AND leased_until IS NULL \
         UNION ALL SELECT min(leased_until) FROM outbox WHERE leased_until IS NOT NULL)",
    )
    .fetch_one(db)
    .await?;
    Ok(due.map(Timestamp::from_millis))
}

/// Names of the recordings that are still needed.
pub(super) async fn recordings(db: &SqlitePool) -> Result<Vec<String>, JournalError> {
    Ok(sqlx::query_scalar(
        "SELECT recording FROM ledger WHERE recording IS NOT NULL AND released IS NULL",
    )
    .fetch_all(db)
    .await?)
}
