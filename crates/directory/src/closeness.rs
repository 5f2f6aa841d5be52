//! How close what a source has on somebody comes to the caller.
//!
//! Sources are asked widely (wildcards between digits, the last digits of a
//! number) and judged here, by the dial plan. Of all who match, only the closest
//! remain: a person whose own number it is stands before the forty who have it
//! as the switchboard in front of their extension.

use ringpost_lookup::{CallerId, DialPlan};

use crate::text::digits;

/// The shortest run of digits that is compared as it stands when the dial plan
/// makes neither a number nor an extension of it: service numbers such as 611.
const SHORTEST: usize = 3;

/// Closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Closeness {
    /// The same SIP or mail address.
    Address,
    /// The same number.
    Number,
    /// The same extension.
    Extension,
    /// The same extension, behind a number that may be another company's.
    BehindNumber,
    /// The same number, with an extension behind it that the caller did not send.
    Switchboard,
}

/// Compares a number as a source spells it with the caller.
pub(crate) fn of_number(spelling: &str, caller: &CallerId, plan: &DialPlan) -> Option<Closeness> {
    let (main, extension) = split(spelling);
    if let Some(number) = &caller.number
        && plan.same_number(spelling, number)
    {
        return Some(if extension.is_none() { Closeness::Number } else { Closeness::Switchboard });
    }
    if let Some(wanted) = &caller.extension {
        let (own, close) = match extension {
            Some(own) if main.is_empty() => (own, Closeness::Extension),
            Some(own) => (own, Closeness::BehindNumber),
            None => (plan.extension(main).unwrap_or_else(|| digits(main)), Closeness::Extension),
        };
        return (own == *wanted).then_some(close);
    }
    if caller.number.is_none() {
        let wanted = dialled(&caller.raw)?;
        return (extension.is_none() && digits(main) == wanted).then_some(Closeness::Number);
    }
    None
}

/// The digits of a raw caller id that is a dialled number of some kind, however
/// unknown to the dial plan. `None` for names.
pub(crate) fn dialled(raw: &str) -> Option<String> {
    let plain = raw.chars().all(|c| c.is_ascii_digit() || "+-./() ".contains(c));
    let digits = digits(raw);
    (plain && digits.len() >= SHORTEST).then_some(digits)
}

/// Parts `+1 (425) 555-0100 x242`, `tel:+14255550100;ext=242` (RFC 3966 §3) and
/// the like into the number and the extension behind it.
pub(crate) fn split(spelling: &str) -> (&str, Option<String>) {
    let trimmed = spelling.trim();
    let bare = match trimmed.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("tel") => rest,
        _ => trimmed,
    };
    let mark = |c: char| c.is_ascii_alphabetic() || matches!(c, ';' | '#' | ',');
    let Some((main, rest)) = bare.find(mark).and_then(|at| bare.split_at_checked(at)) else {
        return (bare, None);
    };
    if main.is_empty() && !rest.starts_with(';') {
        // `x242` alone: an extension with its mark and nothing before it.
        return ("", some_digits(rest));
    }
    let behind = match rest.strip_prefix(';') {
        Some(parameters) => parameters
            .split(';')
            .find_map(|parameter| parameter.strip_prefix("ext="))
            .and_then(some_digits),
        None => some_digits(rest),
    };
    (main, behind)
}

fn some_digits(text: &str) -> Option<String> {
    let digits = digits(text);
    (!digits.is_empty()).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> DialPlan {
        DialPlan::new("US", 4).unwrap()
    }

    fn caller(raw: &str) -> CallerId {
        CallerId {
            raw: raw.into(),
            number: plan().number(raw),
            extension: plan().extension(raw),
            ..CallerId::default()
        }
    }

    #[test]
    fn numbers_are_compared_whatever_their_spelling() {
        use Closeness::{BehindNumber, Extension, Number, Switchboard};
        for (raw, spelling, close) in [
            ("+14255550142", "+1 (425) 555-0142", Some(Number)),
            ("+14255550142", "425.555.0142", Some(Number)),
            ("+14255550142", "tel:+1-425-555-0142", Some(Number)),
            ("4255550142", "+14255550142", Some(Number)),
            ("+14255550142", "tel:+14255550142;ext=242", Some(Switchboard)),
            ("+14255550142", "+1 425 555 0142 x242", Some(Switchboard)),
            ("+14255550142", "+1 425 555 0142 ext. 242", Some(Switchboard)),
            ("+14255550142", "tel:5550142;phone-context=+1425", Some(Number)),
            ("+14255550142", "+1 425 555 0143", None),
            ("+14255550142", "+1 206 555 0142", None),
            ("+14255550142", "", None),
            ("1042", "1042", Some(Extension)),
            ("1042", "x1042", Some(Extension)),
            ("1042", "+1 425 555 0100 x1042", Some(BehindNumber)),
            ("1042", "+1 425 555 0100 ext. 1042", Some(BehindNumber)),
            ("1042", "tel:+14255550100;ext=1042", Some(BehindNumber)),
            ("1042", "1043", None),
            ("1042", "+1 425 555 1042", None),
            ("611", "611", Some(Number)),
            ("611", "6110", None),
            ("611", "+1 425 555 0100 x611", None),
            ("bob", "", None),
        ] {
            assert_eq!(of_number(spelling, &caller(raw), &plan()), close, "{raw} {spelling}");
        }
    }

    #[test]
    fn nobody_is_the_withheld_caller() {
        assert_eq!(of_number("", &CallerId::default(), &plan()), None);
        assert_eq!(of_number("+14255550142", &CallerId::default(), &plan()), None);
    }
}
