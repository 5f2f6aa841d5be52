//! A description, and what can be spoken of it.

use std::net::{IpAddr, SocketAddr};

use ringpost_model::{Codec, RemoteAudio, SrtpKey};

use super::crypto::Crypto;

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
    pub(super) address: Option<IpAddr>,
    /// Payload type and encoding of each `a=rtpmap`.
    pub(super) encodings: Vec<(u8, Encoding)>,
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

/// What an `a=rtpmap` says of a payload type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Sound that we speak.
    Sound(Codec),
    /// Keys (RFC 4733).
    TelephoneEvent,
    /// Anything else.
    Other,
}

impl Media {
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
        match (self.encoding(payload_type), payload_type) {
            (Some(Encoding::Sound(codec)), _) => Some(codec),
            (Some(Encoding::TelephoneEvent | Encoding::Other), _) => None,
            (None, 0) => Some(Codec::Pcmu),
            (None, 8) => Some(Codec::Pcma),
            (None, _) => None,
        }
    }

    fn is_telephone_event(&self, payload_type: u8) -> bool {
        self.encoding(payload_type) == Some(Encoding::TelephoneEvent)
    }

    /// Of several the first.
    fn encoding(&self, payload_type: u8) -> Option<Encoding> {
        let mut encodings = self.encodings.iter();
        encodings.find(|(number, _)| *number == payload_type).map(|(_, encoding)| *encoding)
    }
}
