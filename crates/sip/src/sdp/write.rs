//! Writing offers and answers.

use std::fmt::Write as _;
use std::net::SocketAddr;

use ringpost_model::{Codec, RemoteAudio};

use super::offer::{Direction, Media, Offer};
use super::own_keys::OwnKeys;

/// Payload type of telephone-event in our own offers.
const EVENT_PAYLOAD_TYPE: u8 = 101;
/// As long as most of ours are, in octets.
const MOST: usize = 320;
/// Formats that a refused line repeats: one is asked for, more say nothing
/// (RFC 3264 §6).
const REFUSED_FORMATS: usize = 16;

/// An offer of PCMU, PCMA and telephone-event at that address, with those keys. `version` goes
/// up by one with each new description of the same `session` (RFC 3264 §8).
pub(crate) fn write_offer(rtp: SocketAddr, session: u64, version: u64, keys: &OwnKeys) -> String {
    let mut sdp = head(rtp, session, version);
    let codecs = [(0, Codec::Pcmu), (8, Codec::Pcma)];
    let event = Some(EVENT_PAYLOAD_TYPE);
    audio(&mut sdp, rtp.port(), keys.protocol, &codecs, event, Direction::SendRecv);
    keys.lines.iter().for_each(|crypto| sdp.push_str(&crypto.line(&crypto.key)));
    sdp
}

impl Offer {
    /// The answer: the chosen stream at our address with the one codec, every
    /// other `m=` line in its place with port 0 (RFC 3264 §6).
    pub(crate) fn answer(
        &self,
        rtp: SocketAddr,
        chosen: &RemoteAudio,
        session: u64,
        version: u64,
    ) -> String {
        let mut sdp = head(rtp, session, version);
        let accepted = self.accepted(chosen);
        for (index, media) in self.media.iter().enumerate() {
            if let Some((line, crypto)) = accepted
                && line == index
            {
                let codecs = [(chosen.payload_type, chosen.codec)];
                let event = chosen.event_payload_type;
                let direction = media.direction.mirrored();
                audio(&mut sdp, rtp.port(), &media.protocol, &codecs, event, direction);
                // Tag and suite as offered, with our key (RFC 4568 §5.1.2).
                if let (Some(crypto), Some(srtp)) = (crypto, chosen.srtp) {
                    sdp.push_str(&crypto.line(&srtp.local));
                }
            } else {
                refused(&mut sdp, media);
            }
        }
        sdp
    }
}

impl Direction {
    /// The most that an answer may say (RFC 3264 §6.1).
    const fn mirrored(self) -> Direction {
        match self {
            Direction::SendOnly => Direction::RecvOnly,
            Direction::RecvOnly => Direction::SendOnly,
            Direction::SendRecv | Direction::Inactive => self,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }
}

fn head(rtp: SocketAddr, session: u64, version: u64) -> String {
    let ip = rtp.ip().to_canonical();
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    let mut sdp = String::with_capacity(MOST);
    // Writing to a String cannot fail.
    let _ = write!(
        sdp,
        "v=0\r\no=- {session} {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n"
    );
    sdp
}

fn audio(
    sdp: &mut String,
    port: u16,
    protocol: &str,
    codecs: &[(u8, Codec)],
    event: Option<u8>,
    direction: Direction,
) {
    // Writing to a String cannot fail.
    let _ = write!(sdp, "m=audio {port} {protocol}");
    for number in codecs.iter().map(|(number, _)| *number).chain(event) {
        let _ = write!(sdp, " {number}");
    }
    sdp.push_str("\r\n");
    for (number, codec) in codecs {
        let _ = write!(sdp, "a=rtpmap:{number} {}/8000\r\n", codec.name());
    }
    if let Some(number) = event {
        // The sixteen keys and the flash (RFC 4733 §3.2).
        let _ = write!(sdp, "a=rtpmap:{number} telephone-event/8000\r\na=fmtp:{number} 0-16\r\n");
    }
    let _ = write!(sdp, "a=ptime:20\r\na={}\r\n", direction.as_str());
}

fn refused(sdp: &mut String, media: &Media) {
    let formats: Vec<&str> =
        media.formats.iter().take(REFUSED_FORMATS).map(String::as_str).collect();
    let formats = formats.join(" ");
    sdp.push_str(&format!("m={} 0 {} {formats}\r\n", media.kind, media.protocol));
}
