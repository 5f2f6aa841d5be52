//! Reports of calls that others held: the front end's user notification (XML,
//! by SIP INFO) and the plain JSON that any phone system can send.

mod json;
mod party;
mod text;
mod time;
mod xml;

use ringpost_model::{Party, Timestamp};

/// The content types that [`read_report`] takes, as an Accept header has them.
pub const ACCEPTED_TYPES: &str = "application/ms-rtc-usernotification+xml, application/json";

const XML: &str = "application/ms-rtc-usernotification+xml";
const JSON: &str = "application/json";

/// Bytes of a report; a larger one is something else.
const LARGEST: usize = 64 * 1024;

/// What a report says. Whatever it leaves out, the message that brought it may
/// still know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Who rang.
    pub caller: Option<Party>,
    /// Who was called.
    pub called: Option<Party>,
    /// The call's id as the sender knows it.
    pub call_id: Option<String>,
    /// Everything by which another ear may name the call, without duplicates.
    pub identifiers: Vec<String>,
    /// When the caller rang.
    pub time: Option<Timestamp>,
    /// The event is a missed call, or the report names none.
    pub missed: bool,
    /// The call was answered elsewhere.
    pub elsewhere: bool,
}

/// Why a report is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// 415: none of [`ACCEPTED_TYPES`].
    #[error("a report is {ACCEPTED_TYPES}")]
    UnknownType,
    /// 400: the body cannot be read.
    #[error("the report cannot be read: {reason}")]
    Unreadable {
        /// What is wrong with it, without a word of its content.
        reason: String,
    },
}

impl ReportError {
    fn unreadable(reason: impl Into<String>) -> Self {
        Self::Unreadable { reason: reason.into() }
    }
}

/// Reads a report. Parameters of the content type and its case do not count.
///
/// # Errors
/// The type is none of [`ACCEPTED_TYPES`], or the body is not what it says.
pub fn read_report(content_type: &str, body: &[u8]) -> Result<Report, ReportError> {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let read: fn(&[u8]) -> Result<Report, ReportError> = if media_type.eq_ignore_ascii_case(XML) {
        xml::read
    } else if media_type.eq_ignore_ascii_case(JSON) {
        json::read
    } else {
        return Err(ReportError::UnknownType);
    };
    if body.len() > LARGEST {
        return Err(ReportError::unreadable(format!("it is larger than {LARGEST} bytes")));
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(ReportError::unreadable("it is empty"));
    }
    read(body)
}

/// What the sender calls the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EventKind {
    Missed,
    Elsewhere,
    Other,
}

impl EventKind {
    /// Reads the word without regard to case, blanks, hyphens and underscores.
    fn read(word: &str) -> Self {
        let plain: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
        match plain.to_ascii_lowercase().as_str() {
            "missed" | "missedcall" | "noanswer" | "unanswered" | "cancelled" | "canceled" => {
                Self::Missed
            }
            "elsewhere" | "answeredelsewhere" | "completedelsewhere" => Self::Elsewhere,
            _ => Self::Other,
        }
    }

    fn is_missed(self) -> bool {
        self == Self::Missed
    }

    fn is_elsewhere(self) -> bool {
        self == Self::Elsewhere
    }
}
