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
pub(super) const NEAR: Duration = Duration::from_secs(10);

/// What is known of a record before it is filed.
pub(super) enum Known {
    /// It was filed already.
    TheSame,
    /// Earlier records of the same call.
    Others(Vec<Candidate>),
}

/// The record itself; what shares an identifier; what other ears heard of the
/// same subscriber at about the same time. More than 500 hearings of one
/// subscriber at one time are no coincidence of ears but a flood. (SQLite would
/// prepare the statement anew for each number that is bound as a LIMIT.)
const KNOWN: &str = "\
    SELECT id, ear, outcome, why, status, told_by, \
        '' AS identifier, 0 AS at, ear AS heard_ear, '' AS heard_caller \
        FROM ledger WHERE id = ? \
    UNION ALL SELECT * FROM (SELECT ledger.id, ledger.ear, outcome, why, status, told_by, \
        identifier, heard.at, ledger.ear, ledger.caller \
        FROM json_each(?) AS mine \
        CROSS JOIN heard_identifier AS heard \
            ON heard.subscriber = ? AND heard.identifier = mine.value \
        CROSS JOIN ledger ON ledger.id = heard.record LIMIT 500) \
    UNION ALL SELECT * FROM (SELECT ledger.id, ledger.ear, outcome, why, status, told_by, \
        '', heard.at, heard.ear, heard.caller \
        FROM heard_party AS heard CROSS JOIN ledger ON ledger.id = heard.record \
        WHERE heard.subscriber = ? AND heard.ear IN (?, ?, ?, ?) \
        AND heard.at BETWEEN ? AND ? \
        AND (heard.at BETWEEN ? AND ? OR heard.at BETWEEN ? AND ?) LIMIT 500)";

/// Looks for the record itself and for the call that it is of.
pub(super) async fn known(db: &mut SqliteConnection, entry: &Entry) -> Result<Known, JournalError> {
    let mut query = sqlx::query(KNOWN)
        .bind(&entry.record.id)
        .bind(entry.identifiers()?)
        .bind(&entry.subscriber)
        // Without a caller no two hearings are of the same parties.
        .bind(entry.has_parties().then_some(&entry.subscriber));
    for ear in [Ear::Call, Ear::Info, Ear::Http, Ear::Cdr, Ear::Agent] {
        if ear != entry.record.ear {
            query = query.bind(ear.as_str());
        }
    }
    let [ended, received] = entry.moments();
    // The first range is for the index: both moments and all between them.
    query = query
        .bind(received.min(ended).minus(NEAR).as_millis())
        .bind(received.max(ended).plus(NEAR).as_millis());
    for moment in [ended, received] {
        query = query.bind(moment.minus(NEAR).as_millis()).bind(moment.plus(NEAR).as_millis());
    }
    let rows = query.fetch_all(db).await?;
    let mut found: Vec<Candidate> = Vec::new();
    for row in &rows {
        let id: String = row.try_get("id")?;
        if id == entry.record.id {
            return Ok(Known::TheSame);
        }
        if !found.iter().any(|known| known.id == id)
            && let Some(candidate) = candidate(entry, id, row)?
        {
            found.push(candidate);
        }
    }
    Ok(Known::Others(found))
}

/// The earlier record, if the rule takes its row for the same call.
fn candidate(
    entry: &Entry,
    id: String,
    row: &SqliteRow,
) -> Result<Option<Candidate>, JournalError> {
    let identifier: String = row.try_get("identifier")?;
    let heard_ear: String = row.try_get("heard_ear")?;
    let theirs = Hearing {
        subscriber: entry.subscriber.clone(),
        identifiers: vec![identifier.clone()],
        caller: row.try_get("heard_caller")?,
        ear: stored::ear(&heard_ear)?,
        at: Timestamp::from_millis(row.try_get("at")?),
    };
    let is_same = entry.moments().into_iter().any(|at| {
        let ours = Hearing {
            subscriber: entry.subscriber.clone(),
            identifiers: entry.record.identifiers.clone(),
            caller: entry.caller.clone(),
            ear: entry.record.ear,
            at,
        };
        same_call(&ours, &theirs)
    });
    if !is_same {
        return Ok(None);
    }
    let ear: String = row.try_get("ear")?;
    Ok(Some(Candidate {
        id,
        ear: stored::ear(&ear)?,
        outcome: outcome_of(row)?,
        told_by: row.try_get("told_by")?,
        named: !identifier.is_empty(),
    }))
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
