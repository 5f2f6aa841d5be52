//! What two hundred callers do before the kill, dealt at random: each is to be
//! found at some moment of his call's life when it comes.

use std::time::Duration;

use ringpost_tests::load::{CallPlan, Kind};

/// From the answer to the end of the beep: 300 ms, the greeting that the test
/// gives its users, and 0.4 s of beep.
const GREETED: f64 = 0.3 + super::house::GREETING + 0.4;
/// Frames of a caller who still speaks when the kill comes.
const ON_AND_ON: u16 = 600;
const FRAMES: f64 = 50.0;

/// Numbers by chance: the same for the same seed, for ever (xorshift64*).
pub struct Chance(u64);

impl Chance {
    /// Another sequence for each round of a seed.
    pub fn new(seed: u64, round: u64) -> Self {
        let mut chance = Self((seed ^ round.wrapping_mul(0x9e37_79b9_7f4a_7c15)).max(1));
        for _ in 0..8 {
            chance.next();
        }
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Somewhere in between.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.next() >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

/// A caller who is never answered, and a front end.
#[derive(Debug, Clone, Copy)]
pub struct Unanswered {
    /// When his INVITE comes; without one, nothing but the front end's report
    /// tells of the call.
    pub rings: Option<Duration>,
    /// When the front end reports him, again and again until it is answered.
    pub reported: Option<Duration>,
}

/// All of one round.
pub struct Lives {
    /// When the kill comes, from the beginning of the round.
    pub kill: Duration,
    /// When it is killed once more, from its restart: before it is ready, mostly.
    pub stumble: Option<Duration>,
    /// Who is answered, in the order in which they call.
    pub spoken: Vec<CallPlan>,
    /// Who is not.
    pub unanswered: Vec<Unanswered>,
}

impl Lives {
    /// Deals so many.
    pub fn deal(chance: &mut Chance, count: usize) -> Self {
        let kill = chance.between(7.0, 9.0);
        let stumble = seconds(chance.between(0.0, 0.3));
        let mut lives = Self {
            kill: seconds(kill),
            stumble: (chance.between(0.0, 2.0) < 1.0).then_some(stumble),
            spoken: Vec::new(),
            unanswered: Vec::new(),
        };
        for _ in 0..count {
            match chance.between(0.0, 100.0) {
                ..5.0 => lives.rings(kill - chance.between(0.02, 4.0), None),
                ..15.0 => {
                    let rings = kill - chance.between(0.5, 4.0);
                    // Some reports come while it rings, some after the restart.
                    let reported = (rings + 0.2).max(kill + chance.between(-2.0, 3.0));
                    lives.rings(rings, Some(reported));
                }
                ..25.0 => {
                    let reported = Some(seconds(kill + chance.between(-1.0, 1.0)));
                    lives.unanswered.push(Unanswered { rings: None, reported });
                }
                // In the greeting.
                ..45.0 => lives.speaks(kill - chance.between(0.0, GREETED), ON_AND_ON),
                // Recording.
                ..70.0 => lives.speaks(kill - GREETED - chance.between(0.0, 4.5), ON_AND_ON),
                // Just hung up: the message is made safe, or on its way.
                ..85.0 => lives.hung_up(kill - chance.between(-0.05, 0.4), chance),
                // The mail is in hand, or settled.
                _ => lives.hung_up(kill - chance.between(0.4, 3.0), chance),
            }
        }
        lives.spoken.sort_by_key(|call| call.begin);
        lives
    }

    fn rings(&mut self, at: f64, reported: Option<f64>) {
        let (rings, reported) = (Some(seconds(at)), reported.map(seconds));
        self.unanswered.push(Unanswered { rings, reported });
    }

    fn speaks(&mut self, at: f64, frames: u16) {
        self.spoken.push(CallPlan { kind: Kind::Spoken { frames }, begin: seconds(at) });
    }

    /// A third of those who hang up do so in the greeting.
    fn hung_up(&mut self, at: f64, chance: &mut Chance) {
        let spoken = if chance.between(0.0, 3.0) < 1.0 {
            chance.between(0.1, GREETED - 0.6)
        } else {
            GREETED - 0.3 + chance.between(1.5, 3.5)
        };
        self.speaks(at - spoken - 0.3, (spoken * FRAMES) as u16);
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.max(0.0))
}
