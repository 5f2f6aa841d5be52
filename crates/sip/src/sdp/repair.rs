//! Offers as they come, made such as a strict parser takes them.

use crate::wire::Malformed;

/// The description in the order and with the lines that RFC 8866 §5 asks for.
pub(super) struct Repaired {
    /// What the parser is given: origin, connection, attributes and media.
    pub(super) text: String,
    /// The media type of each `m=` line as it was written, for the answer; one
    /// that the parser does not know stands in `text` as `application`.
    pub(super) kinds: Vec<String>,
}

/// Missing `s=` and `t=` lines are added, an origin that does not fit is
/// replaced, line ends are made CRLF, and lines of no use to a telephone call
/// (`i= u= e= p= b= k= r= z=`) are left out wherever they stand.
pub(super) fn repair(body: &[u8]) -> Result<Repaired, Malformed> {
    let text = String::from_utf8_lossy(body);
    let mut lines = text
        .split(['\r', '\n', '\0'])
        .filter_map(|line| line.trim().split_once('='))
        .map(|(key, value)| (key.trim(), value.trim()));
    if lines.next() != Some(("v", "0")) {
        return Err(Malformed::new("Bad Session Description"));
    }

    let (mut origin, mut connection) = (None, None);
    let mut attributes = String::new();
    let mut media = String::new();
    let mut kinds = Vec::new();
    for (key, value) in lines {
        match key {
            "m" => {
                let (kind, rest) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
                let parsed_as = if is_known_kind(kind) { kind } else { "application" };
                push_line(&mut media, "m", &format!("{parsed_as} {rest}"));
                kinds.push(kind.to_owned());
            }
            "c" if is_internet(value) && kinds.is_empty() => connection = Some(value),
            "c" if is_internet(value) => push_line(&mut media, "c", value),
            "a" if kinds.is_empty() => push_line(&mut attributes, "a", value),
            "a" => push_line(&mut media, "a", value),
            "o" if kinds.is_empty() => origin = origin.or(Some(value)),
            _ => {}
        }
    }

    let mut text = String::with_capacity(body.len() + 64);
    push_line(&mut text, "v", "0");
    push_line(&mut text, "o", &repair_origin(origin.unwrap_or("")));
    push_line(&mut text, "s", "-");
    if let Some(connection) = connection {
        push_line(&mut text, "c", connection);
    }
    push_line(&mut text, "t", "0 0");
    text.push_str(&attributes);
    text.push_str(&media);
    Ok(Repaired { text, kinds })
}

fn push_line(text: &mut String, key: &str, value: &str) {
    text.push_str(key);
    text.push('=');
    text.push_str(value);
    text.push_str("\r\n");
}

/// The media types of the parser's list.
fn is_known_kind(kind: &str) -> bool {
    matches!(kind, "audio" | "video" | "text" | "application" | "message" | "image")
}

fn is_internet(connection: &str) -> bool {
    let mut fields = connection.split_whitespace();
    fields.next() == Some("IN") && matches!(fields.next(), Some("IP4" | "IP6"))
}

/// `user sess-id sess-version IN IP4 address`; ids that are no u64 become 0,
/// since nothing here depends on them.
fn repair_origin(origin: &str) -> String {
    let fields: Vec<&str> = origin.split_whitespace().collect();
    let number = |text: &str| text.parse::<u64>().unwrap_or(0);
    match fields.as_slice() {
        [user, id, version, "IN", family @ ("IP4" | "IP6"), address] => {
            format!("{user} {} {} IN {family} {address}", number(id), number(version))
        }
        _ => "- 0 0 IN IP4 0.0.0.0".to_owned(),
    }
}
