//! Records of which nothing is known yet, filed together: a statement for all
//! of them instead of several for each. What is known in some way is filed by
//! itself (`filing`), since what is known decides what becomes of it.

use std::collections::HashMap;

use ringpost_model::Outcome;
use serde::Serialize;
use sqlx::{Row, SqliteConnection};

use super::calls::Filing;
use super::desk::Offer;
use super::entry::{Entry, status};
use super::filing::HOUR_MILLIS;
use super::hearsay::NEAR;
use super::job::Asked;
use super::{Filed, JournalError};

/// How many of the records, from the first on, are fresh, and the newest mail.
pub(super) struct Fresh {
    pub(super) count: usize,
    newest_mail: i64,
}

/// Where the first record stands of which something may be known: its own row,
/// a report held for it, an identifier, another ear that heard of its subscriber
/// at about the time, or nearly as many notifications as one subscriber gets.
const FIRST_KNOWN: &str = "\
    WITH named AS MATERIALIZED (SELECT value->>0 AS n, value->>1 AS subscriber, \
            value->>2 AS identifier FROM json_each(?)), \
        heard AS MATERIALIZED (SELECT value->>0 AS n, value->>1 AS subscriber, value->>2 AS ear, \
            value->>3 AS since, value->>4 AS until FROM json_each(?)), \
        told AS MATERIALIZED (SELECT value->>0 AS n, value->>1 AS subscriber, \
            value->>2 AS since, value->>3 AS until, value->>4 AS most FROM json_each(?)), \
        ears (ear) AS (VALUES ('call'), ('info'), ('http'), ('cdr'), ('agent')) \
    SELECT min(n) AS first, (SELECT max(id) FROM outbox) AS newest FROM ( \
        SELECT ids.key AS n FROM json_each(?) AS ids WHERE \
            EXISTS (SELECT 1 FROM ledger WHERE ledger.id = ids.value) \
            OR EXISTS (SELECT 1 FROM held WHERE held.live = ids.value) \
        UNION ALL SELECT n FROM named WHERE EXISTS (SELECT 1 FROM heard_identifier AS known \
            WHERE known.subscriber = named.subscriber AND known.identifier = named.identifier) \
        UNION ALL SELECT n FROM heard CROSS JOIN ears WHERE ears.ear <> heard.ear \
            AND EXISTS (SELECT 1 FROM heard_party AS known \
                WHERE known.subscriber = heard.subscriber AND known.ear = ears.ear \
                AND known.at BETWEEN heard.since AND heard.until) \
        UNION ALL SELECT n FROM told WHERE most <= (SELECT count(*) FROM ledger \
            WHERE ledger.subscriber = told.subscriber AND outcome = 'missed-call' \
            AND ended > told.since AND ended <= told.until))";

/// Looks for the first of these records of which something is known.
pub(super) async fn count(
    db: &mut SqliteConnection,
    filings: &[&mut Asked<Filing>],
) -> Result<Fresh, JournalError> {
    let entries = || filings.iter().map(|filing| &filing.task.entry).enumerate();
    let named: Vec<_> = entries()
        .flat_map(|(n, entry)| entry.names().map(move |name| (n, &entry.subscriber, name)))
        .collect();
    let heard: Vec<_> = entries()
        .filter(|(_, entry)| entry.has_parties())
        .map(|(n, entry)| {
            let [ended, received] = entry.moments();
            let (since, until) = (received.min(ended).minus(NEAR), received.max(ended).plus(NEAR));
            let ear = entry.record.ear.as_str();
            (n, &entry.subscriber, ear, since.as_millis(), until.as_millis())
        })
        .collect();
    let told = notifications(filings);
    let ids: Vec<_> = entries().map(|(_, entry)| &entry.record.id).collect();
    let row = sqlx::query(FIRST_KNOWN)
        .bind(json(&named)?)
        .bind(json(&heard)?)
        .bind(json(&told)?)
        .bind(json(&ids)?)
        .fetch_one(db)
        .await?;
    // The postmaster's mail is not like the others.
    let nobodys = entries().find(|(_, entry)| entry.is_told() && entry.recipients.is_empty());
    let known: Option<i64> = row.try_get("first")?;
    let known = known.and_then(|first| usize::try_from(first).ok());
    let first = known.into_iter().chain(nobodys.map(|(n, _)| n)).min();
    Ok(Fresh {
        count: first.unwrap_or(filings.len()),
        newest_mail: row.try_get::<Option<i64>, _>("newest")?.unwrap_or(0),
    })
}

/// For each notification how many of its subscriber the hour before may have at
/// most, so that it is below the limit whatever becomes of those before it here.
fn notifications<'a>(filings: &'a [&mut Asked<Filing>]) -> Vec<(usize, &'a str, i64, i64, i64)> {
    let mut before: HashMap<&str, i64> = HashMap::new();
    let mut told = Vec::new();
    for (n, filing) in filings.iter().enumerate() {
        let Filing { entry, limits, .. } = &filing.task;
        let most = i64::from(limits.notifications_per_hour);
        if most == 0 || !matches!(entry.record.outcome, Outcome::MissedCall(_)) {
            continue;
        }
        let before = before.entry(&entry.subscriber).or_default();
        let ended = entry.record.ended.as_millis();
        let since = ended.saturating_sub(HOUR_MILLIS);
        told.push((n, entry.subscriber.as_str(), since, ended, most.saturating_sub(*before)));
        *before = before.saturating_add(1);
    }
    told
}

