//! Reading a description, and what can be spoken of it.

use std::io::Cursor;
use std::net::{IpAddr, SocketAddr};

use ringpost_model::{Codec, RemoteAudio, SrtpKey};
use rtc_sdp::description::common::{Attribute, ConnectionInformation};
use rtc_sdp::description::media::MediaDescription;
use rtc_sdp::description::session::SessionDescription;

use super::crypto::{Crypto, new_key};
use super::own_keys::OwnKeys;
use super::repair::repair;
use crate::wire::Malformed;

/// An offer, or an answer, as far as a telephone call needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(super) media: Vec<Media>,
    /// Our key for the answer.
    pub(super) local: SrtpKey,
}

/// One `m=` line with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Media {
    pub(super) kind: String,
    pub(super) port: u16,
    pub(super) protocol: String,
    pub(super) formats: Vec<String>,
    pub(super) direction: Direction,
    address: Option<IpAddr>,
    /// Payload type and `NAME/RATE…` of each `a=rtpmap`.
    encodings: Vec<(u8, String)>,
    /// The keys that we can speak with, in the peer's order.
    pub(super) crypto: Vec<Crypto>,
    /// There are keys, be they such as we can speak with or not.
    pub(super) has_keys: bool,
}

/// Direction attribute of RFC 8866 §6.7, seen by who wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

/// Reads an offer. An error means that the body is no session description; an
/// offer with nothing in it for us is none, see [`Offer::audio`].
pub(crate) fn read_offer(body: &[u8]) -> Result<Offer, Malformed> {
    let repaired = repair(body)?;
    let session = SessionDescription::unmarshal(&mut Cursor::new(repaired.text.as_bytes()))
        .map_err(|_| Malformed::new("Bad Session Description"))?;
    let direction = direction(&session.attributes).unwrap_or(Direction::SendRecv);
    let address = session.connection_information.as_ref().and_then(address);
    let described = session.media_descriptions.iter().zip(repaired.kinds);
    let media = described.map(|(media, kind)| Media::read(media, kind, address, direction));
    Ok(Offer { media: media.collect(), local: new_key() })
}

/// Reads the answer to an offer of [`super::write_offer`] with those keys.
pub(crate) fn read_answer(body: &[u8], keys: &OwnKeys) -> Result<RemoteAudio, Malformed> {
    let answer = read_offer(body)?;
    let taken = answer.media.iter().find_map(|media| Some((media, media.audio()?)));
    let (media, audio) = taken.ok_or(Malformed::new("No Audio In Answer"))?;
    let srtp = keys.settle(media).ok_or(Malformed::new("Answer Does Not Fit Offered Keys"))?;
    Ok(RemoteAudio { srtp, ..audio })
}

impl Media {
    /// What stands at the `m=` line goes before what the session says.
    fn read(
        media: &MediaDescription,
        kind: String,
        session_address: Option<IpAddr>,
        session_direction: Direction,
    ) -> Media {
        let name = &media.media_name;
        let values = |key: &'static str| {
            let named = media.attributes.iter().filter(move |attribute| attribute.key == key);
            named.filter_map(|attribute| attribute.value.as_deref())
        };
        Media {
            kind,
            port: u16::try_from(name.port.value).unwrap_or(0),
            protocol: name.protos.join("/"),
            formats: name.formats.clone(),
            direction: direction(&media.attributes).unwrap_or(session_direction),
            // An address that is none here must not be replaced by the session's.
            address: match &media.connection_information {
                Some(connection) => address(connection),
                None => session_address,
            },
            encodings: values("rtpmap").filter_map(encoding).collect(),
            crypto: values("crypto").filter_map(Crypto::read).collect(),
            has_keys: values("crypto").next().is_some(),
        }
    }

    /// RTP without encryption, though keys may stand beside it. AVPF is the same
    /// with faster feedback.
    pub(super) fn is_plain(&self) -> bool {
        ["RTP/AVP", "RTP/AVPF"].iter().any(|name| self.protocol.eq_ignore_ascii_case(name))
    }

    /// SRTP; by UDP/TLS/RTP/SAVP the keys would come another way (RFC 5764).
    fn is_secure(&self) -> bool {
        ["RTP/SAVP", "RTP/SAVPF"].iter().any(|name| self.protocol.eq_ignore_ascii_case(name))
    }

    /// What is offered here, whether plain or encrypted, where we speak it.
    pub(super) fn audio(&self) -> Option<RemoteAudio> {
        let spoken = self.is_plain() || self.is_secure();
        if !self.kind.eq_ignore_ascii_case("audio") || self.port == 0 || !spoken {
            return None;
        }
        let ip = self.address.filter(|ip| !ip.is_multicast())?;
        let numbers = || self.formats.iter().filter_map(|format| format.parse::<u8>().ok());
        // Seven bits (RFC 3550 §5.1).
        let payload_types = || numbers().filter(|number| *number < 128);
        let (payload_type, codec) =
            payload_types().find_map(|number| Some((number, self.codec(number)?)))?;
        Some(RemoteAudio {
            rtp: SocketAddr::new(ip, self.port),
            codec,
            payload_type,
            event_payload_type: payload_types().find(|number| self.is_telephone_event(*number)),
            held: ip.is_unspecified()
                || matches!(self.direction, Direction::SendOnly | Direction::Inactive),
            srtp: None,
        })
    }

    /// By its rtpmap, else by RFC 3551's static payload types.
    fn codec(&self, payload_type: u8) -> Option<Codec> {
        let Some(encoding) = self.encoding(payload_type) else {
            return match payload_type {
                0 => Some(Codec::Pcmu),
                8 => Some(Codec::Pcma),
                _ => None,
            };
        };
        [Codec::Pcmu, Codec::Pcma].into_iter().find(|codec| is_encoding(encoding, codec.name()))
    }

    fn is_telephone_event(&self, payload_type: u8) -> bool {
        self.encoding(payload_type).is_some_and(|text| is_encoding(text, "telephone-event"))
    }

    fn encoding(&self, payload_type: u8) -> Option<&str> {
        let mut encodings = self.encodings.iter();
        encodings.find(|(number, _)| *number == payload_type).map(|(_, text)| text.as_str())
    }
}

/// `NAME/8000`, perhaps with `/1` for the one channel behind it.
fn is_encoding(text: &str, name: &str) -> bool {
    let mut parts = text.split('/');
    parts.next().is_some_and(|written| written.trim().eq_ignore_ascii_case(name))
        && parts.next().map(str::trim) == Some("8000")
        && matches!(parts.next().map(str::trim), None | Some("1" | ""))
}

/// `0 PCMU/8000`.
fn encoding(rtpmap: &str) -> Option<(u8, String)> {
    let (number, text) = rtpmap.trim().split_once(char::is_whitespace)?;
    Some((number.parse().ok()?, text.trim().to_owned()))
}

/// An IP address; a host name is none, and a multicast TTL is cut off.
fn address(connection: &ConnectionInformation) -> Option<IpAddr> {
    let text = connection.address.as_ref()?.address.as_str();
    text.split('/').next()?.parse().ok()
}

fn direction(attributes: &[Attribute]) -> Option<Direction> {
    attributes.iter().find_map(|attribute| match attribute.key.as_str() {
        "sendrecv" => Some(Direction::SendRecv),
        "sendonly" => Some(Direction::SendOnly),
        "recvonly" => Some(Direction::RecvOnly),
        "inactive" => Some(Direction::Inactive),
        _ => None,
    })
}
