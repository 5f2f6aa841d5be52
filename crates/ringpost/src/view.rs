//! Values of the journal as JSON, for the admin interface and for
//! `messages --json`: field names are relied on by programs.

use ringpost_composer::rfc3339;
use ringpost_delivery::{LedgerDetail, LedgerRow, MailRow, Seen};
use ringpost_model::{CallerIdentity, Outcome, Timestamp, Why};
use serde_json::{Value, json};

use crate::serve::LiveCall;

/// One live call.
pub fn live_call(call: &LiveCall) -> Value {
    json!({
        "id": call.record.id,
        "call_id": call.record.call_id,
        "subscriber": call.subscriber(),
        "caller": call.record.caller.raw(),
        "state": call.stage.number(),
        "since": rfc3339(call.record.received),
    })
}

/// One row of the ledger.
pub fn ledger_row(row: &LedgerRow) -> Value {
    json!({
        "id": row.id,
        "subscriber": row.subscriber,
        "caller": row.caller,
        "called": row.called,
        "ear": row.ear.as_str(),
        "state": row.stage,
        "outcome": row.outcome.as_str(),
        "reason": row.outcome.why().as_str(),
        "status": status(row.outcome),
        "received": rfc3339(row.received),
        "ended": rfc3339(row.ended),
        "duration_ms": row.duration.map(|duration| duration.as_millis()),
        "told_by": row.told_by,
        "seen": row.seen_at.map(rfc3339),
        "mails": row.mails.iter().map(|state| state.as_str()).collect::<Vec<_>>(),
    })
}

/// What became of voice mails that were heard.
pub fn seen(seen: &Seen) -> Value {
    json!({
        "subscriber": seen.subscriber,
        "changed": seen.changed,
        "new": seen.waiting.new,
        "old": seen.waiting.old,
    })
}

/// One row with everything that is known.
pub fn ledger_detail(detail: &LedgerDetail) -> Value {
    let record = &detail.record;
    json!({
        "id": record.id,
        "call_id": record.call_id,
        "identifiers": record.identifiers,
        "subscriber": record.subscriber.as_ref().map(|subscriber| subscriber.user.clone()),
        "caller": record.caller.raw(),
        "called": record.called.raw(),
        "ear": record.ear.as_str(),
        "state": record.stage.number(),
        "outcome": record.outcome.as_str(),
        "reason": record.outcome.why().as_str(),
        "status": status(record.outcome),
        "received": rfc3339(record.received),
        "answered": record.answered.map(rfc3339),
        "ended": rfc3339(record.ended),
        "recording": record.recording.as_ref().map(|recording| json!({
            "file": recording.file,
            "duration_ms": recording.duration.as_millis(),
        })),
        "told_by": detail.told_by,
        "seen": detail.seen_at.map(rfc3339),
        "identity": detail.identity.as_ref().map(identity),
        "mails": detail.mails.iter().map(mail).collect::<Vec<_>>(),
    })
}

fn mail(mail: &MailRow) -> Value {
    json!({
        "kind": if mail.is_return { "return" } else { "telling" },
        "recipient": mail.recipient,
        "state": mail.state.as_str(),
        "attempts": mail.attempts,
        "next": mail.next_at.map(rfc3339),
        "settled": mail.settled_at.map(rfc3339),
        "said": mail.last_reason,
    })
}

fn identity(identity: &CallerIdentity) -> Value {
    json!({
        "number": identity.number.as_ref().map(|number| number.as_str()),
        "name": identity.name.as_ref().map(|name| name.text.clone()),
        "origin": identity.name.as_ref().map(|name| name.origin.as_str()),
    })
}

fn status(outcome: Outcome) -> Option<u16> {
    match outcome.why() {
        Why::Refused(status) => Some(status),
        _ => None,
    }
}

/// For people: what it was, in two words.
pub fn kind(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::VoiceMail(_) => "voice mail",
        Outcome::MissedCall(_) => "missed call",
        Outcome::Silent(_) => "no mail",
    }
}

/// For people: why it ended so.
pub fn why(outcome: Outcome) -> String {
    match outcome.why() {
        Why::HungUpInGreeting => "hung up in the greeting".into(),
        Why::MessageLeft => "a message was left".into(),
        Why::TooShort => "the recording was too short".into(),
        Why::NothingSaid => "nothing was said".into(),
        Why::Cancelled => "hung up before the answer".into(),
        Why::AnsweredElsewhere => "answered elsewhere".into(),
        Why::Reported => "reported by the phone system".into(),
        Why::NotMissed => "the report was of no missed call".into(),
        Why::NotWanted => "the subscriber wants no notifications".into(),
        Why::NotOurs => "somebody else notifies this subscriber".into(),
        Why::SameCall => "told of already".into(),
        Why::NoAck => "the answer was never acknowledged".into(),
        Why::Interrupted => "cut off when the server stopped".into(),
        Why::MediaFailed => "the sound failed".into(),
        Why::Refused(status) => format!("refused with {status}"),
        Why::TooMany => "too many notifications within an hour".into(),
    }
}

/// A moment as people in operations read it.
pub fn moment(timestamp: Timestamp) -> String {
    rfc3339(timestamp)
}