/// All rows of all records: statements that go to the database at once, each
/// with its rows as one JSON array.
const INSERT: &str = "\
    INSERT INTO ledger (id, subscriber, caller, called, ear, stage, outcome, why, status, \
        received, ended, recording, duration, body) \
        SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, \
        value->>7, value->>8, value->>9, value->>10, value->>11, value->>12, value->>13 \
        FROM jsonb_each(?); \
    INSERT OR IGNORE INTO heard_identifier (subscriber, identifier, at, record) \
        SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?); \
    INSERT OR IGNORE INTO heard_party (subscriber, caller, ear, at, record) \
        SELECT value->>0, value->>1, value->>2, value->>3, value->>4 FROM json_each(?); \
    INSERT INTO outbox (id, record, kind, recipient, state, created, next_at, leased_until) \
        SELECT value->>0, value->>1, 'telling', value->>2, 'queued', value->>3, value->>3, \
        value->>4 FROM json_each(?); \
    DELETE FROM open_call WHERE id IN (SELECT value FROM json_each(?))";

/// Files fresh records. Their mails are leased as far as there is an offer.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    filings: &mut [&mut Asked<Filing>],
    fresh: &Fresh,
    offer: Option<&Offer>,
) -> Result<(), JournalError> {
    let mut mail = fresh.newest_mail;
    for filing in filings.iter_mut() {
        let Asked { task, output, .. } = &mut **filing;
        let (entry, is_told) = (&task.entry, task.entry.is_told());
        let mails = if is_told { entry.recipients.len() } else { 0 };
        let first = mail.saturating_add(1);
        task.is_quiet = !is_told;
        task.leased = match offer {
            Some(offer) if is_told => offer.lease(first, mails, entry.record.ended),
            Some(_) | None => None,
        };
        mail = mail.saturating_add(i64::try_from(mails).unwrap_or(i64::MAX));
        *output = Some(if is_told { Filed::Told { mails } } else { Filed::Silent });
    }
    let tasks = || filings.iter().map(|filing| &filing.task);
    let entries = || tasks().map(|task| &task.entry);
    let ledger: Vec<_> = entries().map(ledger_row).collect();
    let named: Vec<_> = entries().flat_map(named_rows).collect();
    let heard: Vec<_> = entries().flat_map(heard_rows).collect();
    let mails = tasks().filter(|task| task.entry.is_told()).flat_map(mail_rows);
    let mails: Vec<_> = (fresh.newest_mail.saturating_add(1)..)
        .zip(mails)
        .map(|(id, (record, recipient, due, leased))| (id, record, recipient, due, leased))
        .collect();
    let ended: Vec<_> =
        tasks().filter(|task| task.ends).map(|task| &task.entry.record.id).collect();
    sqlx::query(INSERT)
        .bind(json(&ledger)?)
        .bind(json(&named)?)
        .bind(json(&heard)?)
        .bind(json(&mails)?)
        .bind(json(&ended)?)
        .execute(db)
        .await?;
    Ok(())
}

fn ledger_row(entry: &Entry) -> impl Serialize {
    let record = &entry.record;
    let (outcome, recording) = (record.outcome, record.recording.as_ref());
    (
        &record.id,
        &entry.subscriber,
        &entry.caller,
        &entry.called,
        record.ear.as_str(),
        record.stage.number(),
        outcome.as_str(),
        outcome.why().as_str(),
        status(outcome.why()),
        record.received.as_millis(),
        record.ended.as_millis(),
        recording.map(|recording| &recording.file),
        recording.and_then(|recording| i64::try_from(recording.duration.as_millis()).ok()),
        &entry.body,
    )
}

fn named_rows(entry: &Entry) -> impl Iterator<Item = impl Serialize> {
    let record = &entry.record;
    entry.names().map(|name| (&entry.subscriber, name, record.ended.as_millis(), &record.id))
}

fn heard_rows(entry: &Entry) -> impl Iterator<Item = impl Serialize> {
    let moments = entry.has_parties().then(|| entry.moments()).into_iter().flatten();
    let Entry { record, subscriber, caller, .. } = entry;
    moments.map(move |at| (subscriber, caller, record.ear.as_str(), at.as_millis(), &record.id))
}

/// Record, recipient, when it is due, and until when it is leased.
fn mail_rows(task: &Filing) -> impl Iterator<Item = (&str, &str, i64, Option<i64>)> {
    let Entry { record, recipients, .. } = &task.entry;
    let due = record.ended.as_millis();
    let leased = task.leased.as_ref().map(|leased| leased.until.as_millis());
    recipients.iter().map(move |recipient| (record.id.as_str(), recipient.as_str(), due, leased))
}

/// Rows as a JSON array, for `json_each`.
pub(super) fn json(rows: &impl Serialize) -> Result<String, JournalError> {
    serde_json::to_string(rows)
        .map_err(|error| JournalError::Unreadable { reason: error.to_string() })
}
