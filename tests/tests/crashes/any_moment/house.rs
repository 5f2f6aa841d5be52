//! A server whose callers may lose it at any moment, and all that it must have
//! told of.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::ops::Range;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ringpost_tests::letter::Letter;
use ringpost_tests::load::{self, CallPlan, CallResult, Kind, Load, Outcome, Plan};
use ringpost_tests::mail_sink::{MailSink, Taken};
use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Report};
use ringpost_tests::sound::{speech, write_wav};
use ringpost_tests::waiting;

use super::lives::{Lives, Unanswered};
use super::oracle::{self, Became, Due};

/// Greeting of those who are called, in seconds: short, so that each part of a
/// call is as likely to be met as the others.
pub const GREETING: f64 = 0.8;
/// From the restart until everything is delivered.
const PATIENCE: Duration = Duration::from_secs(60);
/// Numbers of those who are not answered, behind those who are.
const UNANSWERED: u32 = 500;

/// What the mail server is like while the kill comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// It takes what it gets.
    Fair,
    /// Each of its replies takes a while, so that many mails are in hand.
    Slow,
    /// It goes down before the kill and comes up after the restart.
    Down,
    /// It takes some mails without saying so, and has others come back later.
    Rough,
}

/// A caller as the house must have told of him; `call`: of one by the load.
struct Expected {
    due: Due,
    call: Option<CallResult>,
}

/// What became of some callers.
#[derive(Default)]
pub struct Tally {
    nothing: usize,
    missed: usize,
    voice: usize,
    copies: usize,
    lost: u16,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nothing, missed, voice, copies, lost } = self;
        let lost = f64::from(*lost) / 50.0;
        write!(
            f,
            "{missed} missed calls, {voice} voice mails (at most {lost:.2} s lost), \
             {nothing} of whom nobody was to hear, {copies} second copies"
        )
    }
}

/// She has nobody answered while a round lasts.
const CAROL: &str = "[[subscriber]]\nuser = \"carol\"\nmail = \"carol@example.com\"\n\
                     answer_after_seconds = 30";

/// Server, mail server, and what is known of all callers so far.
pub struct House {
    /// Ringpost.
    pub server: Server,
    /// Where its mails go.
    pub sink: MailSink,
    /// Packets of the greeting.
    greeting: u16,
    kills: Vec<Instant>,
    /// By the number that is in their name.
    expected: HashMap<u32, Expected>,
}

impl House {
    /// With a greeting that was heard once.
    pub fn open() -> Self {
        let sink = MailSink::start();
        let settings =
            Settings::new().mail(&sink.url()).limit("notifications_per_hour", 0).table(CAROL);
        let server = Server::start(settings);
        let wav = server.folder().join("greeting.wav");
        std::fs::write(&wav, write_wav(&speech(GREETING, 71))).unwrap();
        for user in ["alice", "bob"] {
            server.says(&["greeting", "set", user, &wav.display().to_string()]);
        }
        let mut house =
            Self { server, sink, greeting: 0, kills: Vec::new(), expected: HashMap::new() };
        // One who hears it out.
        let call = CallPlan { kind: Kind::Spoken { frames: 150 }, begin: Duration::ZERO };
        let outcome = Load::start(plan(house.server.sip(), vec![call], 0)).finish();
        house.greeting = outcome.calls[0].sound.received;
        house.expect_calls(&outcome, None);
        house.settle();
        house
    }

    /// Two hundred calls, a kill, a restart.
    pub fn round(&mut self, round: u32, weather: Weather, lives: Lives) {
        let server = self.server.sip();
        match weather {
            Weather::Slow => self.sink.is_slow(Duration::from_millis(20)),
            Weather::Rough => {
                self.sink.drops_after_dot(15);
                self.sink.greylists(15);
            }
            Weather::Fair | Weather::Down => {}
        }
        let begun = Instant::now();
        let first = (round + 1) * 1000;
        let load = Load::start(plan(server, lives.spoken, first));
        let unanswered: Vec<_> = (first + UNANSWERED..)
            .zip(lives.unanswered)
            .map(|(number, life)| (number, live(server, begun, number, life)))
            .collect();
        if weather == Weather::Down {
            waiting::pass_until(begun + lives.kill.saturating_sub(Duration::from_millis(1500)));
            self.sink.down();
        }
        waiting::pass_until(begun + lives.kill);
        let killed = load::now();
        self.kills.push(Instant::now());
        self.server.kill();
        load.stop();
        let outcome = load.finish();
        if let Some(after) = lives.stumble {
            self.server.stumbles(after);
            self.kills.push(Instant::now());
        }
        let restart = Instant::now();
        self.server.up();
        let restart = restart.elapsed();
        if weather == Weather::Down {
            waiting::pass(Duration::from_millis(500));
            self.sink.up();
        }
        self.sink.is_slow(Duration::ZERO);
        self.expect_calls(&outcome, Some(killed));
        for (number, life) in unanswered {
            let due = if life.join().expect("a caller") { Due::MISSED } else { Due::NOTHING };
            self.expected.insert(number, Expected { due, call: None });
        }
        self.settle();
        let tally = self.check(first..first + 1000);
        println!(
            "round {round}, {weather:?}, killed after {:?}, again after {:?}, up within {restart:?}, \
             callers late by {:?}: {tally}",
            lives.kill, lives.stumble, outcome.late
        );
        assert!(tally.missed > 30 && tally.voice > 30, "it met calls in all parts of their lives");
    }

