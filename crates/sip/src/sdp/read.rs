//! Reading a description (RFC 8866), leniently: what no peer should send and some
//! do costs its line and not the call.

use std::net::IpAddr;

use ringpost_model::{Codec, RemoteAudio};

use super::crypto::{Crypto, new_key};
use super::offer::{Direction, Encoding, Media, Offer};
use super::own_keys::OwnKeys;
use crate::wire::{Malformed, split_once};

/// Media lines that an offer may have; each has to be answered.
const MOST_MEDIA: usize = 64;
/// Attributes of use that are looked at, for each media line and for the session.
const MOST_ATTRIBUTES: usize = 128;

/// Reads an offer. Lines may stand in any order and end in any way, `s=`, `t=` and
/// `o=` may be missing. A media line that cannot be read becomes one with port 0,
/// which is refused, so that a good one beside it still counts. An offer with
/// nothing in it for us is none, see [`Offer::audio`].
///
/// # Errors
/// It does not begin with `v=0`, has more media lines than anybody means, or has
/// some of which none can be read.
pub(crate) fn read_offer(body: &[u8]) -> Result<Offer, Malformed> {
    let text = String::from_utf8_lossy(body);
    let mut lines = text
        .trim_start_matches('\u{feff}')
        .split(['\r', '\n', '\0'])
        .filter_map(|line| split_once(line, b'='))
        .map(|(key, value)| (key.trim_ascii(), value.trim_ascii()));
    let bad = || Malformed::new("Bad Session Description");
    if lines.next() != Some(("v", "0")) {
        return Err(bad());
    }
    let mut session = Section::default();
    let mut media: Vec<(Media, Section)> = Vec::new();
    let mut readable = false;
    for (key, value) in lines {
        let count = media.len();
        let section = media.last_mut().map_or(&mut session, |(_, section)| section);
        match key {
            "m" if count == MOST_MEDIA => {
                return Err(Malformed::new("Too Many Media Lines"));
            }
            "m" => {
                let (line, whole) = media_line(value);
                readable |= whole;
                media.push((line, Section::default()));
            }
            "c" => section.connected(value, count == 0),
            "a" => section.attribute(value),
            _ => {}
        }
    }
    if !readable && !media.is_empty() {
        return Err(bad());
    }
    let media = media.into_iter().map(|(line, section)| section.of(line, &session)).collect();
    Ok(Offer { media, local: new_key() })
}

/// Reads the answer to an offer of [`super::write_offer`] with those keys.
pub(crate) fn read_answer(body: &[u8], keys: &OwnKeys) -> Result<RemoteAudio, Malformed> {
    let answer = read_offer(body)?;
    let taken = answer.media.iter().find_map(|media| Some((media, media.audio()?)));
    let (media, audio) = taken.ok_or(Malformed::new("No Audio In Answer"))?;
    let srtp = keys.settle(media).ok_or(Malformed::new("Answer Does Not Fit Offered Keys"))?;
    Ok(RemoteAudio { srtp, ..audio })
}

/// What stands under one `m=` line, or in front of all of them.
#[derive(Default)]
struct Section {
    /// `Some(None)`: something that is no address.
    address: Option<Option<IpAddr>>,
    direction: Option<Direction>,
    encodings: Vec<(u8, Encoding)>,
    crypto: Vec<Crypto>,
    has_keys: bool,
    /// Attributes that were looked at.
    used: usize,
}

impl Section {
    /// `c=`: of several under an `m=` line the first counts, in front of all of
    /// them the last.
    fn connected(&mut self, value: &str, last: bool) {
        if last || self.address.is_none() {
            self.address = internet(value).or(self.address);
        }
    }

