//! What is known of a call when it has ended: the value that goes into the
//! journal, and from there to lookup, composer and courier.

use std::time::Duration;

use crate::{Party, Subscriber, Timestamp};

/// Through which ear Ringpost heard of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ear {
    /// The call came to Ringpost itself (INVITE, and its CANCEL or BYE).
    Call,
    /// The front end's SIP INFO.
    Info,
    /// A report by HTTP.
    Http,
    /// A call detail record of the phone system.
    Cdr,
    /// The user's own agent.
    Agent,
}

impl Ear {
    /// The word used in `X-Ringpost-Source` and in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Info => "info",
            Self::Http => "http",
            Self::Cdr => "cdr",
            Self::Agent => "agent",
        }
    }
}

/// The four states of the description, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// 1: the front end rings the user's endpoints.
    Ringing = 1,
    /// 2: forwarded to Ringpost, not answered yet.
    Forwarded = 2,
    /// 3: answered; the greeting plays.
    Greeting = 3,
    /// 4: the caller records a message.
    Recording = 4,
}

impl Stage {
    /// The number of the state in the description, 1 to 4.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// Why a call ended as it did: the reason in its ledger row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// The caller hung up while the greeting played.
    HungUpInGreeting,
    /// A message was left.
    MessageLeft,
    /// The recording was shorter than `limits.minimum_message_seconds`.
    TooShort,
    /// The recording has nothing said in it.
    NothingSaid,
    /// The caller gave up before the answer (CANCEL that Ringpost saw).
    Cancelled,
    /// Another endpoint answered (RFC 3326 `SIP;cause=200` or `Q.850;cause=26`).
    AnsweredElsewhere,
    /// The front end or phone system reported a missed call.
    Reported,
    /// The report's event was not a missed call.
    NotMissed,
    /// The subscriber has `missed_calls = false`.
    NotWanted,
    /// `notify` of the subscriber says that somebody else tells of such calls.
    NotOurs,
    /// Told of already: the same call, heard once more.
    SameCall,
    /// The answer was never acknowledged (RFC 3261 §13.3.1.4).
    NoAck,
    /// Ringpost was killed or cut off during the call and found it at its start.
    Interrupted,
    /// No microphone of ours: sound could not be received or written.
    MediaFailed,
    /// Refused before the answer, with this SIP status.
    Refused(u16),
    /// The subscriber was told of too many missed calls in a short time.
    TooMany,
}

impl Why {
    /// One word for the ledger; `refused` carries its status apart.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HungUpInGreeting => "hung-up-in-greeting",
            Self::MessageLeft => "message-left",
            Self::TooShort => "too-short",
            Self::NothingSaid => "nothing-said",
            Self::Cancelled => "cancelled",
            Self::AnsweredElsewhere => "answered-elsewhere",
            Self::Reported => "reported",
            Self::NotMissed => "not-missed",
            Self::NotWanted => "not-wanted",
            Self::NotOurs => "not-ours",
            Self::SameCall => "same-call",
            Self::NoAck => "no-ack",
            Self::Interrupted => "interrupted",
            Self::MediaFailed => "media-failed",
            Self::Refused(_) => "refused",
            Self::TooMany => "too-many",
        }
    }
}

/// The one end of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A voice mail with the recording.
    VoiceMail(Why),
    /// A missed call notification.
    MissedCall(Why),
    /// A row in the ledger and no mail.
    Silent(Why),
}

impl Outcome {
    /// Why it ended so.
    pub const fn why(self) -> Why {
        match self {
            Self::VoiceMail(why) | Self::MissedCall(why) | Self::Silent(why) => why,
        }
    }

    /// The word used in the ledger: `voice-mail`, `missed-call` or `silent`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VoiceMail(_) => "voice-mail",
            Self::MissedCall(_) => "missed-call",
            Self::Silent(_) => "silent",
        }
    }

    /// Whether somebody gets a mail.
    pub const fn is_told(self) -> bool {
        !matches!(self, Self::Silent(_))
    }
}

/// A finished recording, on stable storage.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Recording {
    /// Name of the WAV file (16 bit, 8000 Hz, mono) inside the recordings folder.
    pub file: String,
    /// Length of the sound.
    pub duration: Duration,
}

/// One ended call, or one report of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// Ours, unique for ever; the left part of the mail's Message-ID.
    pub id: String,
    /// The call's id as the phone system knows it (SIP Call-ID), for `X-CallID`.
    pub call_id: String,
    /// Everything by which another ear may name the same call (Call-ID, the
    /// front end's CallId, Ms-Conversation-ID, Session-ID), without duplicates.
    pub identifiers: Vec<String>,
    /// Who was called, as the network said it.
    pub called: Party,
    /// Who that is; `None` only for refused calls to nobody we know.
    pub subscriber: Option<Subscriber>,
    /// Who rang, as the network said it.
    pub caller: Party,
    /// Who heard of it.
    pub ear: Ear,
    /// How far the call had come.
    pub stage: Stage,
    /// When the call (or its report) came to us, or the time its report names.
    pub received: Timestamp,
    /// When Ringpost answered.
    pub answered: Option<Timestamp>,
    /// When it ended.
    pub ended: Timestamp,
    /// The one end.
    pub outcome: Outcome,
    /// The sound, where there is some (kept for a day even when it is no message).
    pub recording: Option<Recording>,
}
