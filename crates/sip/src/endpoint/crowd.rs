//! When more calls come than can be taken: those that are too many are refused
//! at once, by an answer that nothing is kept of, so that the others go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::incoming::Incoming;
use super::task::Task;
use crate::wire::Method;

/// How long a call may have waited to be read, well below T1 (RFC 3261
/// §17.1.1.1), after which everybody calls again.
const LATE: Duration = Duration::from_millis(150);
/// Arrivals that the house has not looked at, with the same meaning.
const WAITING: usize = 512;
/// Calls in a second that are handed to the house though it has no room: they get
/// the answer that is theirs, and they find out when there is room again.
const LOOKED_AT: u32 = 10;

/// Whether the house has room for calls. Clones are the same door.
#[derive(Debug, Clone, Default)]
pub struct Door(Arc<AtomicBool>);

impl Door {
    /// There is no room. Of further calls ten in a second are handed over; all
    /// others hear 503 with Retry-After.
    pub fn shut(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// There is room.
    pub fn open(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    fn is_shut(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the endpoint knows of it.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    pub(super) door: Door,
    /// How long the message that is being handled has waited.
    pub(super) waited: Duration,
    /// The second that is going on, and the calls handed over in it.
    second: Option<Instant>,
    looked_at: u32,
}

impl Crowd {
    /// Whether one more is handed over in this second.
    fn looks_at(&mut self, now: Instant) -> bool {
        let recent = |second: Instant| now.saturating_duration_since(second).as_secs() == 0;
        if !self.second.is_some_and(recent) {
            (self.second, self.looked_at) = (Some(now), 0);
        }
        self.looked_at += 1;
        self.looked_at <= LOOKED_AT
    }
}

impl Task {
    /// Whether this is a new call that is one too many.
    pub(super) fn turns_away(&mut self, incoming: &Incoming) -> bool {
        let waiting = self.arrivals.max_capacity().saturating_sub(self.arrivals.capacity());
        let busy = self.crowd.waited > LATE || waiting > WAITING;
        if !busy && !self.crowd.door.is_shut() {
            return false;
        }
        if incoming.request.method != Method::INVITE || incoming.request.tag_in_to().is_some() {
            return false;
        }
        if busy {
            self.counters.turned_away_busy.add();
            return true;
        }
        let refused = !self.crowd.looks_at(incoming.now);
        if refused {
            self.counters.turned_away_full.add();
        }
        refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_in_a_second_are_looked_at() {
        let (mut crowd, start) = (Crowd::default(), Instant::now());
        for second in 0..3 {
            let now = start + Duration::from_secs(second);
            assert_eq!((0..1000).filter(|_| crowd.looks_at(now)).count(), 10);
            assert!(!crowd.looks_at(now + Duration::from_millis(999)));
        }
    }
}
