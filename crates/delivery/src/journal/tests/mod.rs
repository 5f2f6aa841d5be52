//! The journal's promises, on real files.

mod any_order;
mod batch;
mod cost;
mod crash;
mod desk;
mod filing;
mod health;
mod held;
mod ledger;
mod mails;
mod throughput;
mod waiting;

use std::path::Path;
use std::time::Duration;

use ringpost_model::{
    CallRecord, E164, Ear, Notify, Outcome, Party, Recording, Stage, Subscriber, Timestamp, Why,
};
use tempfile::TempDir;

use super::*;

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const MISSED: Outcome = Outcome::MissedCall(Why::Reported);
const GREETING: Outcome = Outcome::MissedCall(Why::HungUpInGreeting);
const MESSAGE: Outcome = Outcome::VoiceMail(Why::MessageLeft);

/// So many seconds after the start of the test's time.
fn at(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

async fn journal() -> (Journal, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (open(dir.path()).await, dir)
}

async fn open(dir: &Path) -> Journal {
    let postmaster = "postmaster@example.com".to_owned();
    Journal::open(JournalSettings { postmaster, ..JournalSettings::new(dir) }).await.unwrap()
}

fn alice() -> Subscriber {
    Subscriber {
        user: "Alice".into(),
        name: "Alice Example".into(),
        mail: vec!["alice@example.com".into()],
        number: E164::parse("+14255550101").ok(),
        extension: Some("1001".into()),
        time_zone: "America/Los_Angeles".into(),
        language: "en".into(),
        notify: Notify::Server,
        missed_calls: true,
        answer_after: None,
    }
}

/// A record of alice: `id`, heard by `ear`, named `identifier`, at a second.
/// Each has a caller of its own unless one is set.
fn record(id: &str, ear: Ear, outcome: Outcome, identifier: &str, second: u64) -> CallRecord {
    let recording = matches!(outcome, Outcome::VoiceMail(_))
        .then(|| Recording { file: format!("{id}.wav"), duration: Duration::from_millis(8900) });
    CallRecord {
        id: id.into(),
        call_id: identifier.into(),
        identifiers: vec![identifier.into()],
        called: Party::from_user("alice"),
        subscriber: Some(alice()),
        caller: Party { withheld: true, ..Party::default() },
        ear,
        stage: Stage::Greeting,
        received: at(second),
        answered: None,
        ended: at(second),
        outcome,
        recording,
    }
}

trait Changed: Sized {
    fn from(self, caller: &str) -> Self;
    fn to(self, user: &str, mail: &[&str]) -> Self;
}

impl Changed for CallRecord {
    fn from(mut self, caller: &str) -> Self {
        self.caller = Party::from_user(caller);
        self
    }

    fn to(mut self, user: &str, mail: &[&str]) -> Self {
        let mail = mail.iter().map(ToString::to_string).collect();
        self.subscriber = Some(Subscriber { user: user.into(), mail, ..alice() });
        self
    }
}

fn open_call(id: &str) -> OpenCall {
    let record = record(id, Ear::Call, GREETING, "c@example.com", 0);
    OpenCall {
        id: record.id,
        call_id: record.call_id,
        identifiers: record.identifiers,
        called: record.called,
        subscriber: alice(),
        caller: Party::from_user("+14255550142"),
        received: at(0),
        answered: at(1),
    }
}

/// What is claimed now, as (record, recipient).
async fn claimed(journal: &Journal, now: Timestamp) -> Vec<(String, String)> {
    let claims = journal.claim(now, 1000).await.unwrap();
    claims.into_iter().map(|claim| (claim.record.id, claim.recipient)).collect()
}

fn told(mails: usize) -> Filed {
    Filed::Told { mails }
}

fn same_call(told_by: &str) -> Filed {
    Filed::SameCall { told_by: told_by.into() }
}

async fn outcome(journal: &Journal, id: &str) -> Outcome {
    journal.show(id).await.unwrap().unwrap().record.outcome
}

fn try_again(reason: &str) -> Verdict {
    Verdict::TryAgain { reason: reason.into() }
}

fn refused(reason: &str) -> Verdict {
    Verdict::Refused { reason: reason.into() }
}

fn delivered() -> Verdict {
    Verdict::Delivered { reply: "250 2.0.0 queued".into() }
}
