//! Numbers as people read them.

use ringpost_model::E164;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};

/// `+1 (425) 555-0142` in the North American Numbering Plan, else as ITU-T
/// E.123 writes internationally: `+49 30 23125042`. Takes numbers that nobody
/// can have, too; never empty.
pub fn shown(number: &E164) -> String {
    north_american(number.digits())
        .or_else(|| international(number))
        .unwrap_or_else(|| number.as_str().to_owned())
}

fn north_american(digits: &str) -> Option<String> {
    let national = digits.strip_prefix('1').filter(|national| national.len() == 10)?;
    let (area, exchange, line) = (national.get(..3)?, national.get(3..6)?, national.get(6..)?);
    Some(format!("+1 ({area}) {exchange}-{line}"))
}

fn international(number: &E164) -> Option<String> {
    let parsed = PHONE_NUMBER_UTIL.parse(number.as_str(), None).ok()?;
    let text = PHONE_NUMBER_UTIL.format(&parsed, PhoneNumberFormat::International).into_owned();
    // A spelling that lost a digit would be another number.
    let same = text.chars().filter(char::is_ascii_digit).eq(number.digits().chars());
    if same { Some(text) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_shown_as_people_read_them() {
        let table = [
            ("+14255550142", "+1 (425) 555-0142"),
            ("+11234567890", "+1 (123) 456-7890"),
            ("+18765550123", "+1 (876) 555-0123"),
            ("+493023125042", "+49 30 23125042"),
            ("+442079460123", "+44 20 7946 0123"),
            ("+390612345678", "+39 06 1234 5678"),
            ("+33199001234", "+33 1 99 00 12 34"),
            ("+81312345678", "+81 3-1234-5678"),
            // Nobody can have these.
            ("+1425", "+1 425"),
            ("+999123456", "+999123456"),
            ("+10", "+10"),
            ("+4900123", "+4900123"),
        ];
        for (number, expected) in table {
            assert_eq!(shown(&E164::parse(number).unwrap()), expected);
        }
    }

    proptest! {
        /// No number is shown as nothing, or as another.
        #[test]
        fn what_is_shown_has_the_same_digits(digits in "[1-9][0-9]{1,14}") {
            let text = shown(&E164::parse(&format!("+{digits}")).unwrap());
            prop_assert!(text.starts_with('+'));
            prop_assert_eq!(text.chars().filter(char::is_ascii_digit).collect::<String>(), digits);
        }
    }
}
