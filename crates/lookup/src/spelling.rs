//! The ways in which a telephone number is written, taken off the number:
//! schemes, separators, digits of other scripts, extensions.

use crate::clean::is_hidden;

/// A number as it was written down: digits and what stood beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spelling {
    /// A `+` stood in front.
    pub international: bool,
    /// ASCII digits of the number, at least one.
    pub digits: String,
    /// Nothing but digits, blanks and hyphens was written: so an extension
    /// may be written, but no address of four bytes.
    pub plain: bool,
    /// The extension behind the number: `;ext=242` (RFC 3966 §5.3), `x242`.
    pub extension: Option<String>,
    /// Digits of a global `;phone-context=+1425` (RFC 3966 §5.1.5).
    pub context: Option<String>,
}

/// Longer texts are no telephone numbers.
const LONGEST: usize = 256;

impl Spelling {
    /// Reads a number alone, a `tel:` URI, or the user part of a SIP URI.
    /// `None` where the text is no telephone number, such as a user's name.
    pub(crate) fn read(raw: &str) -> Option<Self> {
        if raw.len() > LONGEST {
            return None;
        }
        let text: String = raw.chars().filter(|c| !is_hidden(*c)).map(folded).collect();
        let text = subscriber_part(text.trim())?;
        let mut parts = text.split(';');
        let (international, digits, plain, written) = number(parts.next()?)?;
        let mut spelling = Self { international, digits, plain, extension: written, context: None };
        for parameter in parts {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "ext" => spelling.extension = digits_only(value).or(spelling.extension),
                "phone-context" => {
                    spelling.context = value.trim().strip_prefix('+').and_then(digits_only);
                }
                _ => {}
            }
        }
        Some(spelling)
    }
}

/// The part of a URI that can hold a number, percent-decoded; the text itself
/// where it is no URI. A SIP URI without a user part names a host only.
fn subscriber_part(text: &str) -> Option<String> {
    let (scheme, rest) = match text.split_once(':') {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => (String::new(), text),
    };
    match scheme.as_str() {
        "" => match text.split_once('@') {
            Some((user, _)) => Some(percent_decoded(user)),
            None => Some(text.to_owned()),
        },
        "sip" | "sips" => {
            let (userinfo, _) = rest.split_once('@')?;
            let user = userinfo.split_once(':').map_or(userinfo, |(user, _password)| user);
            Some(percent_decoded(user))
        }
        "tel" | "callto" => Some(percent_decoded(rest)),
        _ => None,
    }
}

/// `+`, digits, whether plainly written, and an extension written in words.
fn number(text: &str) -> Option<(bool, String, bool, Option<String>)> {
    let (number, extension) = split_extension(text.trim());
    let (international, rest) = match number.trim_start_matches(['(', ' ']).strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let mut digits = String::new();
    let mut plain = true;
    for c in rest.chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '-' => {}
            '(' | ')' | '[' | ']' | '.' | '/' | '~' => plain = false,
            _ => return None,
        }
    }
    if digits.is_empty() { None } else { Some((international, digits, plain, extension)) }
}

/// `425 555 0142 ext. 242`, `x242`, `extension 242`, `#242`.
fn split_extension(text: &str) -> (&str, Option<String>) {
    let lower = text.to_ascii_lowercase();
    for mark in ["extension", "ext.", "ext", "x", "#"] {
        if let Some((before, after)) = lower.split_once(mark)
            && !before.trim().is_empty()
            && let Some(extension) = digits_only(after.trim_start_matches([':', '.', ' ']))
            && let Some(number) = text.get(..before.len())
        {
            return (number, Some(extension));
        }
    }
    (text, None)
}

fn digits_only(text: &str) -> Option<String> {
    let mut digits = String::new();
    for c in text.trim().chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '-' | '.' | '(' | ')' => {}
            _ => return None,
        }
    }
    if digits.is_empty() { None } else { Some(digits) }
}

