//! A record becomes its rows: ledger, what it may be recognised by, and one
//! outbox row for each recipient, in one transaction.

use ringpost_model::{Outcome, Why};
use sqlx::{Row, SqliteConnection};

use super::entry::{Entry, outcome_of, status};
use super::hearsay::{self, Candidate, Known};
use super::same_call::{Heard, settles_the_call, swallows};
use super::{Filed, JournalError};

/// The limits that filing keeps to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Notifications for one subscriber within an hour; 0: any number.
    pub(super) notifications_per_hour: u32,
}

pub(super) const HOUR_MILLIS: i64 = 3_600_000;

/// The end of a call that a report was held for.
pub(super) struct Live {
    pub(super) id: String,
    pub(super) subscriber: String,
    pub(super) outcome: Outcome,
    pub(super) told_by: Option<String>,
}

/// Files one record. The same id again changes nothing and gets the same answer.
pub(super) async fn file(
    db: &mut SqliteConnection,
    limits: Limits,
    entry: &Entry,
    live: Option<&Live>,
) -> Result<Filed, JournalError> {
    let candidates = match hearsay::known(db, entry).await? {
        Known::TheSame => return filed_before(db, &entry.record.id).await,
        Known::Others(candidates) => candidates,
    };
    let told_by = told_already(entry, live, &candidates);
    let outcome = match told_by {
        Some(_) => Outcome::Silent(Why::SameCall),
        None if is_too_many(db, limits, entry).await? => Outcome::Silent(Why::TooMany),
        None => entry.record.outcome,
    };
    insert(db, entry, outcome, told_by.as_deref()).await?;
    if matches!(outcome, Outcome::VoiceMail(_)) {
        for earlier in &candidates {
            withdraw(db, earlier, &entry.record.id).await?;
        }
    }
    Ok(match told_by {
        Some(told_by) => Filed::SameCall { told_by },
        None if outcome.is_told() => Filed::Told { mails: entry.recipients.len() },
        None => Filed::Silent,
    })
}

/// Which record tells of this call already: the live call that a report was
/// held for, or one heard before; a voice mail rather than a notification.
fn told_already(entry: &Entry, live: Option<&Live>, candidates: &[Candidate]) -> Option<String> {
    if matches!(entry.record.outcome, Outcome::VoiceMail(_)) {
        return None;
    }
    if let Some(live) = live.filter(|live| live.subscriber == entry.subscriber)
        && entry.record.outcome.is_told()
        && (live.outcome.is_told() || settles_the_call(live.outcome.why()))
    {
        return Some(live.told_by.clone().unwrap_or_else(|| live.id.clone()));
    }
    let swallowing = |candidate: &&Candidate| {
        let earlier = Heard { ear: candidate.ear, outcome: candidate.outcome };
        swallows(earlier, entry.heard(), candidate.named)
    };
    let rank = |candidate: &&Candidate| match candidate.outcome {
        Outcome::VoiceMail(_) => 0,
        Outcome::MissedCall(_) => 1,
        Outcome::Silent(_) => 2,
    };
    let first = candidates.iter().filter(swallowing).min_by_key(rank)?;
    Some(first.told_by.clone().unwrap_or_else(|| first.id.clone()))
}

async fn is_too_many(
    db: &mut SqliteConnection,
    limits: Limits,
    entry: &Entry,
) -> Result<bool, JournalError> {
    let most = i64::from(limits.notifications_per_hour);
    if most == 0 || !matches!(entry.record.outcome, Outcome::MissedCall(_)) {
        return Ok(false);
    }
    let ended = entry.record.ended.as_millis();
    let told: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM ledger WHERE subscriber = ? AND outcome = 'missed-call' \
         AND ended > ? AND ended <= ?",
    )
    .bind(&entry.subscriber)
    .bind(ended.saturating_sub(HOUR_MILLIS))
    .bind(ended)
    .fetch_one(db)
    .await?;
    Ok(told >= most)
}

/// All rows of a record: statements that go to the database at once. What it
/// may be recognised by stands for the record that tells of the call, so that a
/// thousand repeats are one row.
const INSERT: &str = "\
    INSERT INTO ledger (id, subscriber, caller, called, ear, stage, outcome, why, status, \
        received, ended, told_by, recording, duration, body) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?); \
    INSERT OR IGNORE INTO heard_identifier (subscriber, identifier, at, record) \
        SELECT ?, value, ?, ? FROM json_each(?); \
    INSERT OR IGNORE INTO heard_party (subscriber, caller, ear, record, at) \
        SELECT ?, ?, ?, ?, value FROM json_each(?); \
    INSERT INTO outbox (record, kind, recipient, state, created, next_at) \
        SELECT ?, 'telling', value, 'queued', ?, ? FROM json_each(?)";

