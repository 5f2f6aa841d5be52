//! From the bytes of a kept message to what is shown of it.

use std::time::SystemTime;

use super::{Direction, Traced, clean, sdp};
use crate::Hop;
use crate::wire::long_name;

/// Header fields that say what a message does, in the order in which they are shown.
const TELLING: [&str; 28] = [
    "From",
    "To",
    "CSeq",
    "Contact",
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "Remote-Party-ID",
    "Privacy",
    "Diversion",
    "History-Info",
    "Referred-By",
    "Replaces",
    "Require",
    "Unsupported",
    "RSeq",
    "RAck",
    "Session-Expires",
    "Min-SE",
    "Reason",
    "Retry-After",
    "Warning",
    "Event",
    "Subscription-State",
    "Expires",
    "WWW-Authenticate",
    "Proxy-Authenticate",
    "Authorization",
    "Content-Type",
];

/// The Call-ID, by looking at nothing else; `None` where there is none.
pub(super) fn call_id(bytes: &[u8]) -> Option<String> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    while let Some(line) = lines.next() {
        let line = line.trim_ascii();
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at_checked(colon)?;
        let name = name.trim_ascii();
        if !name.eq_ignore_ascii_case(b"call-id") && !name.eq_ignore_ascii_case(b"i") {
            continue;
        }
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        // Folded behind its name (RFC 3261 §7.3.1).
        let value = if value.is_empty() { lines.next()?.trim_ascii() } else { value };
        return Some(String::from_utf8_lossy(value).into_owned());
    }
    None
}

/// The message as it is shown.
pub(super) fn traced(
    at: SystemTime,
    direction: Direction,
    hop: Hop,
    again: bool,
    bytes: &[u8],
) -> Traced {
    let raw = clean::message(bytes);
    let (head, body) = raw.split_once("\n\n").unwrap_or((&raw, ""));
    let (first_line, fields) = head.split_once('\n').unwrap_or((head, ""));
    let fields: Vec<(&str, &str)> = fields
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (long_name(name.trim()), value.trim()))
        .collect();
    let mut headers = Vec::new();
    for telling in TELLING {
        let of_that_name = fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(telling));
        headers.extend(of_that_name.map(|(_, value)| (telling.to_owned(), (*value).to_owned())));
    }
    Traced {
        at,
        direction,
        hop,
        again,
        first_line: first_line.to_owned(),
        headers,
        sdp: sdp::summary(body),
        raw,
    }
}
