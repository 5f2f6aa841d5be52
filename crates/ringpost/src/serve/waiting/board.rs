//! What each endpoint shows, what it ought to show, and when it is told next.
//! It waits for nothing and reads no clock.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ringpost_delivery::Waiting;

use crate::config::WaitingSettings;

/// Attempts for the same counts.
const ATTEMPTS: u32 = 6;
/// From the first attempt to the second; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// All endpoints.
#[derive(Debug)]
pub struct Board {
    lamps: Vec<Lamp>,
    /// Places of a user's lamps, by his name in lower case.
    of: HashMap<String, Vec<usize>>,
}

#[derive(Debug)]
struct Lamp {
    uri: String,
    /// `None` until the counts are known.
    wanted: Option<Waiting>,
    shown: Option<Waiting>,
    /// Failed attempts for what is wanted.
    failed: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing to be told.
    Idle,
    /// To be told from this moment on.
    Due(Instant),
    /// A NOTIFY waits for its answer.
    Sending,
}

/// One NOTIFY to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    place: usize,
    /// The endpoint.
    pub uri: String,
    /// What it is told.
    pub waiting: Waiting,
}

/// What came of a NOTIFY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The endpoint has it.
    Shown,
    /// It may be reached later.
    Again,
    /// It does not want that.
    Refused,
}

impl Board {
    /// Every endpoint of the settings, none of which is told yet.
    pub fn new(settings: &[WaitingSettings]) -> Board {
        let mut board = Board { lamps: Vec::new(), of: HashMap::new() };
        for subscriber in settings {
            for uri in &subscriber.endpoints {
                let place = board.lamps.len();
                board.of.entry(subscriber.user.to_lowercase()).or_default().push(place);
                board.lamps.push(Lamp {
                    uri: uri.clone(),
                    wanted: None,
                    shown: None,
                    failed: 0,
                    state: State::Idle,
                });
            }
        }
        board
    }

    /// Users with an endpoint, in lower case.
    pub fn users(&self) -> impl Iterator<Item = &String> {
        self.of.keys()
    }

    /// These are the user's counts now. The first time each of his endpoints is
    /// told, whatever they are.
    pub fn show(&mut self, user: &str, waiting: Waiting, now: Instant) {
        for place in self.of.get(user).into_iter().flatten() {
            if let Some(lamp) = self.lamps.get_mut(*place) {
                lamp.show(waiting, now);
            }
        }
    }

    /// At most so many NOTIFYs that are due now.
    pub fn take(&mut self, now: Instant, most: usize) -> Vec<Order> {
        let due = |lamp: &Lamp| matches!(lamp.state, State::Due(at) if at <= now);
        let lamps = self.lamps.iter_mut().enumerate().filter(|(_, lamp)| due(lamp));
        lamps
            .take(most)
            .filter_map(|(place, lamp)| {
                lamp.state = State::Sending;
                Some(Order { place, uri: lamp.uri.clone(), waiting: lamp.wanted? })
            })
            .collect()
    }

    /// Notes what came of one. `true`: it is given up until the counts change.
    pub fn settle(&mut self, order: &Order, verdict: Verdict, now: Instant) -> bool {
        let lamp = self.lamps.get_mut(order.place);
        lamp.is_some_and(|lamp| lamp.settle(order.waiting, verdict, now))
    }
}

impl Lamp {
    fn show(&mut self, waiting: Waiting, now: Instant) {
        if self.wanted == Some(waiting) {
            return;
        }
        self.wanted = Some(waiting);
        self.failed = 0;
        if self.state != State::Sending {
            let is_right = self.shown == Some(waiting);
            self.state = if is_right { State::Idle } else { State::Due(now) };
        }
    }

