//! Thousands of shuffled orders of INVITE, CANCEL, 200, ACK, BYE, INFO and Reason,
//! with losses and repeats, against the endpoint's task and the machine of a call:
//! never two outcomes, never none, never the wrong one.
//!
//! Time is a number here, nothing waits. An order is made from its seed alone, so
//! that one that fails is run again by `one_order_again`.

mod caller;
mod house;
mod network;
mod table;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Instant;

use ringpost_call::{Action, Event, Hearing, outcome_of_report, read_report};
use ringpost_model::{Ear, Outcome, Timestamp};

use super::world::{PEER, US, World};
use super::*;
use crate::transport::Origin;
use caller::{Caller, Script};
use house::{DEPLOYMENTS, Lead};
use network::{Dice, Network};
use table::{Facts, Mails, Row, mails};

const ORDERS: u64 = 10_000;
const FRONT_END: ([u8; 4], u16) = ([192, 0, 2, 20], 5060);

#[test]
fn ten_thousand_shuffled_orders_have_one_right_outcome_each() {
    let workers = std::thread::available_parallelism().map_or(2, |count| count.get() as u64);
    let seen = Mutex::new(HashMap::<Row, usize>::new());
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let seen = &seen;
            scope.spawn(move || {
                let mut world = World::new();
                for seed in (worker..ORDERS).step_by(workers as usize) {
                    let run = AssertUnwindSafe(|| Order::new(seed, &mut world).run());
                    let rows = catch_unwind(run);
                    let rows =
                        rows.unwrap_or_else(|_| panic!("the order of seed {seed} went wrong"));
                    for row in rows {
                        *seen.lock().unwrap().entry(row).or_default() += 1;
                    }
                }
            });
        }
    });
    // Every row of the table is met often.
    let seen = seen.into_inner().unwrap();
    for row in Row::ALL {
        assert!(seen.get(&row).is_some_and(|count| *count >= 100), "{seen:?}");
    }
}

/// For a seed that failed: `RINGPOST_ORDER=1234 cargo test -p ringpost-sip one_order`.
#[test]
fn one_order_again() {
    let seed = std::env::var("RINGPOST_ORDER").ok().and_then(|seed| seed.parse().ok());
    let mut world = World::new();
    let mut order = Order::new(seed.unwrap_or(7), &mut world);
    order.loud = true;
    println!("{:?}", order.script);
    order.run();
}

/// What is under way.
enum Happens {
    /// A message to us, from that address.
    ToUs(String, ([u8; 4], u16)),
    ToCaller(Message),
    /// The house hears of it.
    House(Event),
    /// What the house ordered is carried out.
    Ordered(Action),
    /// The house takes the call, or the report.
    Arrives(Box<Arrival>),
    /// The front end sends its report again, unless it was answered.
    Report,
}

struct Order<'a> {
    world: &'a mut World,
    seed: u64,
    /// Each message is printed.
    loud: bool,
    start: Instant,
    script: Script,
    dice: Dice,
    network: Network,
    caller: Caller,
    lead: Option<Lead>,
    gone: bool,
    called: bool,
    facts: Facts,
    reported: bool,
    report_waits: bool,
    /// Outcomes of each deployment, with what makes them one call.
    records: [Vec<(Outcome, Hearing)>; 3],
    heap: BinaryHeap<Reverse<(Instant, u64)>>,
    happens: HashMap<u64, Happens>,
    made: u64,
    /// Nothing in a queue overtakes what is in it: signals, and orders.
    last: [Instant; 2],
}

impl<'a> Order<'a> {
    fn new(seed: u64, world: &'a mut World) -> Self {
        let mut dice = Dice::new(seed);
        let script = Script::new(&mut dice);
        let network = Network::new(&mut dice);
        let start = world.now;
        let caller = Caller::new(script.clone(), format!("order-{seed}"), start);
        let mut order = Self {
            world,
            seed,
            loud: false,
            start,
            dice,
            network,
            caller,
            lead: None,
            gone: false,
            called: false,
            facts: Facts::default(),
            reported: false,
            report_waits: script.info.is_some(),
            records: Default::default(),
            heap: BinaryHeap::new(),
            happens: Default::default(),
            made: 0,
            last: [start; 2],
            script,
        };
        if let Some(info) = order.script.info {
            order.at(start + info, Happens::Report);
        }
        order
    }

    /// One line of what happens, for the eyes of whoever runs one order again.
    fn say(&self, what: &str) {
        if self.loud {
            let millis = (self.world.now - self.start).as_millis();
            println!("{millis:>7} ms  {}", what.lines().next().unwrap_or_default());
        }
    }

