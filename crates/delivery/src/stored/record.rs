//! A call record and an open call as JSON. The outcome is not in it: it stands
//! in columns of its own, since the rule of the same call may change it.

use std::time::Duration;

use ringpost_model::{
    CallRecord, E164, Notify, Outcome, Party, Recording, Stage, Subscriber, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::words;
use crate::journal::{JournalError, OpenCall};

#[derive(Serialize, Deserialize)]
pub(crate) struct StoredRecord {
    id: String,
    call_id: String,
    identifiers: Vec<String>,
    called: StoredParty,
    #[serde(default)]
    subscriber: Option<StoredSubscriber>,
    caller: StoredParty,
    ear: String,
    stage: u8,
    received: i64,
    #[serde(default)]
    answered: Option<i64>,
    ended: i64,
    #[serde(default)]
    recording: Option<StoredRecording>,
}

#[derive(Serialize, Deserialize)]
struct StoredRecording {
    file: String,
    millis: u64,
}

#[derive(Serialize, Deserialize)]
struct StoredParty {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(default)]
    withheld: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredSubscriber {
    user: String,
    name: String,
    mail: Vec<String>,
    #[serde(default)]
    number: Option<String>,
    #[serde(default)]
    extension: Option<String>,
    time_zone: String,
    language: String,
    notify: String,
    missed_calls: bool,
    #[serde(default)]
    answer_after_millis: Option<u64>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct StoredOpenCall {
    id: String,
    call_id: String,
    identifiers: Vec<String>,
    called: StoredParty,
    subscriber: StoredSubscriber,
    caller: StoredParty,
    received: i64,
    answered: i64,
}

fn unreadable(reason: impl ToString) -> JournalError {
    JournalError::Unreadable { reason: reason.to_string() }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn stage(number: u8) -> Result<Stage, JournalError> {
    [Stage::Ringing, Stage::Forwarded, Stage::Greeting, Stage::Recording]
        .into_iter()
        .find(|stage| stage.number() == number)
        .ok_or_else(|| unreadable(format!("{number} is no stage of a call")))
}

impl From<&CallRecord> for StoredRecord {
    fn from(record: &CallRecord) -> Self {
        Self {
            id: record.id.clone(),
            call_id: record.call_id.clone(),
            identifiers: record.identifiers.clone(),
            called: (&record.called).into(),
            subscriber: record.subscriber.as_ref().map(Into::into),
            caller: (&record.caller).into(),
            ear: record.ear.as_str().to_owned(),
            stage: record.stage.number(),
            received: record.received.as_millis(),
            answered: record.answered.map(Timestamp::as_millis),
            ended: record.ended.as_millis(),
            recording: record.recording.as_ref().map(|recording| StoredRecording {
                file: recording.file.clone(),
                millis: millis(recording.duration),
            }),
        }
    }
}

impl StoredRecord {
    /// The record with the outcome that stands beside it.
    pub(crate) fn into_record(self, outcome: Outcome) -> Result<CallRecord, JournalError> {
        Ok(CallRecord {
            id: self.id,
            call_id: self.call_id,
            identifiers: self.identifiers,
            called: self.called.into(),
            subscriber: self.subscriber.map(TryInto::try_into).transpose()?,
            caller: self.caller.into(),
            ear: words::ear(&self.ear)?,
            stage: stage(self.stage)?,
            received: Timestamp::from_millis(self.received),
            answered: self.answered.map(Timestamp::from_millis),
            ended: Timestamp::from_millis(self.ended),
            outcome,
            recording: self.recording.map(|recording| Recording {
                file: recording.file,
                duration: Duration::from_millis(recording.millis),
            }),
        })
    }
}

impl From<&Party> for StoredParty {
    fn from(party: &Party) -> Self {
        Self {
            display_name: party.display_name.clone(),
            uri: party.uri.clone(),
            user: party.user.clone(),
            host: party.host.clone(),
            withheld: party.withheld,
        }
    }
}

impl From<StoredParty> for Party {
    fn from(party: StoredParty) -> Self {
        Self {
            display_name: party.display_name,
            uri: party.uri,
            user: party.user,
            host: party.host,
            withheld: party.withheld,
        }
    }
}

impl From<&Subscriber> for StoredSubscriber {
    fn from(subscriber: &Subscriber) -> Self {
        Self {
            user: subscriber.user.clone(),
            name: subscriber.name.clone(),
            mail: subscriber.mail.clone(),
            number: subscriber.number.as_ref().map(|number| number.as_str().to_owned()),
            extension: subscriber.extension.clone(),
            time_zone: subscriber.time_zone.clone(),
            language: subscriber.language.clone(),
            notify: subscriber.notify.as_str().to_owned(),
            missed_calls: subscriber.missed_calls,
            answer_after_millis: subscriber.answer_after.map(millis),
        }
    }
}

impl TryFrom<StoredSubscriber> for Subscriber {
    type Error = JournalError;

    fn try_from(stored: StoredSubscriber) -> Result<Self, JournalError> {
        Ok(Self {
            user: stored.user,
            name: stored.name,
            mail: stored.mail,
            number: stored.number.as_deref().map(E164::parse).transpose().map_err(unreadable)?,
            extension: stored.extension,
            time_zone: stored.time_zone,
            language: stored.language,
            notify: stored.notify.parse::<Notify>().map_err(unreadable)?,
            missed_calls: stored.missed_calls,
            answer_after: stored.answer_after_millis.map(Duration::from_millis),
        })
    }
}

impl From<&OpenCall> for StoredOpenCall {
    fn from(call: &OpenCall) -> Self {
        Self {
            id: call.id.clone(),
            call_id: call.call_id.clone(),
            identifiers: call.identifiers.clone(),
            called: (&call.called).into(),
            subscriber: (&call.subscriber).into(),
            caller: (&call.caller).into(),
            received: call.received.as_millis(),
            answered: call.answered.as_millis(),
        }
    }
}

impl TryFrom<StoredOpenCall> for OpenCall {
    type Error = JournalError;

    fn try_from(stored: StoredOpenCall) -> Result<Self, JournalError> {
        Ok(Self {
            id: stored.id,
            call_id: stored.call_id,
            identifiers: stored.identifiers,
            called: stored.called.into(),
            subscriber: stored.subscriber.try_into()?,
            caller: stored.caller.into(),
            received: Timestamp::from_millis(stored.received),
            answered: Timestamp::from_millis(stored.answered),
        })
    }
}

#[cfg(test)]
mod tests {
    use ringpost_model::{Ear, Why};

    use super::*;
    use crate::stored::{read, write};

    fn full() -> CallRecord {
        CallRecord {
            id: "0192".into(),
            call_id: "a84b4c76e66710@pc33.example.com".into(),
            identifiers: vec!["a84b4c76e66710@pc33.example.com".into(), "ab30".into()],
            called: Party::from_user("alice"),
            subscriber: Some(Subscriber {
                user: "alice".into(),
                name: "Alice \"Ä\" Example".into(),
                mail: vec!["alice@example.com".into(), "team@example.com".into()],
                number: E164::parse("+14255550101").ok(),
                extension: Some("1001".into()),
                time_zone: "America/Los_Angeles".into(),
                language: "en".into(),
                notify: Notify::Pbx,
                missed_calls: false,
                answer_after: Some(Duration::from_millis(2500)),
            }),
            caller: Party {
                display_name: Some("Bob".into()),
                uri: Some("sip:bob@example.com".into()),
                user: Some("bob".into()),
                host: Some("example.com".into()),
                withheld: true,
            },
            ear: Ear::Cdr,
            stage: Stage::Recording,
            received: Timestamp::from_millis(1_700_000_000_123),
            answered: Some(Timestamp::from_millis(1_700_000_001_000)),
            ended: Timestamp::from_millis(1_700_000_009_999),
            outcome: Outcome::VoiceMail(Why::MessageLeft),
            recording: Some(Recording {
                file: "0192.wav".into(),
                duration: Duration::from_millis(8900),
            }),
        }
    }

    #[test]
    fn a_record_comes_back_as_it_went_in() {
        let record = full();
        let text = write(&StoredRecord::from(&record)).unwrap();
        let back: StoredRecord = read(&text).unwrap();
        assert_eq!(back.into_record(record.outcome), Ok(record));
    }

    #[test]
    fn a_row_of_the_first_version_stays_readable() {
        let text = r#"{"v":1,"id":"7","call_id":"c","identifiers":[],"called":{"user":"alice"},
            "caller":{},"ear":"info","stage":1,"received":5,"ended":6}"#;
        let record =
            read::<StoredRecord>(text).unwrap().into_record(Outcome::Silent(Why::NotOurs)).unwrap();
        assert_eq!((record.id.as_str(), record.ear, record.subscriber), ("7", Ear::Info, None));
    }

    #[test]
    fn a_row_of_a_newer_ringpost_is_not_guessed_at() {
        let text = write(&StoredRecord::from(&full())).unwrap().replace("\"v\":1", "\"v\":2");
        assert_eq!(read::<StoredRecord>(&text).err(), Some(JournalError::Newer));
    }
}
