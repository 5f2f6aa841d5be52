//! Offers as they come, made such as a strict parser takes them.

use crate::wire::Malformed;

/// Media lines that an offer may have; each has to be answered.
const MOST_MEDIA: usize = 64;
/// Attributes of use that are looked at, for each media line and for the session.
const MOST_ATTRIBUTES: usize = 128;

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
/// (`i= u= e= p= b= k= r= z=`, candidates, groups) are left out wherever they
/// stand. A media line that cannot be read becomes one with port 0, which is
/// refused, so that a good one beside it still counts.
///
/// # Errors
/// It does not begin with `v=0`, has more media lines than anybody means, or has
/// some of which none can be read.
pub(super) fn repair(body: &[u8]) -> Result<Repaired, Malformed> {
    let text = String::from_utf8_lossy(body);
    let mut lines = text
        .trim_start_matches('\u{feff}')
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
    let (mut readable, mut connected, mut used) = (false, false, 0);
    for (key, value) in lines {
        match key {
            "m" if kinds.len() == MOST_MEDIA => {
                return Err(Malformed::new("Too Many Media Lines"));
            }
            "m" => {
                let (line, whole) = media_line(value);
                push_line(&mut media, "m", &line);
                kinds.push(kind(value).to_owned());
                readable |= whole;
                (connected, used) = (false, 0);
            }
            "c" if kinds.is_empty() => connection = internet(value).or(connection),
            "c" if !connected => {
                let Some(connection) = internet(value) else { continue };
                connected = true;
                push_line(&mut media, "c", &connection);
            }
            "a" if is_of_use(value) && used < MOST_ATTRIBUTES => {
                used += 1;
                push_line(if kinds.is_empty() { &mut attributes } else { &mut media }, "a", value);
            }
            "o" if kinds.is_empty() => origin = origin.or(Some(value)),
            _ => {}
        }
    }

    if !readable && !kinds.is_empty() {
        return Err(Malformed::new("Bad Session Description"));
    }

    let mut text = String::with_capacity(body.len() + 64);
    push_line(&mut text, "v", "0");
    push_line(&mut text, "o", &repair_origin(origin.unwrap_or("")));
    push_line(&mut text, "s", "-");
    if let Some(connection) = connection {
        push_line(&mut text, "c", &connection);
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

/// `media port proto fmt…` (RFC 8866 §5.14) as the parser takes it, and whether
/// it could be read as it was written. The number of ports is left out: of several
/// the first is taken.
fn media_line(value: &str) -> (String, bool) {
    let kind = kind(value);
    let parsed_as = if is_known_kind(kind) { kind } else { "application" };
    let mut fields = value.split_whitespace().skip(1);
    let port = fields.next().unwrap_or_default();
    let port = port.split('/').next().unwrap_or_default().parse::<u16>().ok();
    let is_protocol = |text: &&str| text.split('/').all(is_token);
    let protocol = fields.next().filter(is_protocol);
    let formats: Vec<&str> = fields.collect();
    match (port, protocol) {
        (Some(port), Some(protocol)) if !formats.is_empty() => {
            (format!("{parsed_as} {port} {protocol} {}", formats.join(" ")), true)
        }
        _ => (format!("{parsed_as} 0 {} 0", protocol.unwrap_or("RTP/AVP")), false),
    }
}

/// The media type as it was written, where the answer can repeat it.
fn kind(value: &str) -> &str {
    let kind = value.split_whitespace().next().unwrap_or_default();
    if is_token(kind) { kind } else { "application" }
}

/// One or more printing characters of ASCII.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic())
}

/// The attributes that are read.
fn is_of_use(attribute: &str) -> bool {
    let name = attribute.split(':').next().unwrap_or_default();
    matches!(name, "rtpmap" | "crypto" | "sendrecv" | "sendonly" | "recvonly" | "inactive")
}

/// The media types of the parser's list.
fn is_known_kind(kind: &str) -> bool {
    matches!(kind, "audio" | "video" | "text" | "application" | "message" | "image")
}

/// `IN IP4 address` in large letters, which some peers do not write.
fn internet(connection: &str) -> Option<String> {
    let mut fields = connection.split_whitespace();
    let (network, family) = (fields.next()?, fields.next()?);
    let family = ["IP4", "IP6"].into_iter().find(|name| name.eq_ignore_ascii_case(family))?;
    let address = fields.next().unwrap_or_default();
    network.eq_ignore_ascii_case("IN").then(|| format!("IN {family} {address}"))
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
