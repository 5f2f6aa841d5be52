//! What was heard before, and by what it may be recognised: rows by identifier
//! (24 h) and rows by the moment and the ear (seconds).

use std::time::Duration;

use ringpost_call::{Hearing, REMEMBERED, same_call};
use ringpost_model::{Ear, Outcome, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::JournalError;
use super::entry::{Entry, outcome_of};
use crate::stored;

/// An earlier record of the same call.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) id: String,
    pub(super) ear: Ear,
    pub(super) outcome: Outcome,
    pub(super) told_by: Option<String>,
    /// Recognised by an identifier, and not only by its parties.
    pub(super) named: bool,
}

/// Wide enough for every pair that the rule may call one; the rule decides.
const NEAR: Duration = Duration::from_secs(10);

/// Most hearings of one subscriber that are looked at: more at one time are no
/// coincidence of ears but a flood.
const MOST: i64 = 500;

/// The earlier records that are of the same call as this one.
pub(super) async fn candidates(
    db: &mut SqliteConnection,
    entry: &Entry,
) -> Result<Vec<Candidate>, JournalError> {
    if entry.subscriber.is_empty() {
        return Ok(Vec::new());
    }
    let mut found: Vec<Candidate> = Vec::new();
    let named = sqlx::query(
        "SELECT ledger.id, ledger.ear, outcome, why, status, told_by, identifier, heard.at, \
         ledger.ear AS heard_ear, '' AS heard_caller \
         FROM json_each(?) AS mine \
         CROSS JOIN heard_identifier AS heard ON heard.subscriber = ? AND heard.identifier = mine.value \
         CROSS JOIN ledger ON ledger.id = heard.record LIMIT ?",
    )
    .bind(&entry.identifiers)
    .bind(&entry.subscriber)
    .bind(MOST)
    .fetch_all(&mut *db)
    .await?;
    keep(&mut found, entry, &named)?;
    if entry.caller.is_empty() {
        return Ok(found);
    }
    let others = [Ear::Call, Ear::Info, Ear::Http, Ear::Cdr, Ear::Agent]
        .into_iter()
        .filter(|ear| *ear != entry.record.ear)
        .map(Ear::as_str);
    let mut near = sqlx::query(
        "SELECT ledger.id, ledger.ear, outcome, why, status, told_by, '' AS identifier, heard.at, \
         heard.ear AS heard_ear, heard.caller AS heard_caller \
         FROM heard_party AS heard JOIN ledger ON ledger.id = heard.record \
         WHERE heard.subscriber = ? AND (heard.at BETWEEN ? AND ? OR heard.at BETWEEN ? AND ?) \
         AND heard.ear IN (?, ?, ?, ?) LIMIT ?",
    )
    .bind(&entry.subscriber);
    for moment in entry.moments() {
        near = near.bind(moment.minus(NEAR).as_millis()).bind(moment.plus(NEAR).as_millis());
    }
    for ear in others {
        near = near.bind(ear);
    }
    let near = near.bind(MOST).fetch_all(&mut *db).await?;
    keep(&mut found, entry, &near)?;
    Ok(found)
}

/// Keeps those rows that the rule takes for the same call, each record once.
fn keep(found: &mut Vec<Candidate>, entry: &Entry, rows: &[SqliteRow]) -> Result<(), JournalError> {
    for row in rows {
        let id: String = row.try_get("id")?;
        if found.iter().any(|known| known.id == id) {
            continue;
        }
        let identifier: String = row.try_get("identifier")?;
        let ear: String = row.try_get("heard_ear")?;
        let theirs = Hearing {
            subscriber: entry.subscriber.clone(),
            identifiers: vec![identifier.clone()],
            caller: row.try_get("heard_caller")?,
            ear: stored::ear(&ear)?,
            at: Timestamp::from_millis(row.try_get("at")?),
        };
        let same = entry.moments().into_iter().any(|at| {
            let ours = Hearing {
                subscriber: entry.subscriber.clone(),
                identifiers: entry.record.identifiers.clone(),
                caller: entry.caller.clone(),
                ear: entry.record.ear,
                at,
            };
            same_call(&ours, &theirs)
        });
        if same {
            let ear: String = row.try_get("ear")?;
            found.push(Candidate {
                id,
                ear: stored::ear(&ear)?,
                outcome: outcome_of(row)?,
                told_by: row.try_get("told_by")?,
                named: !identifier.is_empty(),
            });
        }
    }
    Ok(())
}

/// Remembers by what this record may be recognised; `stands_for` is the record
/// that tells of the call, so that a thousand repeats are one row.
pub(super) async fn remember(
    db: &mut SqliteConnection,
    entry: &Entry,
    stands_for: &str,
) -> Result<(), JournalError> {
    if entry.subscriber.is_empty() {
        return Ok(());
    }
    let [ended, received] = entry.moments().map(Timestamp::as_millis);
    sqlx::query(
        "INSERT OR IGNORE INTO heard_identifier (subscriber, identifier, at, record) \
         SELECT ?, value, ?, ? FROM json_each(?)",
    )
    .bind(&entry.subscriber)
    .bind(ended)
    .bind(stands_for)
    .bind(&entry.identifiers)
    .execute(&mut *db)
    .await?;
    if entry.caller.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT OR IGNORE INTO heard_party (subscriber, caller, ear, at, record) \
         VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?)",
    )
    .bind(&entry.subscriber)
    .bind(&entry.caller)
    .bind(entry.record.ear.as_str())
    .bind(ended)
    .bind(stands_for)
    .bind(&entry.subscriber)
    .bind(&entry.caller)
    .bind(entry.record.ear.as_str())
    .bind(received)
    .bind(stands_for)
    .execute(&mut *db)
    .await?;
    Ok(())
}

/// Forgets what was heard too long ago, at most `most` rows of each kind.
pub(super) async fn forget(
    db: &mut SqliteConnection,
    now: Timestamp,
    most: i64,
) -> Result<u64, JournalError> {
    let before = now.minus(REMEMBERED).as_millis();
    let identifiers = sqlx::query(
        "DELETE FROM heard_identifier WHERE (subscriber, identifier, record) IN \
         (SELECT subscriber, identifier, record FROM heard_identifier WHERE at < ? LIMIT ?)",
    )
    .bind(before)
    .bind(most)
    .execute(&mut *db)
    .await?;
    let parties = sqlx::query(
        "DELETE FROM heard_party WHERE (subscriber, ear, at, record) IN \
         (SELECT subscriber, ear, at, record FROM heard_party WHERE at < ? LIMIT ?)",
    )
    .bind(before)
    .bind(most)
    .execute(&mut *db)
    .await?;
    Ok(identifiers.rows_affected() + parties.rows_affected())
}