    /// Notes what is due to each of these.
    pub fn expect_calls(&mut self, outcome: &Outcome, killed: Option<Duration>) {
        for call in &outcome.calls {
            let due = oracle::due(call, killed, self.greeting, outcome.late);
            let expected = Expected { due, call: Some(call.clone()) };
            self.expected.insert(call.number, expected);
        }
    }

    /// Waits until nothing is on its way any more.
    pub fn settle(&self) {
        waiting::until("everything to be delivered", PATIENCE, || {
            (self.server.live_calls() == 0 && self.server.queued() == 0).then_some(())
        });
        // A mail too many would come right behind.
        waiting::pass(Duration::from_millis(300));
    }

    /// Fails unless each caller with such a number, and nobody else with one, was
    /// told of as is due.
    pub fn check(&self, numbers: Range<u32>) -> Tally {
        let taken = self.sink.taken();
        let mut mails: HashMap<u32, Vec<&Taken>> = HashMap::new();
        for mail in &taken {
            let number = number(&mail.letter);
            mails.entry(number).or_default().push(mail);
        }
        let (mut tally, mut faults) = (Tally::default(), Vec::new());
        for number in mails.keys() {
            if !self.expected.contains_key(number) {
                faults.push(format!("{number}: a mail about nobody who called"));
            }
        }
        for (number, Expected { due, call }) in &self.expected {
            if !numbers.contains(number) {
                continue;
            }
            let mails = mails.get(number).map_or(&[][..], Vec::as_slice);
            match oracle::check(*due, call.as_ref(), mails) {
                Ok(Became::Nothing) => tally.nothing += 1,
                Ok(Became::Missed) => tally.missed += 1,
                Ok(Became::Voice(lost)) => {
                    tally.voice += 1;
                    tally.lost = tally.lost.max(lost);
                }
                Err(fault) => faults.push(format!("{number}: {fault}; {call:?}")),
            }
            let earlier = &mails[..mails.len().saturating_sub(1)];
            tally.copies += earlier.len();
            for mail in earlier {
                if !oracle::may_be_repeated(mail, &self.kills) {
                    faults.push(format!("{number}: sent again though its 250 was noted"));
                }
            }
        }
        assert!(faults.is_empty(), "{tally}, but {}:\n{}", faults.len(), faults.join("\n"));
        tally
    }
}

/// Calls to alice and bob, who are greeted shortly.
pub fn plan(server: SocketAddr, calls: Vec<CallPlan>, first: u32) -> Plan {
    Plan {
        server,
        users: vec!["alice".into(), "bob".into()],
        first,
        calls,
        at_once: usize::MAX,
        patience: PATIENCE,
        insists: false,
    }
}

/// One who is not answered; whether somebody is to hear of him.
fn live(server: SocketAddr, begun: Instant, number: u32, life: Unanswered) -> JoinHandle<bool> {
    std::thread::spawn(move || {
        let (caller, call_id) = (format!("load-{number:06}"), format!("any-moment-{number}"));
        let user = if life.rings.is_some() { "carol" } else { "alice" };
        if let Some(at) = life.rings {
            waiting::pass_until(begun + at);
            let invite = Invite::to(user).from(&caller).call_id(&call_id);
            let call = Call::prepare(server, &invite);
            call.line.send(call.invite());
        }
        let Some(at) = life.reported else { return false };
        waiting::pass_until(begun + at);
        let report = Report::missed(user, &caller, &call_id);
        assert!(report.try_send(server, PATIENCE), "the report of {number} was never answered");
        true
    })
}

/// The number of the caller, who stands in every mail.
fn number(letter: &Letter) -> u32 {
    let text = String::from_utf8_lossy(&letter.raw);
    let digits = text.split_once("load-").and_then(|(_, rest)| rest.get(..6));
    let number = digits.and_then(|digits| digits.parse().ok());
    number.unwrap_or_else(|| panic!("a mail about nobody:\n{}", letter.head()))
}
