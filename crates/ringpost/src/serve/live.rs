//! The calls that are going on: their number is limited, and a report of one
//! of them waits for its end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ringpost_call::{Hearing, same_call};
use ringpost_model::{CallRecord, Ear, Stage};
use ringpost_sip::Door;
use tokio::sync::Notify;

/// One call as others may see it.
#[derive(Debug, Clone)]
pub struct LiveCall {
    /// What was known when it came; its subscriber is known.
    pub record: Arc<CallRecord>,
    /// How far it has come.
    pub stage: Stage,
}

impl LiveCall {
    /// Who is called, user part.
    pub fn subscriber(&self) -> &str {
        self.record.subscriber.as_ref().map_or("", |subscriber| &subscriber.user)
    }

    fn hearing(&self) -> Hearing {
        Hearing {
            subscriber: self.subscriber().to_owned(),
            identifiers: self.record.identifiers.clone(),
            caller: self.record.caller.raw().to_owned(),
            ear: Ear::Call,
            at: self.record.received,
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
    calls: Arc<Mutex<Calls>>,
    most: usize,
    most_each: usize,
    left: Arc<Notify>,
    /// Shut while all places are taken.
    door: Door,
    /// Calls that are over and wait for the journal.
    filing: Arc<AtomicUsize>,
}

/// By the number of their place.
#[derive(Debug, Default)]
struct Calls {
    all: HashMap<u64, LiveCall>,
    /// The places of each subscriber, in lower case.
    of: HashMap<String, Vec<u64>>,
    last: u64,
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
        if calls.all.len() >= self.most {
            return Err(Full::Node);
        }
        let user = call.subscriber().to_lowercase();
        let his = calls.of.get(&user).map_or(0, Vec::len);
        if self.most_each > 0 && his >= self.most_each {
            return Err(Full::Subscriber);
        }
        calls.last += 1;
        let number = calls.last;
        calls.all.insert(number, call);
        calls.of.entry(user.clone()).or_default().push(number);
        if calls.all.len() < self.most {
            self.door.open()
        } else {
            self.door.shut()
        }
        drop(calls);
        Ok(Place { number, user, calls: self.clone() })
    }

    /// The id of the live call that `hearing` is about; one known by an
    /// identifier goes before one with the same parties.
    pub fn same_as(&self, hearing: &Hearing) -> Option<String> {
        let calls = self.lock();
        let his = calls.of.get(&hearing.subscriber.to_lowercase())?;
        let his = his.iter().filter_map(|number| calls.all.get(number));
        let mut same = his.filter(|live| same_call(&live.hearing(), hearing));
        let first = same.next()?;
        let named = |live: &&LiveCall| {
            let mut names = live.record.identifiers.iter();
            names.any(|identifier| hearing.identifiers.contains(identifier))
        };
        let best = if named(&first) { first } else { same.find(named).unwrap_or(first) };
        Some(best.record.id.clone())
    }

    /// A copy of all, oldest first.
    pub fn snapshot(&self) -> Vec<LiveCall> {
        let mut calls: Vec<LiveCall> = self.lock().all.values().cloned().collect();
        calls.sort_by(|a, b| a.record.id.cmp(&b.record.id));
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
        self.lock().all.len()
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        // The maps fit each other where a panic may come, so it leaves them usable.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one call.
#[derive(Debug)]
pub struct Place {
    number: u64,
    /// Whose it is, in lower case.
    user: String,
    calls: LiveCalls,
}

impl Place {
    /// The call is in that state; `true`: it has just come there.
    pub fn now_in(&self, stage: Stage) -> bool {
        let mut calls = self.calls.lock();
        let live = calls.all.get_mut(&self.number).filter(|live| live.stage != stage);
        live.map(|live| live.stage = stage).is_some()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut calls = self.calls.lock();
        let gone = calls.all.remove(&self.number);
        if let Some(his) = calls.of.get_mut(&self.user) {
            his.retain(|number| *number != self.number);
            if his.is_empty() {
                calls.of.remove(&self.user);
            }
        }
        self.calls.door.open();
        drop(calls);
        drop(gone);
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
    use ringpost_model::{Outcome, Party, Subscriber, Timestamp, Why};

    fn call(id: &str, user: &str) -> LiveCall {
        let subscriber = Subscriber {
            user: user.into(),
            name: String::new(),
            mail: Vec::new(),
            number: None,
            extension: None,
            time_zone: "UTC".into(),
            language: "en".into(),
            notify: ringpost_model::Notify::Server,
            missed_calls: true,
            answer_after: None,
        };
        let record = CallRecord {
            id: id.into(),
            call_id: format!("{id}@example.com"),
            identifiers: vec![format!("{id}@example.com")],
            called: Party::default(),
            subscriber: Some(subscriber),
            caller: Party::from_user("+14255550142"),
            ear: Ear::Call,
            stage: Stage::Forwarded,
            received: Timestamp::from_millis(1_000_000),
            answered: None,
            ended: Timestamp::from_millis(1_000_000),
            outcome: Outcome::Silent(Why::Refused(404)),
            recording: None,
        };
        LiveCall { record: Arc::new(record), stage: Stage::Forwarded }
    }

    #[test]
    fn places_are_limited_and_come_back() {
        let live = LiveCalls::new(2, 1, Door::default());
        let alice = live.enter(call("1", "alice")).unwrap();
        assert_eq!(live.enter(call("2", "alice")).unwrap_err(), Full::Subscriber);
        let _bob = live.enter(call("3", "bob")).unwrap();
        assert_eq!(live.enter(call("4", "carol")).unwrap_err(), Full::Node);
        drop(alice);
        let alice = live.enter(call("5", "alice")).unwrap();
        assert_eq!(live.count(), 2);
        drop(alice);
        assert_eq!((live.count(), live.lock().of.len()), (1, 1));
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