/// One character as ASCII writes it: digits of other scripts, the plus and the
/// dashes and blanks that typesetting and address books put in their place.
fn folded(c: char) -> char {
    const ZEROS: [char; 6] =
        ['\u{0660}', '\u{06F0}', '\u{0966}', '\u{09E6}', '\u{0E50}', '\u{FF10}'];
    for zero in ZEROS {
        if let Some(value) = u32::from(c).checked_sub(u32::from(zero)).filter(|value| *value < 10) {
            return char::from_digit(value, 10).unwrap_or(c);
        }
    }
    match c {
        '\u{FF0B}' | '\u{207A}' | '\u{FE62}' => '+',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF0D}' | '\u{30FC}' | '\u{FE63}' => '-',
        '\u{FF08}' => '(',
        '\u{FF09}' => ')',
        '\u{FF0E}' | '\u{00B7}' | '\u{2219}' => '.',
        '\u{FF0F}' => '/',
        _ if c.is_whitespace() => ' ',
        _ => c,
    }
}

/// RFC 3986 §2.1, for the user part; what is no escape stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escape = match (first, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escape {
            Some((high, low)) => {
                bytes.push(high * 16 + low);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_found_in_every_spelling() {
        let table = [
            ("+14255550142", true, "14255550142", None),
            ("+1 (425) 555-0142", true, "14255550142", None),
            ("(+1) 425.555.0142", true, "14255550142", None),
            ("425/555~0142", false, "4255550142", None),
            ("tel:+1-425-555-0142", true, "14255550142", None),
            ("TEL:+1-425-555-0142;ext=242", true, "14255550142", Some("242")),
            ("sip:+14255550142@gw.example.com;user=phone", true, "14255550142", None),
            ("sips:4255550142;ext=7@example.com", false, "4255550142", Some("7")),
            ("sip:%2B14255550142@example.com", true, "14255550142", None),
            ("sip:4255550142:secret@example.com", false, "4255550142", None),
            ("+14255550142@example.com", true, "14255550142", None),
            ("425 555 0142 x242", false, "4255550142", Some("242")),
            ("425 555 0142 Ext. 242", false, "4255550142", Some("242")),
            ("425 555 0142 extension 242", false, "4255550142", Some("242")),
            ("425-555-0142 #242", false, "4255550142", Some("242")),
            ("\u{FF0B}\u{FF11}\u{FF14}", true, "14", None),
            ("٤٢٥٥٥٥٠١٤٢", false, "4255550142", None),
            ("+1\u{a0}425\u{2011}555\u{2013}0142", true, "14255550142", None),
            ("\u{202d}+1 425 555 0142\u{202c}", true, "14255550142", None),
        ];
        for (raw, international, digits, extension) in table {
            let spelling = Spelling::read(raw).unwrap_or_else(|| panic!("{raw} is a number"));
            assert_eq!(spelling.international, international, "{raw}");
            assert_eq!(spelling.digits, digits, "{raw}");
            assert_eq!(spelling.extension.as_deref(), extension, "{raw}");
        }
    }

    #[test]
    fn names_and_hosts_are_no_numbers() {
        for raw in [
            "",
            " ",
            "+",
            "alice",
            "alice42",
            "42alice",
            "sip:10.0.0.7",
            "sip:alice@10.0.0.7",
            "mailto:4255550142@example.com",
            "1-800-EXAMPLE",
            "*67",
            "#31#",
            "+1+425",
            "x242",
            "ext 242",
            "4255550142 or 4255550143",
            "😀",
        ] {
            assert_eq!(Spelling::read(raw), None, "{raw:?}");
        }
        assert_eq!(Spelling::read(&"4".repeat(300)), None);
    }

    #[test]
    fn a_context_counts_when_it_is_global() {
        let context = |raw| Spelling::read(raw).unwrap().context;
        assert_eq!(context("tel:5550142;phone-context=+1-425").as_deref(), Some("1425"));
        assert_eq!(context("tel:1042;phone-context=example.com"), None);
    }

    #[test]
    fn an_address_of_four_bytes_is_not_plainly_written() {
        assert!(!Spelling::read("10.0.0.7").unwrap().plain);
        assert!(Spelling::read("10-07").unwrap().plain);
    }
}
