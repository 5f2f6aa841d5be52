//! What the peer sends under one key (RFC 3711 §3.3).

use ringpost_model::{SrtpKey, SrtpSuite};

use super::Refused;
use super::keys::SessionKeys;
use super::source::Source;
use crate::rtp;

/// Senders under one key; a telephone call has one, or a few in turn.
const SOURCES: usize = 16;

/// The receiving half of one key.
pub struct Receiver {
    suite: SrtpSuite,
    master: SrtpKey,
    keys: SessionKeys,
    sources: Vec<Source>,
}

impl Receiver {
    /// Nobody was heard under this key.
    pub fn new(suite: SrtpSuite, master: &SrtpKey) -> Option<Receiver> {
        let keys = SessionKeys::derive(suite, master)?;
        Some(Receiver { suite, master: *master, keys, sources: Vec::new() })
    }

    /// Whether it is that key.
    pub fn is_of(&self, suite: SrtpSuite, master: &SrtpKey) -> bool {
        (self.suite, self.master) == (suite, *master)
    }

    /// The senders heard under it.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Authenticates and decrypts a datagram, and gives the length of the RTP
    /// packet in it. `before`: the senders under the key before this one.
    ///
    /// # Errors
    /// [`Refused`]; the datagram is as it was then.
    pub fn open(&mut self, datagram: &mut [u8], before: &[Source]) -> Result<usize, Refused> {
        let (header, length) = rtp::read_header(datagram).map_err(|_| Refused::NotRtp)?;
        let end = datagram.len().checked_sub(self.keys.tag_length());
        let end = end.filter(|end| *end >= length).ok_or(Refused::Unauthentic)?;
        let (packet, tag) = datagram.split_at_mut_checked(end).ok_or(Refused::Unauthentic)?;
        let index = self.admit(header.ssrc, header.sequence, packet, tag, before);
        let index = index.ok_or(Refused::Unauthentic)?;
        if let Some(payload) = packet.get_mut(length..) {
            self.keys.crypt(header.ssrc, index, payload);
        }
        Ok(end)
    }

    /// The index of an authentic packet that was not seen before.
    fn admit(
        &mut self,
        ssrc: u32,
        sequence: u16,
        packet: &[u8],
        tag: &[u8],
        before: &[Source],
    ) -> Option<u64> {
        let keys = &self.keys;
        let is_authentic = |index: &u64| keys.is_tag(tag, packet, *index);
        if let Some(source) = self.sources.iter_mut().find(|source| source.ssrc == ssrc) {
            let index = source.index(sequence).filter(|index| !source.is_replay(*index))?;
            return is_authentic(&index).then(|| {
                source.file(index);
                index
            });
        }
        if self.sources.len() >= SOURCES {
            return None;
        }
        let index = first_indexes(before, ssrc, sequence).find(is_authentic)?;
        self.sources.push(Source::new(ssrc, index));
        Some(index)
    }
}

/// Where a sender may be that was not heard under this key: in its first turn, or
/// in the second where the packets before the wrap were lost, or, since the
/// roll-over counter outlives a key (§3.3.1), where it was under the last one.
fn first_indexes(before: &[Source], ssrc: u32, sequence: u16) -> impl Iterator<Item = u64> {
    let known = before.iter().find(|source| source.ssrc == ssrc);
    let went_on = known.and_then(|source| source.index(sequence)).filter(|index| *index > 0xffff);
    let first = u64::from(sequence);
    let second = (sequence < 0x8000).then_some(first | 0x1_0000);
    [Some(first), went_on, second].into_iter().flatten()
}
