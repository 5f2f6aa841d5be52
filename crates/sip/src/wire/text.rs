//! Small readers of RFC 3261 §25.1: tokens, quoted strings, lists, escapes.

use std::borrow::Cow;

/// A token: letters, digits and ``-.!%*_+`'~``.
pub(super) fn is_token(text: &str) -> bool {
    let sign = |byte| {
        matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'!' | b'%' | b'*')
            || matches!(byte, b'_' | b'+' | b'`' | b'\'' | b'~')
    };
    !text.is_empty() && text.bytes().all(sign)
}

/// What stands before and after the first such sign of ASCII. The texts of a
/// message are short: a loop finds it sooner than the search for any character.
#[inline]
pub(crate) fn split_once(text: &str, sign: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == sign)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Bytes as text. What is no UTF-8 is taken for Latin-1, which older phone
/// systems still send in display names; nothing is lost and nothing refused.
pub(super) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().copied().map(char::from));
    }
    Cow::Owned(text)
}

/// The text with every line break made a blank, and no blanks around it.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    let text = text.trim_ascii();
    if text.bytes().any(|byte| matches!(byte, b'\r' | b'\n')) {
        Cow::Owned(text.replace(['\r', '\n'], " "))
    } else {
        Cow::Borrowed(text)
    }
}

/// The pieces between separators that stand outside `"…"` and `<…>`.
pub(crate) fn split_outside(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let whole = rest?;
        let (before, after) = match find_outside(whole, separator) {
            Some((before, after)) => (before, Some(after)),
            None => (whole, None),
        };
        rest = after;
        Some(before)
    })
}

/// What stands before and after the first such separator, a sign of ASCII: no
/// byte of any other character looks like one.
fn find_outside(text: &str, separator: u8) -> Option<(&str, &str)> {
    let (mut quoted, mut escaped, mut angled) = (false, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if !angled => quoted = !quoted,
            b'<' if !quoted => angled = true,
            b'>' if !quoted => angled = false,
            _ if byte == separator && !quoted && !angled => {
                return Some((text.get(..at)?, text.get(at + 1..)?));
            }
            _ => {}
        }
    }
    None
}

/// What stands before the first `<` outside quotes, and after it.
pub(super) fn before_angle(text: &str) -> Result<Option<(&str, &str)>, Unbalanced> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'<' if !quoted => return Ok(text.get(..at).zip(text.get(at + 1..))),
            _ => {}
        }
    }
    if quoted { Err(Unbalanced) } else { Ok(None) }
}

/// A quoted string without its end.
pub(super) struct Unbalanced;

/// The content of a quoted string, its `\` escapes resolved; other text as it
/// is, without the blanks around it.
pub(crate) fn unquote(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let Some(inner) = text.strip_prefix('"') else { return Cow::Borrowed(text) };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    if !inner.contains(['\\', '"']) {
        return Cow::Borrowed(inner);
    }
    let mut plain = String::with_capacity(inner.len());
    let mut escaped = false;
    for character in inner.chars() {
        match character {
            '\\' if !escaped => escaped = true,
            _ => {
                plain.push(character);
                escaped = false;
            }
        }
    }
    Cow::Owned(plain)
}

/// Text for people: blanks in place of control characters and of those that
/// turn the direction of writing around, none of them at the ends nor two in a
/// row. `None` when nothing is left.
pub(crate) fn printable(text: &str) -> Option<String> {
    if is_plain(text) {
        return Some(text.to_owned());
    }
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut plain = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_control() || c.is_whitespace() || turns(c)) {
        if !word.is_empty() {
            if !plain.is_empty() {
                plain.push(' ');
            }
            plain.push_str(word);
        }
    }
    (!plain.is_empty()).then_some(plain)
}

/// Printing characters of ASCII with single blanks between them, as most texts are.
fn is_plain(text: &str) -> bool {
    let mut before = b' ';
    let plain = text.bytes().all(|byte| {
        let fits = byte.is_ascii_graphic() || (byte == b' ' && before != b' ');
        before = byte;
        fits
    });
    plain && before != b' '
}

/// `%xx` escapes resolved (RFC 3261 §19.1.2); a broken escape stays as it is.
pub(super) fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first == b'%'
            && let Some((&[high, low], after)) = after.split_first_chunk::<2>()
            && let (Some(high), Some(low)) = (hex(high), hex(low))
        {
            bytes.push(high << 4 | low);
            rest = after;
        } else {
            bytes.push(first);
        }
    }
    Cow::Owned(lossy(&bytes).into_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
