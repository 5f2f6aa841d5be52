//! Numbers as people read them.

use ringpost_model::E164;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};

/// `+1 (425) 555-0142` in the North American Numbering Plan, else as ITU-T
/// E.123 writes internationally: `+49 30 12345678`. Takes numbers that nobody
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
