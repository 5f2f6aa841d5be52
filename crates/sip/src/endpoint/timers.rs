//! One queue of deadlines for all transactions and calls.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};
use std::time::{Duration, Instant};

use super::tables::{is_far_too_large, shrink};
use crate::dialog::Tag;
use crate::transaction::Key;

/// A call is looked at by then, however far its own deadline is: its entry stays
/// when the call has ended, and session timers may run for a week.
const FARTHEST: Duration = Duration::from_secs(60);

/// Whose deadline it is.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// A server transaction.
    Server(Key),
    /// A client transaction.
    Client(Key),
    /// A request of ours that looks for somebody to answer it.
    Request(Tag),
    /// A registration of ours.
    Registration(Tag),
    /// The peer at that place of the configuration, which is asked by OPTIONS.
    Ping(usize),
    /// A call, whatever it waits for.
    Call(Tag),
}

/// Deadlines in order. Nothing is ever taken out early: who is woken looks at
/// its own deadline, and a stale entry is a map look-up that finds nothing due.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<Entry>>,
    /// The one entry of each call that counts. A call changes its deadline with
    /// every request, and its entries would pile up.
    calls: HashMap<Tag, Instant>,
    /// The time as last heard of.
    latest: Option<Instant>,
    /// Keeps entries of one instant in the order they were made.
    made: u64,
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    number: u64,
    target: Target,
}

impl Timers {
    /// Wakes `target` at `at`; a call perhaps earlier, and it asks again then.
    pub(super) fn arm(&mut self, mut at: Instant, target: Target) {
        if let Target::Call(tag) = &target {
            at = self.latest.map_or(at, |latest| at.min(latest + FARTHEST));
            if self.calls.get(tag).is_some_and(|armed| *armed <= at) {
                return;
            }
            self.calls.insert(*tag, at);
        }
        self.made += 1;
        self.heap.push(Reverse(Entry { at, number: self.made, target }));
    }

    /// Gives back room that is not used any more.
    pub(super) fn shrink(&mut self) {
        if is_far_too_large(self.heap.capacity(), self.heap.len()) {
            self.heap.shrink_to(self.heap.len() * 2);
        }
        shrink(&mut self.calls);
    }

    /// The earliest instant of all.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// Takes the earliest target, where it is due.
    pub(super) fn due(&mut self, now: Instant) -> Option<Target> {
        self.latest = Some(now);
        while self.next()? <= now {
            let Reverse(Entry { at, target, .. }) = self.heap.pop()?;
            match &target {
                // An earlier one took its place.
                Target::Call(tag) if self.calls.get(tag) != Some(&at) => {}
                Target::Call(tag) => {
                    self.calls.remove(tag);
                    return Some(target);
                }
                _ => return Some(target),
            }
        }
        None
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_come_due_in_order_and_not_before_their_time() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut timers = Timers::default();
        let tags: Vec<Tag> = (0..3).map(|_| Tag::random()).collect();
        for (ms, tag) in [(300, tags[0]), (100, tags[1]), (300, tags[2])] {
            timers.arm(at(ms), Target::Call(tag));
        }
        let mut due = |ms| match timers.due(at(ms)) {
            Some(Target::Call(tag)) => tags.iter().position(|known| *known == tag),
            _ => None,
        };
        let seen = [due(99), due(100), due(100), due(300), due(300), due(300)];
        assert_eq!(seen, [None, Some(1), None, Some(0), Some(2), None]);
    }

    #[test]
    fn a_call_is_woken_once_at_its_earliest() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut timers = Timers::default();
        let tag = Tag::random();
        for ms in [300, 200, 200, 400, 100, 500] {
            timers.arm(at(ms), Target::Call(tag));
        }
        assert!(timers.due(at(99)).is_none());
        assert!(timers.due(at(100)).is_some());
        assert!(timers.due(at(1000)).is_none());
        assert!(timers.heap.is_empty() && timers.calls.is_empty());
    }

    #[test]
    fn a_call_that_is_over_is_soon_forgotten() {
        let start = Instant::now();
        let mut timers = Timers::default();
        assert!(timers.due(start).is_none());
        timers.arm(start + Duration::from_secs(7 * 86_400), Target::Call(Tag::random()));
        assert!(timers.due(start + FARTHEST - Duration::from_millis(1)).is_none());
        assert!(timers.due(start + FARTHEST).is_some());
        assert!(timers.heap.is_empty() && timers.calls.is_empty());
    }
}
