//! The RTP fixed header (RFC 3550 §5.1), read and written without a copy.

/// Octets of a header without CSRC list and extension.
pub const HEADER: usize = 12;

/// One packet as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Start of a talkspurt (audio) or of an event.
    pub marker: bool,
    /// Which format the payload has.
    pub payload_type: u8,
    /// Counts packets.
    pub sequence: u16,
    /// When its first sample was taken, in samples.
    pub timestamp: u32,
    /// Who sends.
    pub ssrc: u32,
    /// What was sent, without padding.
    pub payload: &'a [u8],
}

/// Why a datagram is no RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotRtp {
    /// An RTCP packet on the RTP port (RFC 5761 §4).
    Rtcp,
    /// Too short, another version, or lengths that do not fit.
    Malformed,
}

/// Reads a datagram. CSRC list and header extension are skipped, padding is cut off.
///
/// # Errors
/// [`NotRtp`] says what it is instead.
pub fn read(datagram: &[u8]) -> Result<Packet<'_>, NotRtp> {
    let (packet, length) = read_header(datagram)?;
    let mut payload = datagram.get(length..).ok_or(NotRtp::Malformed)?;
    if datagram.first().is_some_and(|flags| flags & 0x20 != 0) {
        // The last octet counts itself, so a padding of 0 is a contradiction.
        let padding = usize::from(*payload.last().ok_or(NotRtp::Malformed)?);
        let length = payload.len().checked_sub(padding).ok_or(NotRtp::Malformed)?;
        if padding == 0 {
            return Err(NotRtp::Malformed);
        }
        payload = payload.get(..length).ok_or(NotRtp::Malformed)?;
    }
    Ok(Packet { payload, ..packet })
}

/// Reads what is never encrypted: the header, without a payload, and its length
/// with CSRC list and extension.
///
/// # Errors
/// [`NotRtp`] says what it is instead.
pub fn read_header(datagram: &[u8]) -> Result<(Packet<'static>, usize), NotRtp> {
    let (header, mut rest) = datagram.split_first_chunk::<HEADER>().ok_or(NotRtp::Malformed)?;
    let [flags, kind, s1, s0, t3, t2, t1, t0, c3, c2, c1, c0] = *header;
    if flags >> 6 != 2 {
        return Err(NotRtp::Malformed);
    }
    if (192..=223).contains(&kind) {
        return Err(NotRtp::Rtcp);
    }
    let sources = usize::from(flags & 0x0f) * 4;
    rest = rest.get(sources..).ok_or(NotRtp::Malformed)?;
    if flags & 0x10 != 0 {
        let (extension, after) = rest.split_first_chunk::<4>().ok_or(NotRtp::Malformed)?;
        let [_, _, high, low] = *extension;
        let words = usize::from(u16::from_be_bytes([high, low]));
        rest = after.get(words * 4..).ok_or(NotRtp::Malformed)?;
    }
    let packet = Packet {
        marker: kind & 0x80 != 0,
        payload_type: kind & 0x7f,
        sequence: u16::from_be_bytes([s1, s0]),
        timestamp: u32::from_be_bytes([t3, t2, t1, t0]),
        ssrc: u32::from_be_bytes([c3, c2, c1, c0]),
        payload: &[],
    };
    Ok((packet, datagram.len() - rest.len()))
}

/// The header of a packet of ours; the payload of `packet` is not looked at.
pub fn header(packet: &Packet<'_>) -> [u8; HEADER] {
    let kind = (packet.payload_type & 0x7f) | if packet.marker { 0x80 } else { 0 };
    let [s1, s0] = packet.sequence.to_be_bytes();
    let [t3, t2, t1, t0] = packet.timestamp.to_be_bytes();
    let [c3, c2, c1, c0] = packet.ssrc.to_be_bytes();
    [0x80, kind, s1, s0, t3, t2, t1, t0, c3, c2, c1, c0]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAIN: Packet<'_> = Packet {
        marker: true,
        payload_type: 8,
        sequence: 0xfffe,
        timestamp: 0x0102_0304,
        ssrc: 0xdead_beef,
        payload: &[1, 2, 3, 4],
    };

    fn datagram(flags: u8, middle: &[u8], tail: &[u8]) -> Vec<u8> {
        let mut bytes = header(&PLAIN).to_vec();
        bytes[0] |= flags;
        bytes.extend_from_slice(middle);
        bytes.extend_from_slice(PLAIN.payload);
        bytes.extend_from_slice(tail);
        bytes
    }

    #[test]
    fn every_shape_of_header_yields_the_same_payload() {
        let extension = [0xbe, 0xde, 0, 1, 9, 9, 9, 9];
        let both = [[7; 8], extension].concat();
        let table: [(&str, u8, &[u8], &[u8]); 5] = [
            ("plain", 0, &[], &[]),
            ("two CSRC", 0x02, &[7; 8], &[]),
            ("extension", 0x10, &extension, &[]),
            ("padding", 0x20, &[], &[0, 0, 3]),
            ("all of it", 0x32, &both, &[0, 2]),
        ];
        for (name, flags, middle, tail) in table {
            assert_eq!(read(&datagram(flags, middle, tail)), Ok(PLAIN), "{name}");
        }
    }

    #[test]
    fn what_is_no_rtp_is_refused() {
        let table: [(&str, Vec<u8>, NotRtp); 7] = [
            ("empty", vec![], NotRtp::Malformed),
            ("eleven octets", vec![0x80; 11], NotRtp::Malformed),
            ("version 1", [&[0x40][..], &[0; 20]].concat(), NotRtp::Malformed),
            ("more CSRC than octets", datagram(0x0f, &[], &[]), NotRtp::Malformed),
            ("long extension", datagram(0x10, &[0, 0, 0xff, 0xff], &[]), NotRtp::Malformed),
            ("padding of 0", datagram(0x20, &[], &[0]), NotRtp::Malformed),
            ("sender report", [&[0x80, 200][..], &[0; 26]].concat(), NotRtp::Rtcp),
        ];
        for (name, bytes, why) in table {
            assert_eq!(read(&bytes), Err(why), "{name}");
        }
        assert_eq!(read(&datagram(0x20, &[], &[200])), Err(NotRtp::Malformed), "long padding");
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(packet) = read(&bytes) {
                prop_assert!(packet.payload.len() + HEADER <= bytes.len());
            }
        }
    }
}
