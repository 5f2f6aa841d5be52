//! The order of packets by sequence number (RFC 3550 appendix A.1).

/// A step forward that is still a loss and not another stream.
const MAX_DROPOUT: u16 = 3000;
/// How far back a packet may come late.
const WINDOW: u16 = 64;

/// What a sequence number says of its packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Later than all before.
    Newer,
    /// Overtaken by others on the way.
    Older,
    /// Seen already, or too old to tell.
    Duplicate,
    /// Far away from all others; dropped unless the next one follows on it.
    Stray,
    /// The second one of a row of strays: the sender has started anew.
    Restart,
}

/// The sequence numbers seen of one source.
#[derive(Debug, Default)]
pub struct Sequence {
    highest: Option<u16>,
    /// Bit n: `highest - n` was seen.
    seen: u64,
    /// What would follow on the last stray.
    restart: Option<u16>,
}

impl Sequence {
    /// Files `number`.
    pub fn file(&mut self, number: u16) -> Order {
        let Some(highest) = self.highest else {
            self.begin(number);
            return Order::Newer;
        };
        let ahead = number.wrapping_sub(highest);
        let behind = highest.wrapping_sub(number);
        if (1..MAX_DROPOUT).contains(&ahead) {
            self.seen = self.seen.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            self.highest = Some(number);
            self.restart = None;
            return Order::Newer;
        }
        if behind < WINDOW {
            let bit = 1 << behind;
            let known = self.seen & bit != 0;
            self.seen |= bit;
            return if known { Order::Duplicate } else { Order::Older };
        }
        if self.restart == Some(number) {
            self.begin(number);
            return Order::Restart;
        }
        self.restart = Some(number.wrapping_add(1));
        Order::Stray
    }

    fn begin(&mut self, number: u16) {
        *self = Self { highest: Some(number), seen: 1, restart: None };
    }
}

#[cfg(test)]
mod tests {
    use super::Order::{Duplicate, Newer, Older, Restart, Stray};
    use super::*;

    #[test]
    fn packets_are_told_apart() {
        let table: [(&str, &[(u16, Order)]); 5] = [
            ("wraps", &[(65534, Newer), (65535, Newer), (0, Newer), (65535, Duplicate)]),
            ("swapped", &[(10, Newer), (12, Newer), (11, Older), (11, Duplicate)]),
            ("lost", &[(10, Newer), (110, Newer), (60, Older), (40, Stray)]),
            ("one stray", &[(10, Newer), (40_000, Stray), (11, Newer), (12, Newer)]),
            ("restart", &[(10, Newer), (40_000, Stray), (40_001, Restart), (40_002, Newer)]),
        ];
        for (name, packets) in table {
            let mut sequence = Sequence::default();
            for (number, order) in packets {
                assert_eq!(sequence.file(*number), *order, "{name}: {number}");
            }
        }
    }
}