async fn insert(
    db: &mut SqliteConnection,
    entry: &Entry,
    outcome: Outcome,
    told_by: Option<&str>,
) -> Result<(), JournalError> {
    let record = &entry.record;
    let recording = record.recording.as_ref();
    let (ended, ear) = (record.ended.as_millis(), record.ear.as_str());
    let stands_for = told_by.unwrap_or(&record.id);
    let recipients: &[String] = if outcome.is_told() { &entry.recipients } else { &[] };
    let recipients = serde_json::to_string(recipients)
        .map_err(|error| JournalError::Unreadable { reason: error.to_string() })?;
    sqlx::query(INSERT)
        .bind(&record.id)
        .bind(&entry.subscriber)
        .bind(&entry.caller)
        .bind(&entry.called)
        .bind(ear)
        .bind(i64::from(record.stage.number()))
        .bind(outcome.as_str())
        .bind(outcome.why().as_str())
        .bind(status(outcome.why()))
        .bind(record.received.as_millis())
        .bind(ended)
        .bind(told_by)
        .bind(recording.map(|recording| recording.file.as_str()))
        .bind(recording.and_then(|recording| i64::try_from(recording.duration.as_millis()).ok()))
        .bind(&entry.body)
        .bind(&entry.subscriber)
        .bind(ended)
        .bind(stands_for)
        .bind(entry.identifiers()?)
        .bind(&entry.subscriber)
        .bind(&entry.caller)
        .bind(ear)
        .bind(stands_for)
        .bind(entry.moments_heard())
        .bind(&record.id)
        .bind(ended)
        .bind(ended)
        .bind(recipients)
        .execute(&mut *db)
        .await?;
    if outcome.is_told() && entry.recipients.is_empty() {
        give_to_the_postmaster(db, entry).await?;
    }
    Ok(())
}

/// A subscriber without an address is the operator's mistake: the postmaster
/// gets his mail, so that it is not lost.
async fn give_to_the_postmaster(
    db: &mut SqliteConnection,
    entry: &Entry,
) -> Result<(), JournalError> {
    let at = entry.record.ended.as_millis();
    sqlx::query(
        "INSERT INTO outbox (record, kind, recipient, state, created, next_at, refusal, tried) \
         VALUES (?, 'return', ?, 'queued', ?, ?, 'the subscriber has no mail address', 0)",
    )
    .bind(&entry.record.id)
    .bind(&entry.subscriber)
    .bind(at)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// A voice mail takes the notification of the same call with it, as far as that
/// was not sent. What is being sent now is not tried again if it fails (`told_by`).
async fn withdraw(
    db: &mut SqliteConnection,
    earlier: &Candidate,
    by: &str,
) -> Result<(), JournalError> {
    if !matches!(earlier.outcome, Outcome::MissedCall(_)) {
        return Ok(());
    }
    sqlx::query(
        "UPDATE outbox SET state = 'withdrawn' \
         WHERE record = ? AND state = 'queued' AND leased_until IS NULL",
    )
    .bind(&earlier.id)
    .execute(&mut *db)
    .await?;
    sqlx::query("UPDATE ledger SET told_by = ? WHERE id = ?")
        .bind(by)
        .bind(&earlier.id)
        .execute(&mut *db)
        .await?;
    silence_if_withdrawn(db, &earlier.id).await
}

/// A notification of which no mail went out is silent after all.
pub(super) async fn silence_if_withdrawn(
    db: &mut SqliteConnection,
    id: &str,
) -> Result<(), JournalError> {
    sqlx::query(
        "UPDATE ledger SET outcome = 'silent', why = 'same-call', status = NULL WHERE id = ?1 \
         AND NOT EXISTS (SELECT 1 FROM outbox WHERE record = ?1 AND state <> 'withdrawn')",
    )
    .bind(id)
    .execute(db)
    .await?;
    Ok(())
}

async fn filed_before(db: &mut SqliteConnection, id: &str) -> Result<Filed, JournalError> {
    let row = sqlx::query(
        "SELECT outcome, why, status, told_by, \
         (SELECT count(*) FROM outbox WHERE record = ledger.id AND kind = 'telling') AS mails \
         FROM ledger WHERE id = ?",
    )
    .bind(id)
    .fetch_one(db)
    .await?;
    let mails: i64 = row.try_get("mails")?;
    let told_by: Option<String> = row.try_get("told_by")?;
    Ok(match (outcome_of(&row)?, told_by) {
        (Outcome::Silent(_), Some(told_by)) => Filed::SameCall { told_by },
        (Outcome::Silent(_), None) => Filed::Silent,
        (Outcome::MissedCall(_) | Outcome::VoiceMail(_), _) => {
            Filed::Told { mails: usize::try_from(mails).unwrap_or(0) }
        }
    })
}

/// The end of a call, as its ledger row has it.
pub(super) async fn live(
    db: &mut SqliteConnection,
    id: &str,
) -> Result<Option<Live>, JournalError> {
    let row =
        sqlx::query("SELECT subscriber, outcome, why, status, told_by FROM ledger WHERE id = ?")
            .bind(id)
            .fetch_optional(db)
            .await?;
    row.map(|row| {
        Ok(Live {
            id: id.to_owned(),
            subscriber: row.try_get("subscriber")?,
            outcome: outcome_of(&row)?,
            told_by: row.try_get("told_by")?,
        })
    })
    .transpose()
}
