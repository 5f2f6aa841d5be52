//! The calls of a day, of every kind, and who must have been told of them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{House, USERS};
use crate::load::{Kind, Load, Mail, Outcome, Plan};
use crate::waiting;

/// Frames of a call that leaves a message of some seconds.
const MESSAGE: Kind = Kind::Spoken { frames: 160 };
/// Without a mail for so long, no more come.
const PATIENCE: Duration = Duration::from_secs(30);

/// One kind of call: to whom, how many of a hundred, how it is to end other than
/// well, and how many mails tell of it.
struct Share {
    kind: Kind,
    to: &'static str,
    of_hundred: usize,
    fault: Option<&'static str>,
    mails: usize,
}

const fn share(kind: Kind, to: &'static str, of_hundred: usize, mails: usize) -> Share {
    Share { kind, to, of_hundred, fault: None, mails }
}

const SHARES: [Share; 7] = [
    share(Kind::MISSED, "", 54, 1),
    share(MESSAGE, "", 10, 1),
    share(Kind::Cancelled, "slow", 12, 1),
    share(Kind::Reported, "", 15, 1),
    // What is refused is returned to the postmaster.
    share(Kind::MISSED, "refused", 2, 1),
    Share { fault: Some("refused with 404"), ..share(Kind::Answered, "nobody", 4, 0) },
    share(Kind::Options, "", 3, 0),
];

/// What became of a day's calls.
#[derive(Debug, Default)]
pub struct Told {
    /// Calls of every kind.
    pub calls: usize,
    /// Number of the first of them.
    first: u32,
    /// Mails about them.
    pub mails: usize,
    /// Mails that came more than once: the connection went down under them.
    pub copies: usize,
    /// What went wrong.
    pub faults: Vec<String>,
}

impl House {
    /// So many hundreds of calls, spread over this time; the mail server is away
    /// for `outage` in the middle of it. `look` is called now and then until all is
    /// told of.
    pub fn calls(
        &mut self,
        hundreds: usize,
        over: Duration,
        outage: Duration,
        mut look: impl FnMut(&Self),
    ) -> Told {
        let begun = Instant::now();
        let (first, mut loads, mut expected) = (self.placed, Vec::new(), HashMap::new());
        for share in &SHARES {
            let count = hundreds * share.of_hundred;
            let plan = self.plan(share, count, count as f64 / over.as_secs_f64());
            let numbers = plan.first..plan.first + count as u32;
            expected.extend(numbers.filter(|_| share.mails > 0).map(|number| (number, 0)));
            self.placed += count as u32;
            loads.push((share, Load::start(plan)));
        }
        let before = self.calls;
        let ended = |loads: &[(&Share, Load)]| -> usize {
            loads.iter().map(|(_, load)| load.progress().ended()).sum()
        };
        let (away, back) = (begun + over / 2, begun + over / 2 + outage);
        let (mut is_down, mut was_down) = (false, outage.is_zero());
        while is_down || ended(&loads) < hundreds * 100 {
            if !was_down && Instant::now() >= away {
                self.sink.down();
                (is_down, was_down) = (true, true);
            }
            if is_down && Instant::now() >= back {
                self.sink.up();
                is_down = false;
            }
            self.calls = before + ended(&loads);
            look(self);
            waiting::pass(Duration::from_millis(100));
        }
        self.calls = before + hundreds * 100;
        let mut told = Told { calls: hundreds * 100, first, ..Told::default() };
        for (share, load) in loads {
            told.ended(share, &load.finish());
        }
        self.hear(&mut told, expected, look);
        told
    }

    fn plan(&self, share: &Share, count: usize, rate: f64) -> Plan {
        let users = match share.to {
            "" => (0..USERS).map(|at| format!("user{at}")).collect(),
            user => vec![user.to_owned()],
        };
        let plan = Plan::steady(self.server.sip(), share.kind, count, rate);
        Plan { insists: true, ..plan.to(&users).from(self.placed) }
    }

    /// Waits until each of these is told of, or until no more mails come.
    fn hear(
        &mut self,
        told: &mut Told,
        mut expected: HashMap<u32, usize>,
        mut look: impl FnMut(&Self),
    ) {
        let mut last = Instant::now();
        while expected.values().any(|count| *count == 0) && last.elapsed() < PATIENCE {
            let mails = self.sink.take();
            if !mails.is_empty() {
                last = Instant::now();
            }
            self.mails += mails.len();
            told.count(&mails, &mut expected);
            look(self);
            waiting::pass(Duration::from_millis(100));
        }
        let unheard = expected.iter().filter(|(_, count)| **count == 0);
        told.faults.extend(unheard.map(|(call, _)| format!("call {call}: no mail")));
    }
}

impl Told {
    fn ended(&mut self, share: &Share, outcome: &Outcome) {
        for call in &outcome.calls {
            let as_wanted = match (share.fault, &call.fault) {
                (None, None) => call.over.is_some(),
                (Some(wanted), Some(fault)) => wanted == fault,
                _ => false,
            };
            if !as_wanted {
                self.faults
                    .push(format!("call {} ({:?}): {:?}", call.number, share.kind, call.fault));
            }
        }
    }

    fn count(&mut self, mails: &[Mail], expected: &mut HashMap<u32, usize>) {
        self.mails += mails.len();
        for mail in mails {
            match mail.call.and_then(|call| expected.get_mut(&call)) {
                Some(count) => {
                    self.copies += usize::from(*count > 0);
                    *count += 1;
                }
                // A second copy may come late.
                None if mail.call.is_some_and(|call| call < self.first) => self.copies += 1,
                None => {
                    self.faults.push(format!("a mail about {:?}, of whom none was due", mail.call));
                }
            }
        }
    }
}
