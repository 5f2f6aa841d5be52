//! SRTP (RFC 3711) for the two streams of a call: AES in counter mode and
//! HMAC-SHA1, with keys from the signalling.
//!
//! Packets are protected and opened where they lie, without an allocation. A
//! packet changes nothing here before its tag is verified: nobody without the key
//! can fill our memory with senders, or move a replay window.

mod keys;
mod source;

use std::fmt;

use ringpost_model::Srtp;

use crate::rtp;
use keys::SessionKeys;
use source::Source;

pub use keys::LONGEST_TAG;

/// Senders under one key; a telephone call has one, or a few in turn.
const SOURCES: usize = 16;

/// Both streams of a call.
pub struct Protection {
    keys: Srtp,
    sending: SessionKeys,
    receiving: SessionKeys,
    sources: Vec<Source>,
    /// Those under the key before this one.
    before: Vec<Source>,
}

/// Why a datagram is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No RTP at all.
    NotRtp,
    /// Not from the holder of the key, or not for the first time.
    Unauthentic,
}

impl Protection {
    /// The first keys of a call, or in place of `old` others or the same ones:
    /// with the same key of the peer, what was heard is remembered. `None` cannot
    /// happen, see [`SessionKeys::derive`].
    pub fn new(keys: &Srtp, old: Option<Box<Protection>>) -> Option<Box<Protection>> {
        if old.as_ref().is_some_and(|old| old.keys == *keys) {
            return old;
        }
        let sending = SessionKeys::derive(keys.suite, &keys.local)?;
        let receiving = SessionKeys::derive(keys.suite, &keys.remote)?;
        let (sources, before) = match old {
            Some(old) if (old.keys.suite, old.keys.remote) == (keys.suite, keys.remote) => {
                (old.sources, old.before)
            }
            Some(old) => (Vec::new(), old.sources),
            None => (Vec::new(), Vec::new()),
        };
        Some(Box::new(Protection { keys: *keys, sending, receiving, sources, before }))
    }

    /// Encrypts the packet with that index, which never comes again under the same
    /// key, and fills the tag. Returns the octets of the tag that are to be sent.
    pub fn protect(&self, packet: &mut [u8], tag: &mut [u8; LONGEST_TAG], index: u64) -> usize {
        let Ok((header, length)) = rtp::read_header(packet) else { return 0 };
        if let Some(payload) = packet.get_mut(length..) {
            self.sending.crypt(header.ssrc, index, payload);
        }
        tag.iter_mut().zip(self.sending.tag(packet, index)).for_each(|(to, octet)| *to = octet);
        self.sending.tag_length()
    }

    /// Authenticates and decrypts a datagram, and gives the RTP packet in it.
    ///
    /// # Errors
    /// [`Refused`]; the datagram is as it was then.
    pub fn open<'a>(&mut self, datagram: &'a mut [u8]) -> Result<&'a [u8], Refused> {
        let (header, length) = rtp::read_header(datagram).map_err(|_| Refused::NotRtp)?;
        let end = datagram.len().checked_sub(self.receiving.tag_length());
        let end = end.filter(|end| *end >= length).ok_or(Refused::Unauthentic)?;
        let (packet, tag) = datagram.split_at_mut_checked(end).ok_or(Refused::Unauthentic)?;
        let index = self.admit(header.ssrc, header.sequence, packet, tag);
        let index = index.ok_or(Refused::Unauthentic)?;
        if let Some(payload) = packet.get_mut(length..) {
            self.receiving.crypt(header.ssrc, index, payload);
        }
        Ok(packet)
    }

    /// The index of an authentic packet that was not seen before.
    fn admit(&mut self, ssrc: u32, sequence: u16, packet: &[u8], tag: &[u8]) -> Option<u64> {
        let receiving = &self.receiving;
        let is_authentic = |index: &u64| receiving.is_tag(tag, packet, *index);
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
        let index = first_indexes(&self.before, ssrc, sequence).find(is_authentic)?;
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

impl fmt::Debug for Protection {
    /// Without the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protection").field("suite", &self.keys.suite).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
