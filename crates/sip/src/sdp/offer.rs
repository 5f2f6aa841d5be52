//! Reading a description and choosing what can be spoken.

use std::io::Cursor;
use std::net::{IpAddr, SocketAddr};

use ringpost_model::{Codec, RemoteAudio};
use rtc_sdp::description::common::{Attribute, ConnectionInformation};
use rtc_sdp::description::media::MediaDescription;
use rtc_sdp::description::session::SessionDescription;

use super::repair::repair;
use crate::wire::Malformed;

/// An offer, or an answer, as far as a telephone call needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(super) media: Vec<Media>,
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
    Ok(Offer { media: media.collect() })
}

/// Reads the answer to an offer of [`super::write_offer`].
pub(crate) fn read_answer(body: &[u8]) -> Result<RemoteAudio, Malformed> {
    read_offer(body)?.audio().ok_or(Malformed::new("No Audio In Answer"))
}

impl Offer {
    /// The first audio stream in plain RTP with PCMU or PCMA in it, and of
    /// those two the one that the peer names first. `None`: nothing we speak.
    pub(crate) fn audio(&self) -> Option<RemoteAudio> {
        self.chosen().map(|(_, audio)| audio)
    }

    /// Which `m=` line that is, counted from 0.
    pub(super) fn chosen(&self) -> Option<(usize, RemoteAudio)> {
        let mut lines = self.media.iter().enumerate();
        lines.find_map(|(index, media)| media.audio().map(|audio| (index, audio)))
    }
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
        let rtpmaps = media.attributes.iter().filter(|attribute| attribute.key == "rtpmap");
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
            encodings: rtpmaps.filter_map(|rtpmap| encoding(rtpmap.value.as_deref()?)).collect(),
        }
    }

    fn audio(&self) -> Option<RemoteAudio> {
        // RTP/SAVP is another protocol, RTP/AVPF the same with faster feedback.
        let plain = matches!(self.protocol.as_str(), "RTP/AVP" | "RTP/AVPF");
        if self.kind != "audio" || self.port == 0 || !plain {
            return None;
        }
        let ip = self.address.filter(|ip| !ip.is_multicast())?;
        let payload_types = || self.formats.iter().filter_map(|format| format.parse::<u8>().ok());
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
