//! Tables that a crowd has made large are made small again when it has gone.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use super::task::Task;

/// Between two looks at them.
const EVERY: Duration = Duration::from_secs(5);
/// Entries that every table may have room for.
const FEW: usize = 1024;

impl Task {
    /// Gives back the room that is not used any more.
    pub(super) fn tidy(&mut self, now: Instant) {
        if self.tidied.is_some_and(|last| now.saturating_duration_since(last) < EVERY) {
            return;
        }
        self.tidied = Some(now);
        shrink(&mut self.server);
        shrink(&mut self.client);
        shrink(&mut self.ongoing);
        shrink(&mut self.calls);
        self.timers.shrink();
    }
}

/// Whether so few entries have far too much room.
pub(super) fn is_far_too_large(capacity: usize, entries: usize) -> bool {
    capacity > FEW && entries < capacity / 8
}

pub(super) fn shrink<K: Eq + Hash, V>(table: &mut HashMap<K, V>) {
    if is_far_too_large(table.capacity(), table.len()) {
        table.shrink_to(table.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back_when_most_have_gone() {
        let mut table: HashMap<u32, u32> = (0..100_000).map(|n| (n, n)).collect();
        shrink(&mut table);
        assert!(table.capacity() >= 100_000);
        table.retain(|n, _| *n < 100);
        shrink(&mut table);
        assert!(table.capacity() <= 1024, "{}", table.capacity());
        assert_eq!(table.len(), 100);
    }
}