    fn at(&mut self, at: Instant, what: Happens) {
        self.made += 1;
        self.heap.push(Reverse((at, self.made)));
        self.happens.insert(self.made, what);
    }

    /// In turn, after a moment: the tasks of the house and of SIP run side by side.
    fn in_turn(&mut self, queue: usize, what: Happens) {
        let moment = self.dice.millis(0, 40);
        self.last[queue] = self.last[queue].max(self.world.now + moment);
        self.at(self.last[queue], what);
    }

    /// Gives the rows of the table that it may have been.
    fn run(mut self) -> Vec<Row> {
        loop {
            self.deliver();
            let now = self.world.now;
            let next = [
                self.heap.peek().map(|Reverse((at, _))| *at),
                self.caller.deadline(now),
                self.lead.as_ref().and_then(Lead::deadline),
                self.world.task.timers.next(),
            ];
            let Some(next) = next.into_iter().flatten().min() else { break };
            let now = next.max(now);
            self.world.now = now;
            self.caller.due(now);
            self.world.task.handle_deadlines(now);
            if let Some(actions) = self.lead.as_mut().map(|lead| lead.due(now)) {
                self.ordered(actions);
            }
            while let Some(Reverse((_, id))) =
                self.heap.peek().filter(|Reverse((at, _))| *at <= now)
            {
                let id = *id;
                self.heap.pop();
                let what = self.happens.remove(&id).expect("it was put there");
                self.happen(what);
                self.deliver();
            }
        }
        self.judge()
    }

    /// Messages go onto the wire, signals and arrivals to the house.
    fn deliver(&mut self) {
        self.world.obey();
        for text in std::mem::take(&mut self.caller.sends) {
            for delay in self.network.carry(true, &mut self.dice) {
                self.at(self.world.now + delay, Happens::ToUs(text.clone(), PEER));
            }
        }
        let sent: Vec<_> = self.world.task.transports.sent().drain(..).collect();
        for (to, bytes) in sent {
            self.say(&format!("<- {}", String::from_utf8_lossy(&bytes)));
            let message = read_datagram(&bytes).unwrap().unwrap();
            if to.source == FRONT_END.into() {
                self.report_waits = false;
                continue;
            }
            self.facts.note_sent(&message, self.world.now);
            for delay in self.network.carry(false, &mut self.dice) {
                self.at(self.world.now + delay, Happens::ToCaller(message.clone()));
            }
        }
        while let Ok(arrival) = self.world.arrivals.try_recv() {
            self.in_turn(0, Happens::Arrives(Box::new(arrival)));
        }
        let Some(lead) = &mut self.lead else { return };
        let mut events = Vec::new();
        loop {
            match lead.incoming.signals.try_recv() {
                Ok(signal) => events.extend(Lead::heard(&signal)),
                Err(mpsc::error::TryRecvError::Disconnected) if !self.gone => {
                    self.gone = true;
                    events.push(Event::HungUp { elsewhere: false });
                }
                Err(_) => break,
            }
        }
        for event in events {
            self.in_turn(0, Happens::House(event));
        }
    }

    fn happen(&mut self, what: Happens) {
        let now = self.world.now;
        match what {
            Happens::ToUs(text, from) => {
                self.say(&format!("-> {text}"));
                if from == PEER {
                    self.facts.note_heard(&text, now);
                }
                let origin = Origin::udp(0, from.into());
                self.world.task.handle_datagram(text.as_bytes(), origin, now);
            }
            Happens::ToCaller(message) => self.caller.hears(&message, now),
            Happens::House(event) => {
                self.say(&format!("   {event:?}"));
                if let Some(actions) = self.lead.as_mut().map(|lead| lead.handle(event, now)) {
                    self.ordered(actions);
                }
            }
            Happens::Ordered(action) => {
                self.say(&format!("   {action:?}"));
                let Some(control) = self.lead.as_ref().map(|lead| &lead.incoming.control) else {
                    return;
                };
                match action {
                    Action::Ring => control.ring(),
                    Action::Answer => control.answer(rtp(6000)),
                    Action::Refuse(status) => control.refuse(Answer::new(status)),
                    Action::HangUp => control.hang_up(),
                    _ => {}
                }
            }
            Happens::Arrives(arrival) => self.arrives(*arrival),
            Happens::Report => self.send_report(),
        }
        self.end();
    }

