//! The called number as people read it.

use ringpost_model::E164;

/// `+1 (425) 555-0101` for the North American plan, which all of its countries
/// write so; any other number as E.164 has it.
pub(crate) fn shown(number: &E164) -> String {
    match number.digits().strip_prefix('1') {
        Some(national) if national.len() == 10 => {
            let (area, rest) = national.split_at(3);
            let (exchange, line) = rest.split_at(3);
            format!("+1 ({area}) {exchange}-{line}")
        }
        _ => number.as_str().to_owned(),
    }
}

/// `tel:` of RFC 3966 for a number in the spelling of its source; only a global
/// number (with `+`) can be rung from everywhere and becomes a link.
pub(crate) fn tel(spelled: &str) -> Option<String> {
    let rest = spelled.trim().strip_prefix('+')?;
    // "+44 (0)20 …": the zero in brackets is for callers inside the country.
    let rest = rest.replace("(0)", "");
    let allowed = rest.chars().all(|c| c.is_ascii_digit() || " -.()/\u{a0}".contains(c));
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let number = E164::parse(&format!("+{digits}")).ok()?;
    allowed.then(|| format!("tel:{number}"))
}

/// Whether what was dialled is this number: all of its digits, or its last
/// seven at least.
pub(crate) fn is_dialled(dialled: &str, number: &E164) -> bool {
    let plain = dialled.chars().all(|c| c.is_ascii_digit() || "+ -.()/".contains(c));
    let digits: String = dialled.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    plain && digits.len() >= 7 && number.digits().ends_with(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well_and_ring_from_everywhere() {
        let number = |text| E164::parse(text).unwrap();
        assert_eq!(shown(&number("+14255550101")), "+1 (425) 555-0101");
        assert_eq!(shown(&number("+493023125042")), "+493023125042");
        for (spelled, link) in [
            ("+1 (425) 555-0142", Some("tel:+14255550142")),
            ("+44 (0)20 7946 0000", Some("tel:+442079460000")),
            ("425 555 0142", None),
            ("+1 425 555 0142 ext. 7", None),
            ("+", None),
            ("1002", None),
        ] {
            assert_eq!(tel(spelled).as_deref(), link, "{spelled}");
        }
    }

    #[test]
    fn what_was_dialled_is_recognised() {
        let number = E164::parse("+14255550101").unwrap();
        for (dialled, expected) in [
            ("+14255550101", true),
            ("4255550101", true),
            ("5550101", true),
            ("0101", false),
            ("alice", false),
            ("+14255550102", false),
            ("00000000", false),
            ("", false),
        ] {
            assert_eq!(is_dialled(dialled, &number), expected, "{dialled}");
        }
    }
}
