//! Nonce counts that were used, so that nobody answers twice with the same
//! (RFC 7616 §3.4.5, §5.12).

use std::collections::BTreeMap;

use super::nonce::Nonce;

/// Counts behind the highest one that may still come; datagrams overtake each
/// other.
const WINDOW: u32 = 64;

/// The counts of the newest nonces. Memory is bounded: the oldest nonces go
/// first, and none that is as old as those is taken any more.
#[derive(Debug)]
pub(super) struct Counts {
    used: BTreeMap<Nonce, Window>,
    /// At most so many nonces.
    bound: usize,
    /// The newest nonce that was dropped.
    dropped: Option<Nonce>,
}

/// The counts of one nonce.
#[derive(Debug, Default)]
struct Window {
    highest: u32,
    /// Bit n: `highest - n` was used.
    seen: u64,
}

/// May this one be used?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// Yes, and now it was.
    New,
    /// It was already, or so long ago that nobody knows.
    Again,
    /// The nonce's counts are kept no longer.
    Forgotten,
}

impl Counts {
    pub(super) fn new(bound: usize) -> Self {
        Self { used: BTreeMap::new(), bound, dropped: None }
    }

    /// Uses a nonce count. Without one, the nonce itself is used up (RFC 2069).
    pub(super) fn take(&mut self, nonce: Nonce, count: Option<u32>) -> Taken {
        let known = self.used.contains_key(&nonce);
        if !known && self.dropped.is_some_and(|dropped| nonce <= dropped) {
            return Taken::Forgotten;
        }
        let window = self.used.entry(nonce).or_default();
        let taken = match count {
            Some(count) => window.take(count),
            None if known => Taken::Again,
            None => {
                *window = Window { highest: u32::MAX, seen: u64::MAX };
                Taken::New
            }
        };
        while self.used.len() > self.bound {
            let Some((oldest, _)) = self.used.pop_first() else { break };
            self.dropped = self.dropped.max(Some(oldest));
        }
        taken
    }

    /// Forgets nonces that are too old to come again.
    pub(super) fn forget(&mut self, is_old: impl Fn(Nonce) -> bool) {
        while let Some(oldest) = self.used.first_entry()
            && is_old(*oldest.key())
        {
            oldest.remove();
        }
    }
}

impl Window {
    fn take(&mut self, count: u32) -> Taken {
        if count > self.highest {
            let step = count - self.highest;
            self.seen = self.seen.checked_shl(step).unwrap_or(0) | 1;
            self.highest = count;
            return Taken::New;
        }
        let behind = self.highest - count;
        let bit = 1_u64.checked_shl(behind).unwrap_or(0);
        if count == 0 || behind >= WINDOW || self.seen & bit != 0 {
            return Taken::Again;
        }
        self.seen |= bit;
        Taken::New
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::nonce::Nonces;
    use super::Taken::{Again, Forgotten, New};
    use super::*;

    fn nonces(count: u64) -> Vec<Nonce> {
        let start = Instant::now();
        let nonces = Nonces::new([1; 64], start);
        let text = |n| nonces.make(n, start + Duration::from_millis(n));
        (0..count).map(|n| nonces.read(&text(n)).unwrap()).collect()
    }

    #[test]
    fn each_count_counts_once_in_any_order_within_the_window() {
        let nonce = nonces(1)[0];
        let mut counts = Counts::new(8);
        let table = [
            (1, New),
            (1, Again),
            (3, New),
            (2, New),
            (2, Again),
            (0, Again),
            (100, New),
            (36, Again),
            (37, New),
            (37, Again),
            (u32::MAX, New),
            (u32::MAX, Again),
            (101, Again),
        ];
        for (count, taken) in table {
            assert_eq!(counts.take(nonce, Some(count)), taken, "{count}");
        }
    }

    #[test]
    fn without_counts_a_nonce_is_good_for_one_answer() {
        let nonce = nonces(1)[0];
        let mut counts = Counts::new(8);
        assert_eq!(counts.take(nonce, None), New);
        assert_eq!(counts.take(nonce, None), Again);
        assert_eq!(counts.take(nonce, Some(1)), Again);
    }

    #[test]
    fn what_was_dropped_is_never_taken_again() {
        let nonces = nonces(4);
        let mut counts = Counts::new(2);
        for nonce in [nonces[1], nonces[2], nonces[3]] {
            assert_eq!(counts.take(nonce, Some(1)), New);
        }
        assert_eq!(counts.used.len(), 2);
        assert_eq!(counts.take(nonces[1], Some(1)), Forgotten);
        assert_eq!(counts.take(nonces[0], Some(1)), Forgotten);
        assert_eq!(counts.take(nonces[2], Some(1)), Again);
        assert_eq!(counts.take(nonces[2], Some(2)), New);
        counts.forget(|nonce| nonce <= nonces[2]);
        assert_eq!(counts.used.len(), 1);
    }
}
