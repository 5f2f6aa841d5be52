//! SRTP (RFC 3711) for the two streams of a call: AES in counter mode and
//! HMAC-SHA1, with keys from the signalling.
//!
//! Packets are protected and opened where they lie, without an allocation. A
//! packet changes nothing here before its tag is verified: nobody without the key
//! can fill our memory with senders, or move a replay window.

mod keys;
mod receiver;
mod source;

use std::fmt;

use ringpost_model::Srtp;

use crate::rtp;
use keys::SessionKeys;
use receiver::Receiver;

pub use keys::LONGEST_TAG;

/// Both streams of a call.
pub struct Protection {
    keys: Srtp,
    sending: SessionKeys,
    receiving: Receiver,
    /// Of the peer's last key: it counts until the new one is heard, so that what is
    /// on its way while keys change is not lost.
    before: Option<Receiver>,
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
        let sending = SessionKeys::derive(keys.suite, &keys.local)?;
        let (receiving, before) = match old.map(|old| (old.receiving, old.before)) {
            Some((same, before)) if same.is_of(keys.suite, &keys.remote) => (same, before),
            last => (Receiver::new(keys.suite, &keys.remote)?, last.map(|(last, _)| last)),
        };
        Some(Box::new(Protection { keys: *keys, sending, receiving, before }))
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
        let before = self.before.as_ref().map_or(&[][..], Receiver::sources);
        let is_new = self.receiving.sources().is_empty();
        let opened = match (self.receiving.open(datagram, before), &mut self.before) {
            (Err(Refused::Unauthentic), Some(last)) if is_new => last.open(datagram, &[]),
            (opened, _) => opened,
        };
        opened.map(|length| datagram.get(..length).unwrap_or_default())
    }
}

impl fmt::Debug for Protection {
    /// Without the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protection").field("suite", &self.keys.suite).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
