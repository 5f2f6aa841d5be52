//! A record made ready for its rows: everything that needs no database is done
//! before the writer has it.

use ringpost_call::REMEMBERED;
use ringpost_model::{CallRecord, Outcome, Party, Timestamp, Why};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::JournalError;
use super::same_call::Heard;
use crate::stored::{self, StoredRecord};

/// A record, its JSON, and the keys by which it is looked for.
pub(super) struct Entry {
    pub(super) record: CallRecord,
    pub(super) body: String,
    /// In lower case; empty when nobody we know was called.
    pub(super) subscriber: String,
    pub(super) caller: String,
    pub(super) called: String,
    pub(super) recipients: Vec<String>,
}

impl Entry {
    pub(super) fn new(record: CallRecord) -> Result<Self, JournalError> {
        let body = stored::write(&StoredRecord::from(&record))?;
        Ok(Self::with_body(record, body))
    }

    /// From a row with `body`, `outcome`, `why` and `status`.
    pub(super) fn from_row(row: &SqliteRow) -> Result<Self, JournalError> {
        let body: String = row.try_get("body")?;
        let record = record_of(row)?;
        Ok(Self::with_body(record, body))
    }

    fn with_body(record: CallRecord, body: String) -> Self {
        let subscriber =
            record.subscriber.as_ref().map_or_else(String::new, |s| s.user.to_lowercase());
        Self {
            body,
            subscriber,
            caller: record.caller.raw().to_owned(),
            called: named(&record.called),
            recipients: recipients(&record),
            record,
        }
    }

    /// By which it may be recognised; none when nobody we know was called: that
    /// is nobody's to be told of.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.record.identifiers.iter().map(String::as_str);
        names.filter(|name| !self.subscriber.is_empty() && !name.trim().is_empty())
    }

    /// The names as a JSON array, for `json_each`.
    pub(super) fn identifiers(&self) -> Result<String, JournalError> {
        let names: Vec<&str> = self.names().collect();
        serde_json::to_string(&names)
            .map_err(|error| JournalError::Unreadable { reason: error.to_string() })
    }

    /// Whether its parties say anything: somebody we know was called, and the
    /// caller is not withheld.
    pub(super) fn has_parties(&self) -> bool {
        !self.subscriber.is_empty() && !self.caller.is_empty()
    }

    pub(super) fn is_told(&self) -> bool {
        self.record.outcome.is_told()
    }

    pub(super) fn heard(&self) -> Heard {
        Heard { ear: self.record.ear, outcome: self.record.outcome }
    }

    /// When the call was heard of: at its end, and when it came. Two ears agree
    /// on one of the two moments. A report whose clock is out by more than a day
    /// says nothing about when.
    pub(super) fn moments(&self) -> [Timestamp; 2] {
        let (ended, received) = (self.record.ended, self.record.received);
        let apart = ended.since(received).max(received.since(ended));
        [ended, if apart > REMEMBERED { ended } else { received }]
    }

    /// The moments as a JSON array, for `json_each`; empty when the parties say
    /// nothing.
    pub(super) fn moments_heard(&self) -> String {
        if !self.has_parties() {
            return "[]".into();
        }
        let [ended, received] = self.moments().map(Timestamp::as_millis);
        format!("[{ended},{received}]")
    }
}

/// The record of a row with `body`, `outcome`, `why` and `status`.
pub(super) fn record_of(row: &SqliteRow) -> Result<CallRecord, JournalError> {
    let body: String = row.try_get("body")?;
    stored::read::<StoredRecord>(&body)?.into_record(outcome_of(row)?)
}

/// The outcome of a row with `outcome`, `why` and `status`.
pub(super) fn outcome_of(row: &SqliteRow) -> Result<Outcome, JournalError> {
    let (outcome, why): (String, String) = (row.try_get("outcome")?, row.try_get("why")?);
    stored::outcome(&outcome, &why, row.try_get("status")?)
}

/// The SIP status that goes with a reason.
pub(super) fn status(why: Why) -> Option<i64> {
    match why {
        Why::Refused(status) => Some(i64::from(status)),
        _ => None,
    }
}

fn named(party: &Party) -> String {
    party.user.as_deref().or(party.uri.as_deref()).unwrap_or("").to_owned()
}

/// The subscriber's addresses, each once, however often and in whatever case
/// they are listed.
fn recipients(record: &CallRecord) -> Vec<String> {
    let mut unique: Vec<String> = Vec::new();
    for address in record.subscriber.iter().flat_map(|subscriber| &subscriber.mail) {
        let address = address.trim();
        if !address.is_empty() && !unique.iter().any(|known| known.eq_ignore_ascii_case(address)) {
            unique.push(address.to_owned());
        }
    }
    unique
}