    fn arrives(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Call(incoming) => {
                assert!(!std::mem::replace(&mut self.called, true), "a second call");
                let mut lead = Lead::new(incoming, &self.script, self.world.now);
                let actions = lead.act(self.world.now);
                self.lead = Some(lead);
                self.ordered(actions);
            }
            Arrival::Report(report) => self.report(report),
            Arrival::Options(options) => panic!("{options:?}"),
        }
    }

    fn ordered(&mut self, actions: Vec<Action>) {
        for action in actions {
            if matches!(action, Action::Ring | Action::Answer | Action::Refuse(_) | Action::HangUp)
            {
                self.in_turn(1, Happens::Ordered(action));
            }
        }
        self.end();
    }

    /// The call has ended once nothing that it ordered is under way.
    fn end(&mut self) {
        let ordered = self.happens.values().any(|what| matches!(what, Happens::Ordered(_)));
        if ordered || !self.lead.as_ref().is_some_and(Lead::is_over) {
            return;
        }
        let Some(lead) = self.lead.take() else { return };
        let invitation = &lead.incoming.invitation;
        let hearing = self.hearing(&invitation.identifiers, invitation.caller.raw(), Ear::Call);
        for (ends, records) in lead.ends.iter().zip(&mut self.records) {
            let [outcome] = ends.as_slice() else { panic!("not one end but {ends:?}") };
            records.push((*outcome, hearing.clone()));
        }
        self.facts.sound = lead.sound;
    }

    fn hearing(&self, identifiers: &[String], caller: &str, ear: Ear) -> Hearing {
        let elapsed = (self.world.now - self.start).as_millis() as i64;
        Hearing {
            subscriber: "alice".to_owned(),
            identifiers: identifiers.to_vec(),
            caller: caller.to_owned(),
            ear,
            at: Timestamp::from_millis(1_773_500_966_000 + elapsed),
        }
    }

    fn send_report(&mut self) {
        if !self.report_waits {
            return;
        }
        let call = format!("order-{}", self.seed);
        let mut info = draft((FRONT_END.into(), US.into()), "INFO", &format!("{call}f"), 1);
        let named = if self.script.info_names_call {
            info = info.call_id(&format!("session-{}", self.seed));
            format!(",\"call_id\":\"{call}\"")
        } else {
            info = info.call_id(&call);
            String::new()
        };
        let body = format!("{{\"caller\":\"+14255550142\",\"called\":\"alice\"{named}}}");
        let text = info.body("application/json", &body).text();
        for delay in self.network.carry(true, &mut self.dice) {
            self.at(self.world.now + delay, Happens::ToUs(text.clone(), FRONT_END));
        }
        let again = self.world.now + Duration::from_secs(1);
        self.at(again, Happens::Report);
    }

    fn report(&mut self, report: IncomingReport) {
        assert!(!std::mem::replace(&mut self.reported, true), "one report is heard once");
        self.facts.info_heard = true;
        let read = read_report(&report.content_type, &report.body).unwrap();
        let mut identifiers = read.identifiers.clone();
        identifiers.extend(report.identifiers.iter().cloned());
        let caller = read.caller.as_ref().map(|caller| caller.raw().to_owned());
        let hearing = self.hearing(&identifiers, &caller.unwrap_or_default(), Ear::Info);
        for (notify, records) in DEPLOYMENTS.into_iter().zip(&mut self.records) {
            let outcome = outcome_of_report(read.missed, read.elsewhere, notify, true, Ear::Info);
            records.push((outcome, hearing.clone()));
        }
        report.responder.respond(Answer::new(200));
    }

    /// What the mails are, and what they have to be.
    fn judge(self) -> Vec<Row> {
        let task = &self.world.task;
        let left = (task.server.len(), task.client.len(), task.ongoing.len(), task.calls.len());
        assert_eq!((left, task.pending, task.live_calls), ((0, 0, 0, 0), 0, 0), "left over");
        assert!(self.lead.is_none(), "a call without end");
        let rows = self.facts.rows();
        for (notify, records) in DEPLOYMENTS.into_iter().zip(&self.records) {
            let told = mails(records);
            let right: Vec<Mails> = rows.iter().map(|row| self.facts.mails(*row, notify)).collect();
            assert!(
                right.contains(&told),
                "seed {}, {notify}: {told:?} by {records:?}, and not {right:?} by {rows:?}\n\
                 {:?}\n{:?}",
                self.seed,
                self.script,
                self.facts
            );
        }
        rows
    }
}
