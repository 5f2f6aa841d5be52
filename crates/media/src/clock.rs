//! Time as media counts it: samples of 1/8000 s.

use std::time::Duration;

/// Samples a second of all sound in this crate.
pub const RATE: u32 = 8000;
/// Samples of one packet and one tick.
pub const FRAME: usize = 160;
/// One tick.
pub const TICK: Duration = Duration::from_millis(20);

/// A moment or a span in samples. Moments count from the engine's start.
pub type Samples = i64;

/// Samples in a span of time, rounded down.
pub fn samples(span: Duration) -> Samples {
    let whole = span.as_secs().saturating_mul(u64::from(RATE));
    let part = span.subsec_nanos() / (1_000_000_000 / RATE);
    Samples::try_from(whole.saturating_add(u64::from(part))).unwrap_or(Samples::MAX)
}

/// The time that so many samples take.
pub fn duration(samples: u64) -> Duration {
    Duration::from_micros(samples.saturating_mul(1_000_000) / u64::from(RATE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_eight_thousand_samples() {
        assert_eq!(samples(Duration::from_millis(1250)), 10_000);
        assert_eq!(samples(TICK), FRAME as Samples);
        assert_eq!(duration(71_360), Duration::from_millis(8920));
    }
}
