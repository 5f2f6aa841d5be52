//! Many short times in little memory.

use std::time::Duration;

const STEP_MICROS: usize = 10;
const STEPS: usize = 10_000;

/// Counts of times in steps of 10 µs up to 0.1 s, and the longest.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u32>,
    total: u64,
    longest: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; STEPS], total: 0, longest: Duration::ZERO }
    }
}

impl Histogram {
    /// Counts one more.
    pub fn add(&mut self, time: Duration) {
        let step = (time.as_micros() as usize / STEP_MICROS).min(STEPS - 1);
        self.counts[step] += 1;
        self.total += 1;
        self.longest = self.longest.max(time);
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The longest.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// The time that this share of them (0 to 1) does not go beyond; exact to a step.
    pub fn quantile(&self, share: f64) -> Duration {
        let wanted = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (step, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= wanted.max(1) {
                let up_to = Duration::from_micros(((step + 1) * STEP_MICROS) as u64);
                return up_to.min(self.longest);
            }
        }
        self.longest
    }
}
