//! From what happened to the e-mail that tells it.
//!
//! [`compose`] makes the missed call notification or the voice mail of one
//! ended call for one recipient, [`compose_return`] the report to the postmaster
//! of a message that nobody took. Both are functions of their arguments alone:
//! the same input makes the same bytes, so that a second attempt sends the very
//! same message under the same Message-ID.
//!
//! The way through: `caller` decides what to call the caller, `facts` lists
//! what there is to say, `text` and `html` lay it out, `words` holds every
//! word of it, `telling` and `returning` put the message together.

mod address;
mod attachment;
mod caller;
mod clean;
mod facts;
mod html;
mod identifiers;
mod known;
mod number;
mod returning;
mod telling;
mod text;
mod when;
mod words;

pub use known::{knows_language, knows_time_zone, rfc3339};
use ringpost_model::{CallRecord, CallerIdentity, Mail, Subscriber, Timestamp};

/// What stands at the head of every mail of this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letterhead {
    /// The service address (addr-spec): `From:` and envelope sender.
    pub from: String,
    /// Who gets returned messages (addr-spec).
    pub postmaster: String,
    /// Where set, a caller with a number writes as `number@caller_domain`.
    pub caller_domain: Option<String>,
    /// Right part of every Message-ID: a domain name of this server.
    pub message_id_domain: String,
}

/// The recording, as it goes into the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its media type, `audio/wav`.
    pub content_type: &'static str,
    /// Its file name extension without the dot, `wav`.
    pub extension: &'static str,
}

/// One call to be told to one recipient.
#[derive(Debug)]
pub struct Telling<'a> {
    /// What happened.
    pub record: &'a CallRecord,
    /// Whom it happened to.
    pub subscriber: &'a Subscriber,
    /// Who rang.
    pub identity: &'a CallerIdentity,
    /// Which mailbox (addr-spec) is told.
    pub recipient: &'a str,
    /// The recording of a voice mail; `None` when its file cannot be read, which
    /// the mail then says.
    pub sound: Option<Sound>,
}

/// One message that a recipient's mail system refused, or that ran out of time.
#[derive(Debug)]
pub struct Returning<'a> {
    /// The call it told of.
    pub record: &'a CallRecord,
    /// Who did not take it (addr-spec).
    pub recipient: &'a str,
    /// What was said to the last attempt.
    pub reason: &'a str,
    /// How many attempts were made.
    pub attempts: u32,
    /// When it was given up.
    pub at: Timestamp,
    /// The message as it was sent.
    pub original: &'a [u8],
}

/// Why no mail could be made. The texts hold no address: they go into the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// The service address is no addr-spec of RFC 5322.
    #[error("[mail] from is no mail address; write it as voicemail@example.com")]
    From,
    /// The postmaster is no addr-spec of RFC 5322.
    #[error("[mail] postmaster is no mail address; write it as postmaster@example.com")]
    Postmaster,
    /// The recipient is no addr-spec of RFC 5322.
    #[error("the recipient is no mail address; correct `mail` of the subscriber")]
    Recipient,
    /// The outcome of the call is [`Silent`](ringpost_model::Outcome::Silent).
    #[error("this call ended silently: nobody is told of it by mail")]
    Silent,
}

/// Makes the mail that tells `telling.recipient` of the call: a voice mail or a
/// missed call notification, as the record's outcome says.
///
/// # Errors
/// An address that RFC 5322 §3.4.1 does not allow, or a call of which nobody is
/// to be told.
pub fn compose(letterhead: &Letterhead, telling: Telling<'_>) -> Result<Mail, ComposeError> {
    telling::compose(letterhead, telling)
}

/// Makes the report of a message that was not taken, to the postmaster, with a
/// null envelope sender (RFC 5321 §4.5.5) so that it is never returned itself.
///
/// # Errors
/// A service address or postmaster that RFC 5322 §3.4.1 does not allow.
pub fn compose_return(
    letterhead: &Letterhead,
    returning: Returning<'_>,
) -> Result<Mail, ComposeError> {
    returning::compose(letterhead, &returning)
}

/// The Message-ID of the mails that tell of this call, without angle brackets.
/// It is the same for each recipient and for each attempt (RFC 1047).
pub fn message_id(letterhead: &Letterhead, record: &CallRecord) -> String {
    identifiers::message_id(letterhead, record)
}
