//! Calls that are refused: in the ledger as far as somebody would read it there,
//! in the metrics all of them, and in the log as a number now and then, with what
//! can be done about it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ringpost_model::Why;

use super::filing::count_many;
use super::node::Node;

/// Refused calls in a second that get a row of their own in the ledger.
const ROWS: u32 = 10;
/// Between two lines of the log.
const EVERY: Duration = Duration::from_secs(5);

/// Why there is no room for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NoRoom {
    /// `limits.calls` are going on.
    #[default]
    Places,
    /// The journal takes no commits.
    Journal,
    /// No port or no open file is left for its sound.
    Sound,
}

/// What was refused so far.
#[derive(Debug, Default)]
pub struct TurnedAway {
    /// Of those that SIP refused by itself, how many are in the metrics.
    counted: AtomicU64,
    said: Mutex<Said>,
}

/// What the log has not said yet.
#[derive(Debug, Default)]
struct Said {
    /// Refused by the house for want of room, and the latest reason.
    by_house: u64,
    reason: NoRoom,
    /// Readings of SIP's counters at the last line.
    full: u64,
    busy: u64,
}

impl TurnedAway {
    /// One call was looked at, and there is no room for it.
    pub fn note(&self, reason: NoRoom) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.by_house += 1;
        said.reason = reason;
    }

    /// Brings what SIP refused by itself into the metrics.
    pub fn count(&self, node: &Node) {
        let sip = node.endpoint.statistics();
        let all = sip.turned_away_full + sip.turned_away_busy;
        let before = self.counted.fetch_max(all, Ordering::Relaxed);
        count_many("silent", Why::Refused(503).as_str(), all.saturating_sub(before));
    }

    fn tell(&self, node: &Node) {
        let sip = node.endpoint.statistics();
        let (full, busy, reason) = {
            let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            let full = sip.turned_away_full - said.full + said.by_house;
            let busy = sip.turned_away_busy - said.busy;
            let reason = said.reason;
            (said.full, said.busy) = (sip.turned_away_full, sip.turned_away_busy);
            said.by_house = 0;
            (full, busy, reason)
        };
        if busy > 0 {
            tracing::warn!(
                refused = busy,
                "calls were refused with 503: more came in than could be answered in time; \
                 give this machine more processor time, or let another one take a part"
            );
        }
        if full > 0 {
            tell_of_no_room(node, full, reason);
        }
    }
}

fn tell_of_no_room(node: &Node, refused: u64, reason: NoRoom) {
    let (calls, filing) = (node.settings.limits.calls, node.live.being_filed());
    match reason {
        NoRoom::Places if filing * 2 > calls => tracing::warn!(
            refused,
            filing,
            "calls were refused with 503: calls that are over keep their places until the disk \
             has them, and it is slow; look who else uses the disk of state.dir, or get a faster one"
        ),
        NoRoom::Places => tracing::warn!(
            refused,
            calls,
            "calls were refused with 503: all places are taken; raise limits.calls where the \
             machine has room for more, or let another one take a part"
        ),
        NoRoom::Journal => tracing::warn!(
            refused,
            "calls were refused with 503: the journal takes no commits; a line at error says why"
        ),
        NoRoom::Sound => tracing::warn!(
            refused,
            "calls were refused with 503: there is no port or no open file left for their sound; \
             widen media.ports, or raise LimitNOFILE of the service"
        ),
    }
}

/// Tells of refused calls every few seconds, where there were any, until it is
/// dropped.
pub async fn run(node: Arc<Node>) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tick.tick().await;
        node.turned_away.count(&node);
        node.turned_away.tell(&node);
    }
}

/// Rows for the ledger: a few in each second.
#[derive(Debug, Default)]
pub struct Rows {
    second: Option<Instant>,
    written: u32,
}

impl Rows {
    /// Whether one more is written.
    pub fn has_room(&mut self, now: Instant) -> bool {
        let recent = |second: Instant| now.saturating_duration_since(second).as_secs() == 0;
        if !self.second.is_some_and(recent) {
            *self = Self { second: Some(now), written: 0 };
        }
        self.written += 1;
        self.written <= ROWS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_ten_rows_a_second() {
        let (mut rows, start) = (Rows::default(), Instant::now());
        for second in 0..3 {
            let now = start + Duration::from_secs(second);
            assert_eq!((0..1000).filter(|_| rows.has_room(now)).count(), 10);
        }
    }
}
