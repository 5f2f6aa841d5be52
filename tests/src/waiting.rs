//! Bounded waits: look until it is so, or fail and say what never came.

use std::time::{Duration, Instant};

/// How often a condition is looked at that nobody can announce.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Looks until `look` gives something; fails the test after `within`.
pub fn until<T>(what: &str, within: Duration, look: impl FnMut() -> Option<T>) -> T {
    patiently(within, look).unwrap_or_else(|| panic!("waited {within:?} in vain for {what}"))
}

/// Looks until `look` gives something; `None` after `within`.
pub fn patiently<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        pass(LOOK_EVERY);
    }
}

/// Lets `span` go by, where the span itself is what the story is about (a
/// caller who rings for two seconds, a promise of 100 ms).
pub fn pass(span: Duration) {
    pass_until(Instant::now() + span);
}

/// The same up to a moment.
pub fn pass_until(deadline: Instant) {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::park_timeout(left);
    }
}
