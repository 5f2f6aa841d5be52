//! The packet index of one sender, and which packets of it were seen (RFC 3711
//! §3.3.1, §3.3.2).

/// Packets behind the newest one that may still come, each once.
const WINDOW: u64 = 64;

/// One sender, named by its SSRC. Known only by packets that were authentic.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    pub ssrc: u32,
    /// Index of the newest packet: roll-over counter and sequence number.
    highest: u64,
    /// Bit n: `highest - n` was seen.
    seen: u64,
}

impl Source {
    /// A sender whose first packet heard is that one.
    pub fn new(ssrc: u32, index: u64) -> Source {
        Source { ssrc, highest: index, seen: 1 }
    }

    /// The index nearest to the newest packet that has this sequence number
    /// (appendix A). `None`: it would lie before the first turn.
    pub fn index(&self, sequence: u16) -> Option<u64> {
        let highest = self.highest as u16;
        let turn = self.highest & !0xffff;
        let turn = match sequence.wrapping_sub(highest) {
            // Ahead, perhaps past the wrap.
            0..0x8000 if sequence < highest => turn.checked_add(0x1_0000)?,
            0x8000.. if sequence > highest => turn.checked_sub(0x1_0000)?,
            _ => turn,
        };
        (turn < 1 << 48).then_some(turn | u64::from(sequence))
    }

    /// Seen already, or too old to tell.
    pub fn is_replay(&self, index: u64) -> bool {
        match self.highest.checked_sub(index) {
            None => false,
            Some(behind) => behind >= WINDOW || self.seen & (1 << behind) != 0,
        }
    }

    /// Remembers an authentic packet.
    pub fn file(&mut self, index: u64) {
        if let Some(behind) = self.highest.checked_sub(index) {
            self.seen |= 1_u64.checked_shl(u32::try_from(behind).unwrap_or(64)).unwrap_or(0);
            return;
        }
        let ahead = u32::try_from(index - self.highest).unwrap_or(64);
        self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
        self.highest = index;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_the_nearest_one() {
        let table = [
            (5, 6, Some(6)),
            (5, 4, Some(4)),
            (0, 0xffff, None),
            (0x7000, 0xf001, None),
            (0xffff, 0, Some(0x1_0000)),
            (0x1_0000, 0xffff, Some(0xffff)),
            (0x1_0002, 0xfffe, Some(0xfffe)),
            (0x3_fff0, 7, Some(0x4_0007)),
            (0x3_8000, 0xffff, Some(0x3_ffff)),
            (0x3_8000, 1, Some(0x3_0001)),
            (0xffff_ffff_ffff, 0, None),
        ];
        for (highest, sequence, expected) in table {
            assert_eq!(
                Source::new(1, highest).index(sequence),
                expected,
                "{highest:x} {sequence:x}"
            );
        }
    }

    #[test]
    fn each_packet_counts_once_and_an_old_one_never() {
        let mut source = Source::new(1, 1000);
        assert!(source.is_replay(1000));
        for (index, replay) in
            [(1001, false), (1001, true), (1003, false), (1002, false), (1002, true)]
        {
            assert_eq!(source.is_replay(index), replay, "{index}");
            source.file(index);
        }
        assert!(!source.is_replay(1003 - 63) && source.is_replay(1003 - 64));
        source.file(1003 + 63);
        assert!(source.is_replay(1003) && source.is_replay(1002));
        source.file(2000);
        assert!(source.is_replay(1066) && !source.is_replay(1999));
    }
}
