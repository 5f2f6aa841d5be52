//! When a mail that could not be handed over is tried again. Pure: `now` and
//! the dice are arguments.

use std::time::Duration;

use ringpost_model::Timestamp;

/// First attempt at once, then after `first`, doubling up to `most`, each wait
/// spread by ± `spread`, until `give_up` after the first attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct RetrySchedule {
    /// Wait after the first failed attempt.
    pub first: Duration,
    /// Longest wait.
    pub most: Duration,
    /// Share of the wait by which it is spread both ways, 0 to 1.
    pub spread: f64,
    /// Time from the first attempt to the last.
    pub give_up: Duration,
}

impl Default for RetrySchedule {
    /// 5 s doubling to 30 min, ± 20 %, for 4 days (RFC 5321 §4.5.4.1 asks for 4 to 5).
    fn default() -> Self {
        Self {
            first: Duration::from_secs(5),
            most: Duration::from_secs(30 * 60),
            spread: 0.2,
            give_up: Duration::from_secs(4 * 24 * 3600),
        }
    }
}

impl RetrySchedule {
    /// The moment of the next attempt after `attempts` failed ones, the first of
    /// them at `first_at`; `None` when it is time to give up. The last attempt
    /// falls on the very end of the period. `jitter` (0 to 1) places the moment
    /// inside the spread.
    pub fn next(
        &self,
        attempts: u32,
        first_at: Timestamp,
        now: Timestamp,
        jitter: f64,
    ) -> Option<Timestamp> {
        if attempts == 0 {
            return Some(now);
        }
        let end = first_at.plus(self.give_up);
        if now >= end {
            return None;
        }
        let doublings = (attempts - 1).min(30);
        let wait = self.first.saturating_mul(1 << doublings).min(self.most);
        let place = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.5 };
        let factor = 1.0 + self.spread.clamp(0.0, 1.0) * (2.0 * place - 1.0);
        Some(now.plus(wait.mul_f64(factor)).min(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn wait(attempts: u32, jitter: f64) -> u128 {
        let next = RetrySchedule::default().next(attempts, FIRST, FIRST, jitter).unwrap();
        next.since(FIRST).as_millis()
    }

    #[test]
    fn waits_double_from_five_seconds_to_half_an_hour() {
        for (attempts, seconds) in
            [(0, 0), (1, 5), (2, 10), (3, 20), (9, 1280), (10, 1800), (11, 1800), (u32::MAX, 1800)]
        {
            assert_eq!(wait(attempts, 0.5), seconds * 1000, "after {attempts}");
        }
    }

    #[test]
    fn each_wait_is_spread_by_a_fifth() {
        for (jitter, millis) in
            [(0.0, 4000), (1.0, 6000), (-3.0, 4000), (7.0, 6000), (f64::NAN, 5000)]
        {
            assert_eq!(wait(1, jitter), millis, "jitter {jitter}");
        }
    }

    #[test]
    fn the_last_attempt_falls_on_the_end_of_the_fourth_day() {
        let schedule = RetrySchedule::default();
        let end = FIRST.plus(Duration::from_secs(4 * 24 * 3600));
        let shortly_before = end.minus(Duration::from_secs(60));
        assert_eq!(schedule.next(200, FIRST, shortly_before, 0.5), Some(end));
        assert_eq!(schedule.next(201, FIRST, end, 0.5), None);
        assert_eq!(schedule.next(201, FIRST, end.plus(Duration::from_secs(1)), 0.5), None);
    }
}
