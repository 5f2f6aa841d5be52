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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_and_case_of_the_type_do_not_count() {
        let xml = b"<UserNotification><User>alice</User></UserNotification>".as_slice();
        let json = br#"{"called": "alice"}"#.as_slice();
        let table = [
            ("application/ms-rtc-usernotification+xml", xml),
            ("Application/MS-RTC-UserNotification+XML; charset=\"utf-8\"", xml),
            ("application/json", json),
            (" application/JSON ;charset=utf-8;x=y", json),
        ];
        for (content_type, body) in table {
            let called = read_report(content_type, body).unwrap().called.unwrap();
            assert_eq!(called.raw(), "alice", "{content_type}");
        }
        for unknown in ["", "text/plain", "application/xml", "application/sdp", "json", ";"] {
            assert_eq!(read_report(unknown, json), Err(ReportError::UnknownType), "{unknown}");
        }
        for accepted in ACCEPTED_TYPES.split(", ") {
            assert_ne!(read_report(accepted, b"x"), Err(ReportError::UnknownType), "{accepted}");
        }
    }

    #[test]
    fn too_much_and_nothing_are_refused() {
        let body = |size| vec![b' '; size];
        for accepted in [XML, JSON] {
            for body in [body(0), body(3), body(LARGEST), body(LARGEST + 1)] {
                assert!(
                    matches!(read_report(accepted, &body), Err(ReportError::Unreadable { .. })),
                    "{accepted}, {} bytes",
                    body.len()
                );
            }
        }
    }

    proptest! {
        /// Any bytes are a report or a sentence.
        #[test]
        fn no_body_is_too_strange(body in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = read_report(XML, &body);
            let _ = read_report(JSON, &body);
        }

        /// So is what is nearly a notification.
        #[test]
        fn no_markup_is_too_strange(
            inner in r#"(<|>|&|;|#|x|"|'|=|/|!|\[|\]|\?|-|From|Event| type|CDATA|sip:|@|tel:|\\|%4|1){0,60}"#
        ) {
            let _ = read_report(XML, format!("<UserNotification>{inner}</UserNotification>").as_bytes());
            let _ = read_report(XML, inner.as_bytes());
            let _ = read_report(JSON, format!(r#"{{"caller": "{inner}"}}"#).as_bytes());
        }
    }
}
