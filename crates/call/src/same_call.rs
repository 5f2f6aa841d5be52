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
/// within 5 s. What one ear says of two callers is of two calls, whatever they
/// have in common: a phone system may send all of its reports under one Call-ID.
pub fn same_call(a: &Hearing, b: &Hearing) -> bool {
    if a.subscriber.to_lowercase() != b.subscriber.to_lowercase() {
        return false;
    }
    let apart = a.at.since(b.at).max(b.at.since(a.at));
    let common = a.identifiers.iter().any(|id| !id.trim().is_empty() && b.identifiers.contains(id));
    if common {
        return apart <= REMEMBERED && (a.ear != b.ear || !other_caller(&a.caller, &b.caller));
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

/// Two callers, both of them named.
fn other_caller(a: &str, b: &str) -> bool {
    !a.trim().is_empty() && !b.trim().is_empty() && bare(a) != bare(b) && !same_caller(a, b)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn hearing(ids: &[&str], caller: &str, ear: Ear, after: Duration) -> Hearing {
        Hearing {
            subscriber: "alice".to_owned(),
            identifiers: ids.iter().map(|id| (*id).to_owned()).collect(),
            caller: caller.to_owned(),
            ear,
            at: Timestamp::from_millis(1_773_500_966_000).plus(after),
        }
    }

    const BOB: &str = "+14255550142";
    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn calls_are_told_apart() {
        let ms = Duration::from_millis;
        let first = || hearing(&["abc@gw", "conv-1"], BOB, Ear::Call, Duration::ZERO);
        let table = [
            ("repeated", true, hearing(&["abc@gw"], BOB, Ear::Call, ms(0))),
            ("one id in common", true, hearing(&["x", "conv-1"], "bob", Ear::Info, HOUR)),
            ("a day later", true, hearing(&["abc@gw"], BOB, Ear::Info, REMEMBERED)),
            ("more than a day", false, hearing(&["abc@gw"], BOB, Ear::Info, REMEMBERED + ms(1))),
            ("a second caller", false, hearing(&["abc@gw"], "+14255550143", Ear::Call, ms(10))),
            ("no caller said", true, hearing(&["abc@gw"], "", Ear::Call, ms(10))),
            ("spelled another way", true, hearing(&["abc@gw"], "4255550142", Ear::Call, ms(10))),
            ("named by another ear", true, hearing(&["abc@gw"], "bob", Ear::Http, ms(10))),
            ("same ear, other id", false, hearing(&["def@gw"], BOB, Ear::Call, ms(100))),
            ("other ear, other id", true, hearing(&["def@gw"], BOB, Ear::Info, ms(100))),
            ("other ear, no id", true, hearing(&[], BOB, Ear::Http, ms(5000))),
            ("other ear, too late", false, hearing(&[], BOB, Ear::Http, ms(5001))),
            ("other caller", false, hearing(&[], "+14255550143", Ear::Http, ms(10))),
            ("withheld", false, hearing(&[], "", Ear::Http, ms(10))),
            ("anonymous", false, hearing(&[], "anonymous", Ear::Http, ms(10))),
            ("spelled nationally", true, hearing(&[], "(425) 555-0142", Ear::Cdr, ms(10))),
            ("spelled with 00", true, hearing(&[], "0014255550142", Ear::Cdr, ms(10))),
            ("as URI", true, hearing(&[], "sip:+14255550142@gw.example.com", Ear::Cdr, ms(10))),
            ("as tel", true, hearing(&[], "tel:+1-425-555-0142;ext=7", Ear::Cdr, ms(10))),
            ("its last digits only", false, hearing(&[], "0142", Ear::Cdr, ms(10))),
        ];
        for (what, expected, second) in table {
            assert_eq!(same_call(&first(), &second), expected, "{what}");
            assert_eq!(same_call(&second, &first()), expected, "{what}, the other way round");
        }
    }

    #[test]
    fn a_call_to_a_team_is_one_for_each() {
        let first = hearing(&["abc@gw"], BOB, Ear::Call, Duration::ZERO);
        let mut second = first.clone();
        second.subscriber = "Alice".to_owned();
        assert!(same_call(&first, &second));
        second.subscriber = "carol".to_owned();
        assert!(!same_call(&first, &second));
        second.ear = Ear::Info;
        assert!(!same_call(&first, &second));
    }

    #[test]
    fn two_strangers_without_a_name_are_two() {
        let first = hearing(&[], "", Ear::Call, Duration::ZERO);
        let second = hearing(&[], "", Ear::Info, Duration::ZERO);
        assert!(!same_call(&first, &second));
        let empty = hearing(&["", " "], "", Ear::Call, Duration::ZERO);
        assert!(!same_call(&empty, &empty), "an empty identifier names nothing");
    }

    #[test]
    fn callers_without_a_number_are_compared_as_they_are() {
        let table = [
            ("bob", "sip:Bob@example.com", true),
            ("bob", "bobby", false),
            ("1001", "1001", true),
            ("1001", "2001001", false),
            ("1001", "91001", false),
            ("030 5550142", "+49 30 5550142", true),
        ];
        for (a, b, expected) in table {
            assert_eq!(same_caller(a, b), expected, "{a} and {b}");
        }
    }
}
