//! Which reports are about the same call.

use std::time::Duration;

use ringpost_model::{Ear, Timestamp};

/// How long a call is remembered by its identifiers.
pub const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Two ears that hear of one call without a common identifier do so within
/// this time.
const TOGETHER: Duration = Duration::from_secs(5);

/// Digits that make two numbers one, however much of the way to them is
/// written in front.
const TELLING_DIGITS: usize = 7;

/// One ear's knowledge of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hearing {
    /// User of the called subscriber: a call to a team is one call to each.
    pub subscriber: String,
    /// Everything by which another ear may name the call.
    pub identifiers: Vec<String>,
    /// Raw caller id; empty when withheld or not given.
    pub caller: String,
    /// Who heard of it.
    pub ear: Ear,
    /// When.
    pub at: Timestamp,
}

/// Whether both hearings are of one call: of the same subscriber, and with a
/// common identifier within 24 h, or of the same caller by different ears
/// within 5 s.
pub fn same_call(a: &Hearing, b: &Hearing) -> bool {
    if a.subscriber.to_lowercase() != b.subscriber.to_lowercase() {
        return false;
    }
    let apart = a.at.since(b.at).max(b.at.since(a.at));
    let common = a.identifiers.iter().any(|id| !id.trim().is_empty() && b.identifiers.contains(id));
    if common {
        return apart <= REMEMBERED;
    }
    a.ear != b.ear && apart <= TOGETHER && same_caller(&a.caller, &b.caller)
}

/// The same caller, as far as two spellings of one place can say. Numbers are
/// compared by their last digits: one ear has `+1 425 555 0142`, the other
/// `4255550142`.
fn same_caller(a: &str, b: &str) -> bool {
    let (a, b) = (bare(a), bare(b));
    if a.is_empty() || b.is_empty() || a == "anonymous" {
        return false;
    }
    match (digits(&a), digits(&b)) {
        (Some(a), Some(b)) => {
            let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
            short == long || (short.len() >= TELLING_DIGITS && long.ends_with(&short))
        }
        (Some(_), None) | (None, Some(_)) | (None, None) => a == b,
    }
}

/// Without scheme, host and parameters, in lower case.
fn bare(raw: &str) -> String {
    let lower = raw.trim().to_lowercase();
    let address =
        ["sip:", "sips:", "tel:"].iter().find_map(|s| lower.strip_prefix(s)).unwrap_or(&lower);
    address.split(['@', ';', '?']).next().unwrap_or_default().to_owned()
}

/// The digits of a number without what is dialled in front of it.
fn digits(text: &str) -> Option<String> {
    let mut digits = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' | ' ' | '-' | '.' | '(' | ')' | '/' => {}
            _ => return None,
        }
    }
    if digits.len() < TELLING_DIGITS {
        return Some(digits).filter(|digits| !digits.is_empty());
    }
    Some(digits.trim_start_matches('0').to_owned())
}
