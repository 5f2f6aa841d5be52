//! What SIP negotiates and media speaks: one audio stream.

use std::net::SocketAddr;

/// A codec of telephone sound, 8000 Hz, mono.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law, static payload type 0 (RFC 3551).
    Pcmu,
    /// G.711 A-law, static payload type 8 (RFC 3551).
    Pcma,
}

impl Codec {
    /// Encoding name of RFC 3551, as `a=rtpmap` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }
}

/// The other side's end of the audio stream, as offer and answer settled it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RemoteAudio {
    /// Where RTP goes to, and by whose IP it is expected to come.
    pub rtp: SocketAddr,
    /// The codec chosen, for both directions.
    pub codec: Codec,
    /// RTP payload type of the codec, as this call has agreed it.
    pub payload_type: u8,
    /// RTP payload type of telephone-event (RFC 4733), where agreed.
    pub event_payload_type: Option<u8>,
    /// The peer holds the call: its side is `sendonly` or `inactive`, or its
    /// connection address is 0.0.0.0 or `::` (RFC 3264 §8.4).
    pub held: bool,
}