    fn settle(&mut self, told: Waiting, verdict: Verdict, now: Instant) -> bool {
        // What an endpoint shows that did not answer is not known.
        self.shown = Some(told).filter(|_| verdict == Verdict::Shown);
        let overtaken = Some(told) != self.wanted;
        match verdict {
            Verdict::Shown if overtaken => self.state = State::Due(now),
            Verdict::Shown => self.state = State::Idle,
            Verdict::Again | Verdict::Refused if overtaken => {
                // Newer counts have attempts of their own, after a first pause.
                self.state = State::Due(now + FIRST_PAUSE);
            }
            Verdict::Again if self.failed + 1 < ATTEMPTS => {
                self.state = State::Due(now + FIRST_PAUSE * 2_u32.pow(self.failed));
                self.failed += 1;
            }
            Verdict::Again | Verdict::Refused => {
                self.failed = ATTEMPTS;
                self.state = State::Idle;
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn counts(new: u64, old: u64) -> Waiting {
        Waiting { new, old }
    }

    fn board() -> (Board, Instant) {
        let settings = |user: &str, endpoints: &[&str]| WaitingSettings {
            user: user.into(),
            endpoints: endpoints.iter().map(|uri| format!("sip:{uri}")).collect(),
        };
        (Board::new(&[settings("Alice", &["a1", "a2"]), settings("bob", &["b"])]), Instant::now())
    }

    fn told(orders: &[Order]) -> Vec<(&str, u64, u64)> {
        orders.iter().map(|o| (o.uri.as_str(), o.waiting.new, o.waiting.old)).collect()
    }

    #[test]
    fn every_endpoint_is_told_at_the_start_and_then_of_changes_alone() {
        let (mut board, now) = board();
        let mut users: Vec<_> = board.users().cloned().collect();
        users.sort();
        assert_eq!(users, ["alice", "bob"]);
        assert_eq!(board.take(now, 9), []);
        board.show("alice", counts(0, 0), now);
        board.show("bob", counts(2, 1), now);
        assert_eq!(told(&board.take(now, 2)), [("sip:a1", 0, 0), ("sip:a2", 0, 0)]);
        let last = board.take(now, 9);
        assert_eq!(told(&last), [("sip:b", 2, 1)]);
        assert!(!board.settle(&last[0], Verdict::Shown, now));
        board.show("bob", counts(2, 1), now);
        assert_eq!(board.take(now, 9), []);
        board.show("bob", counts(3, 1), now);
        assert_eq!(told(&board.take(now, 9)), [("sip:b", 3, 1)]);
    }

    #[test]
    fn only_the_newest_counts_are_told_one_notify_at_a_time() {
        let (mut board, now) = board();
        board.show("bob", counts(1, 0), now);
        let first = board.take(now, 9);
        for new in 2..9 {
            board.show("bob", counts(new, 0), now);
            assert_eq!(board.take(now, 9), [], "the first is not answered yet");
        }
        assert!(!board.settle(&first[0], Verdict::Shown, now));
        let second = board.take(now, 9);
        assert_eq!(told(&second), [("sip:b", 8, 0)]);
        // Back to what was shown before: it is not known that it still is.
        board.show("bob", counts(1, 0), now);
        assert!(!board.settle(&second[0], Verdict::Shown, now));
        assert_eq!(told(&board.take(now, 9)), [("sip:b", 1, 0)]);
    }

    #[test]
    fn who_does_not_answer_is_tried_a_few_times_more_and_more_slowly() {
        let (mut board, start) = board();
        board.show("bob", counts(1, 0), start);
        let (mut now, mut pauses, mut given_up) = (start, Vec::new(), false);
        while !given_up {
            let orders = board.take(now, 9);
            assert_eq!(told(&orders), [("sip:b", 1, 0)]);
            given_up = board.settle(&orders[0], Verdict::Again, now);
            let failed_at = now;
            if !given_up {
                while !matches!(board.lamps[2].state, State::Due(at) if at <= now) {
                    now += Duration::from_secs(1);
                }
                pauses.push((now - failed_at).as_secs());
            }
            board.show("bob", counts(1, 0), now);
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80]);
        now += Duration::from_secs(86_400);
        board.show("bob", counts(1, 0), now);
        assert_eq!(board.take(now, 9), [], "given up");
        board.show("bob", counts(2, 0), now);
        let orders = board.take(now, 9);
        assert_eq!(told(&orders), [("sip:b", 2, 0)], "a change is a new beginning");
        assert!(board.settle(&orders[0], Verdict::Refused, now), "no second attempt");
        assert_eq!(board.take(now + Duration::from_secs(86_400), 9), []);
    }

    #[test]
    fn counts_that_change_while_nobody_answers_begin_anew() {
        let (mut board, mut now) = board();
        board.show("bob", counts(1, 0), now);
        let orders = board.take(now, 9);
        board.show("bob", counts(2, 0), now);
        assert!(!board.settle(&orders[0], Verdict::Refused, now));
        board.show("bob", counts(2, 0), now);
        assert_eq!(board.take(now, 9), [], "not at once");
        now += FIRST_PAUSE;
        assert_eq!(told(&board.take(now, 9)), [("sip:b", 2, 0)]);
    }
}
