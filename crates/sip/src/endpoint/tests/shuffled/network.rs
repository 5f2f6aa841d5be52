//! Chance, and a network that loses, repeats and delays.

use std::time::Duration;

/// Numbers that look random and are the same for the same seed.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `end` - 1.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(super) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    pub(super) fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}

/// In one direction no more than that many messages are lost in a row: enough
/// for every repeat to matter, and not the end of all talk.
const LOST_IN_A_ROW: u8 = 3;

/// How one order's messages travel.
#[derive(Debug)]
pub(super) struct Network {
    loss: u64,
    twice: u64,
    slowest: u64,
    lost: [u8; 2],
}

impl Network {
    pub(super) fn new(dice: &mut Dice) -> Self {
        Self {
            loss: dice.one_of(&[0, 10, 35]),
            twice: dice.one_of(&[0, 10, 40]),
            // Less than T4, the longest that a message stays under way.
            slowest: dice.one_of(&[2, 300, 3000]),
            lost: [0; 2],
        }
    }

    /// After which times a message arrives; none: it is lost.
    pub(super) fn carry(&mut self, towards_us: bool, dice: &mut Dice) -> Vec<Duration> {
        let lost = &mut self.lost[usize::from(towards_us)];
        if *lost < LOST_IN_A_ROW && dice.chance(self.loss) {
            *lost += 1;
            return Vec::new();
        }
        *lost = 0;
        let copies = if dice.chance(self.twice) { 2 } else { 1 };
        (0..copies).map(|_| dice.millis(1, self.slowest + 1)).collect()
    }
}