    fn attribute(&mut self, attribute: &str) {
        let (name, value) = match split_once(attribute, b':') {
            Some((name, value)) => (name, Some(value)),
            None => (attribute, None),
        };
        let direction = Direction::read(name);
        if direction.is_none() && !matches!(name, "rtpmap" | "crypto") {
            return;
        }
        self.used += 1;
        if self.used > MOST_ATTRIBUTES {
            return;
        }
        self.direction = self.direction.or(direction);
        match (name, value) {
            ("rtpmap", Some(value)) => self.encodings.extend(encoding(value)),
            ("crypto", Some(value)) => {
                self.has_keys = true;
                self.crypto.extend(Crypto::read(value));
            }
            _ => {}
        }
    }

    /// The line with what belongs to it; that goes before what the session says. An
    /// address that is none here is not replaced by the session's.
    fn of(self, line: Media, session: &Section) -> Media {
        Media {
            address: self.address.or(session.address).flatten(),
            direction: self.direction.or(session.direction).unwrap_or(Direction::SendRecv),
            encodings: self.encodings,
            crypto: self.crypto,
            has_keys: self.has_keys,
            ..line
        }
    }
}

/// `media port proto fmt…` (RFC 8866 §5.14), and whether it could be read as it was
/// written. Of several ports the first is taken.
fn media_line(value: &str) -> (Media, bool) {
    let mut fields = value.split_whitespace();
    // As it was written, where the answer can repeat it.
    let kind = fields.next().filter(|kind| is_token(kind)).unwrap_or("application");
    let port = fields.next().unwrap_or_default();
    let port = port.split('/').next().unwrap_or_default().parse::<u16>().ok();
    let is_protocol = |text: &&str| text.split('/').all(is_token);
    let protocol = fields.next().filter(is_protocol);
    let formats: Vec<String> = fields.map(str::to_owned).collect();
    let whole = port.is_some() && protocol.is_some() && !formats.is_empty();
    let line = Media {
        kind: kind.to_owned(),
        port: port.filter(|_| whole).unwrap_or(0),
        protocol: protocol.unwrap_or("RTP/AVP").to_owned(),
        formats: if whole { formats } else { vec!["0".to_owned()] },
        direction: Direction::SendRecv,
        address: None,
        encodings: Vec::new(),
        crypto: Vec::new(),
        has_keys: false,
    };
    (line, whole)
}

/// One or more printing characters of ASCII.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic())
}

/// `IN IP4 address` in any letters; `Some(None)`: with no IP address in it, such as
/// a host name. The TTL of a multicast address is cut off.
fn internet(connection: &str) -> Option<Option<IpAddr>> {
    let mut fields = connection.split_whitespace();
    let (network, family) = (fields.next()?, fields.next()?);
    let known = ["IP4", "IP6"].iter().any(|name| name.eq_ignore_ascii_case(family));
    let address = fields.next().unwrap_or_default();
    let address = address.split('/').next().and_then(|address| address.parse().ok());
    (known && network.eq_ignore_ascii_case("IN")).then_some(address)
}

/// `0 PCMU/8000`.
fn encoding(rtpmap: &str) -> Option<(u8, Encoding)> {
    let (number, text) = rtpmap.trim().split_once(char::is_whitespace)?;
    Some((number.parse().ok()?, Encoding::read(text)))
}

impl Encoding {
    /// `NAME/8000`, perhaps with `/1` for the one channel behind it.
    fn read(text: &str) -> Encoding {
        let mut parts = text.split('/').map(str::trim);
        let name = parts.next().unwrap_or_default();
        if parts.next() != Some("8000") || !matches!(parts.next(), None | Some("1" | "")) {
            return Encoding::Other;
        }
        if name.eq_ignore_ascii_case("telephone-event") {
            return Encoding::TelephoneEvent;
        }
        let mut codecs = [Codec::Pcmu, Codec::Pcma].into_iter();
        let codec = codecs.find(|codec| name.eq_ignore_ascii_case(codec.name()));
        codec.map_or(Encoding::Other, Encoding::Sound)
    }
}

impl Direction {
    fn read(attribute: &str) -> Option<Direction> {
        match attribute {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        }
    }
}
