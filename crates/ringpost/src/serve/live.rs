//! The calls that are going on: their number is limited, and a report of one
//! of them waits for its end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ringpost_call::{Hearing, same_call};
use ringpost_model::{Ear, Stage, Timestamp};
use ringpost_sip::Door;
use tokio::sync::Notify;

/// One call as others may see it.
#[derive(Debug, Clone)]
pub struct LiveCall {
    /// Our id.
    pub id: String,
    /// SIP Call-ID.
    pub call_id: String,
    /// Who is called, user part; empty until it is known.
    pub subscriber: String,
    /// Every identifier of the call.
    pub identifiers: Vec<String>,
    /// The raw caller id.
    pub caller: String,
    /// How far it has come.
    pub stage: Stage,
    /// When it came.
    pub since: Timestamp,
}

impl LiveCall {
    fn hearing(&self) -> Hearing {
        Hearing {
            subscriber: self.subscriber.clone(),
            identifiers: self.identifiers.clone(),
            caller: self.caller.clone(),
            ear: Ear::Call,
            at: self.since,
        }
    }
}

/// Why a call found no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// The node's limit.
    Node,
    /// The subscriber's limit.
    Subscriber,
}

/// All live calls.
#[derive(Debug, Clone)]
pub struct LiveCalls {
    calls: Arc<Mutex<HashMap<String, LiveCall>>>,
    most: usize,
    most_each: usize,
    left: Arc<Notify>,
    /// Shut while all places are taken.
    door: Door,
    /// Calls that are over and wait for the journal.
    filing: Arc<AtomicUsize>,
}

impl LiveCalls {
    /// With the limits of the node and of each subscriber (0: none).
    pub fn new(most: usize, most_each: usize, door: Door) -> Self {
        let (calls, left, filing) = Default::default();
        Self { calls, most, most_each, left, door, filing }
    }

    /// Takes a place, given back when the guard is dropped.
    ///
    /// # Errors
    /// Which limit is reached.
    pub fn enter(&self, call: LiveCall) -> Result<Place, Full> {
        let mut calls = self.lock();
        if calls.len() >= self.most {
            return Err(Full::Node);
        }
        if self.most_each > 0
            && calls.values().filter(|live| live.subscriber == call.subscriber).count()
                >= self.most_each
        {
            return Err(Full::Subscriber);
        }
        let id = call.id.clone();
        calls.insert(id.clone(), call);
        if calls.len() < self.most {
            self.door.open()
        } else {
            self.door.shut()
        }
        drop(calls);
        Ok(Place { id, calls: self.clone() })
    }

    /// The id of the live call that `hearing` is about; one known by an
    /// identifier goes before one with the same parties.
    pub fn same_as(&self, hearing: &Hearing) -> Option<String> {
        let calls = self.lock();
        let mut same = calls.values().filter(|live| same_call(&live.hearing(), hearing));
        let first = same.next()?;
        let named = |live: &&LiveCall| {
            live.identifiers.iter().any(|identifier| hearing.identifiers.contains(identifier))
        };
        let best = if named(&first) { first } else { same.find(named).unwrap_or(first) };
        Some(best.id.clone())
    }

    /// A copy of all, oldest first.
    pub fn snapshot(&self) -> Vec<LiveCall> {
        let mut calls: Vec<LiveCall> = self.lock().values().cloned().collect();
        calls.sort_by(|a, b| a.id.cmp(&b.id));
        calls
    }

    /// Waits until the last one has ended.
    pub async fn ended(&self) {
        loop {
            let left = self.left.notified();
            if self.count() == 0 {
                return;
            }
            left.await;
        }
    }

    /// A call is over and waits for the journal as long as this value lives.
    pub fn filing(&self) -> Filing {
        self.filing.fetch_add(1, Ordering::Relaxed);
        Filing(Arc::clone(&self.filing))
    }

    /// How many do.
    pub fn being_filed(&self) -> usize {
        self.filing.load(Ordering::Relaxed)
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, LiveCall>> {
        // The map is whole after every statement, so a panic elsewhere leaves it usable.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one call.
#[derive(Debug)]
pub struct Place {
    id: String,
    calls: LiveCalls,
}

impl Place {
    /// The call is in that state; `true`: it has just come there.
    pub fn now_in(&self, stage: Stage) -> bool {
        let mut calls = self.calls.lock();
        let live = calls.get_mut(&self.id).filter(|live| live.stage != stage);
        live.map(|live| live.stage = stage).is_some()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut calls = self.calls.lock();
        calls.remove(&self.id);
        self.calls.door.open();
        drop(calls);
        self.calls.left.notify_waiters();
    }
}

/// A call that is over and not yet on stable storage.
#[derive(Debug)]
pub struct Filing(Arc<AtomicUsize>);

impl Drop for Filing {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: &str, subscriber: &str) -> LiveCall {
        LiveCall {
            id: id.into(),
            call_id: format!("{id}@example.com"),
            subscriber: subscriber.into(),
            identifiers: vec![format!("{id}@example.com")],
            caller: "+14255550142".into(),
            stage: Stage::Forwarded,
            since: Timestamp::from_millis(1_000_000),
        }
    }

    #[test]
    fn places_are_limited_and_come_back() {
        let live = LiveCalls::new(2, 1, Door::default());
        let alice = live.enter(call("1", "alice")).unwrap();
        assert_eq!(live.enter(call("2", "alice")).unwrap_err(), Full::Subscriber);
        let _bob = live.enter(call("3", "bob")).unwrap();
        assert_eq!(live.enter(call("4", "carol")).unwrap_err(), Full::Node);
        drop(alice);
        assert!(live.enter(call("5", "alice")).is_ok());
    }

    #[test]
    fn a_report_finds_the_live_call_by_an_identifier() {
        let live = LiveCalls::new(10, 0, Door::default());
        let _place = live.enter(call("1", "alice")).unwrap();
        let mut hearing = Hearing {
            subscriber: "Alice".into(),
            identifiers: vec!["1@example.com".into()],
            caller: String::new(),
            ear: Ear::Info,
            at: Timestamp::from_millis(1_060_000),
        };
        assert_eq!(live.same_as(&hearing), Some("1".into()));
        hearing.subscriber = "bob".into();
        assert_eq!(live.same_as(&hearing), None);
    }
}
