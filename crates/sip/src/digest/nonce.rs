//! Our own nonces: time, chance, and a mark over both that only we can make, so
//! that a nonce is known without having been kept (RFC 7616 §3.3).

use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A nonce of ours. In the order of their making.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Nonce {
    /// Milliseconds from the start to its making.
    made: u64,
    random: u64,
}

/// Makes nonces and knows them again.
pub(super) struct Nonces {
    mac: Hmac<Sha256>,
    start: Instant,
}

impl Nonces {
    /// With a secret key; nonces made under another one are not ours.
    pub(super) fn new(key: [u8; 64], start: Instant) -> Self {
        Self { mac: Hmac::new(&key.into()), start }
    }

    /// 64 hex digits.
    pub(super) fn make(&self, random: u64, now: Instant) -> String {
        let nonce = Nonce { made: self.elapsed(now), random };
        format!("{:016x}{:016x}{:032x}", nonce.made, nonce.random, self.mark(nonce))
    }

    /// `None`: none of ours.
    pub(super) fn read(&self, text: &str) -> Option<Nonce> {
        let shaped =
            text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !shaped {
            return None;
        }
        let (made, rest) = text.split_at_checked(16)?;
        let (random, mark) = rest.split_at_checked(16)?;
        let made = u64::from_str_radix(made, 16).ok()?;
        let random = u64::from_str_radix(random, 16).ok()?;
        let mark = u128::from_str_radix(mark, 16).ok()?;
        let nonce = Nonce { made, random };
        let known = self.fed(nonce).verify_truncated_left(&mark.to_be_bytes());
        known.ok().map(|()| nonce)
    }

    pub(super) fn age(&self, nonce: Nonce, now: Instant) -> Duration {
        Duration::from_millis(self.elapsed(now).saturating_sub(nonce.made))
    }

    /// Are both the same text? Takes as long for any other text of that length,
    /// so that no peer finds out by the clock how much of it was right.
    pub(super) fn same(&self, one: &str, other: &str) -> bool {
        let mac = |text: &str| self.mac.clone().chain_update(text.as_bytes());
        mac(one).verify(&mac(other).finalize().into_bytes()).is_ok()
    }

    fn elapsed(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX)
    }

    fn fed(&self, nonce: Nonce) -> Hmac<Sha256> {
        let mac = self.mac.clone().chain_update(nonce.made.to_be_bytes());
        mac.chain_update(nonce.random.to_be_bytes())
    }

    /// The left half of the authentication code.
    fn mark(&self, nonce: Nonce) -> u128 {
        let code = self.fed(nonce).finalize().into_bytes();
        code.iter().take(16).fold(0, |mark, byte| mark << 8 | u128::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_are_known_with_their_age_and_others_are_not() {
        let start = Instant::now();
        let nonces = Nonces::new([7; 64], start);
        let made = start + Duration::from_secs(3);
        let text = nonces.make(u64::MAX, made);
        let nonce = nonces.read(&text).unwrap();
        assert_eq!(nonces.age(nonce, made + Duration::from_secs(9)), Duration::from_secs(9));
        assert_eq!(Nonces::new([8; 64], start).read(&text), None);
        for at in [0, 15, 16, 31, 32, 63] {
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(nonces.read(std::str::from_utf8(&other).unwrap()), None, "{at}");
        }
        for text in ["", "0", &text[..63], &text.to_uppercase(), &format!("{text}0")] {
            assert_eq!(nonces.read(text), None, "{text}");
        }
    }

    #[test]
    fn same_means_the_whole_text() {
        let nonces = Nonces::new([7; 64], Instant::now());
        for (one, other, same) in
            [("abc", "abc", true), ("abc", "abd", false), ("ab", "abc", false)]
        {
            assert_eq!(nonces.same(one, other), same);
        }
    }
}
