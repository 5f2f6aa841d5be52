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
    /// Keys for both directions, where the sound is encrypted.
    pub srtp: Option<Srtp>,
}

/// Keys of one SRTP stream and of the one that comes back, as SDP carried them
/// (RFC 4568).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Srtp {
    /// How both directions are protected.
    pub suite: SrtpSuite,
    /// Protects what we send.
    pub local: SrtpKey,
    /// Protects what the peer sends.
    pub remote: SrtpKey,
}

/// A crypto suite (RFC 4568 §6.2, RFC 6188 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SrtpSuite {
    /// AES_CM_128_HMAC_SHA1_80
    AesCm128Sha1_80,
    /// AES_CM_128_HMAC_SHA1_32
    AesCm128Sha1_32,
    /// AES_256_CM_HMAC_SHA1_80
    AesCm256Sha1_80,
    /// AES_256_CM_HMAC_SHA1_32
    AesCm256Sha1_32,
}

impl SrtpSuite {
    /// Octets of the master key, the first octets of [`SrtpKey`]; the 14 octets
    /// of the master salt follow them.
    pub const fn key_length(self) -> usize {
        match self {
            Self::AesCm128Sha1_80 | Self::AesCm128Sha1_32 => 16,
            Self::AesCm256Sha1_80 | Self::AesCm256Sha1_32 => 32,
        }
    }

    /// As `a=crypto` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesCm128Sha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128Sha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Self::AesCm256Sha1_80 => "AES_256_CM_HMAC_SHA1_80",
            Self::AesCm256Sha1_32 => "AES_256_CM_HMAC_SHA1_32",
        }
    }
}

/// Master key and salt, one behind the other; octets past what the suite wants
/// are 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SrtpKey(pub [u8; 46]);

impl std::fmt::Debug for SrtpKey {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SrtpKey(..)")
    }
}
