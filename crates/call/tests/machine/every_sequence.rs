//! Every sequence of events up to a length, for several policies, and random
//! longer ones: exactly one end, and nothing after it.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use ringpost_call::{Action, Call, Event, Policy};
use ringpost_model::{Notify, Outcome, Stage, Why};

use crate::{MESSAGE, QUIET, SHORT, policy};

/// All events, those with content in each of their kinds.
const EVENTS: [Event; 20] = [
    Event::Deadline,
    Event::Cancelled { elsewhere: false },
    Event::Cancelled { elsewhere: true },
    Event::Acknowledged,
    Event::NotAcknowledged,
    Event::HungUp { elsewhere: false },
    Event::HungUp { elsewhere: true },
    Event::PromptFinished,
    Event::Digit('#'),
    Event::Digit('1'),
    Event::VoiceStarted,
    Event::VoiceStopped,
    Event::Held,
    Event::Resumed,
    Event::MediaFailed,
    MESSAGE,
    SHORT,
    QUIET,
    Event::RecordingLost,
    Event::ServerStopping,
];

/// A step that is no event of the call: a deadline that comes too early.
const EARLY: Option<Event> = None;

/// What has been seen of a call.
#[derive(Debug, Clone, Default)]
struct Seen {
    answered: bool,
    hung_up: bool,
    refused: bool,
    played: bool,
    recorded: bool,
    stopped: bool,
    said_elsewhere: bool,
    acknowledged: bool,
    taken_back: bool,
    end: Option<(Outcome, Stage)>,
}

impl Seen {
    /// Every rule about one action after those before it.
    fn see(&mut self, action: Action, policy: &Policy) {
        assert_eq!(self.end, None, "{action:?} after the end");
        match action {
            Action::Ring => assert!(!self.answered && !policy.answer_after.is_zero()),
            Action::Answer => {
                assert!(!self.answered && !self.refused, "answered once, and not when refused");
                self.answered = true;
            }
            Action::Play => {
                assert!(self.answered && !self.played);
                self.played = true;
            }
            Action::StartRecording => {
                assert!(self.played && !self.recorded && !self.hung_up);
                self.recorded = true;
            }
            Action::StopRecording => {
                assert!(self.recorded && !self.stopped);
                self.stopped = true;
            }
            Action::HangUp => {
                assert!(self.answered && !self.hung_up, "hung up once, and after the answer");
                self.hung_up = true;
            }
            Action::Refuse(status) => {
                assert!(!self.answered && !self.refused, "refused once, and before the answer");
                assert!((400..700).contains(&status));
                self.refused = true;
            }
            Action::End(outcome, stage) => {
                self.judge(outcome, stage, policy);
                self.end = Some((outcome, stage));
            }
        }
    }

    fn judge(&self, outcome: Outcome, stage: Stage, policy: &Policy) {
        // A CANCEL that overtook the answer: it never left.
        let answered = self.answered && !self.taken_back;
        let reached = match (answered, self.recorded) {
            (false, _) => Stage::Forwarded,
            (true, false) => Stage::Greeting,
            (true, true) => Stage::Recording,
        };
        assert_eq!(stage, reached);
        match outcome {
            Outcome::VoiceMail(_) => assert!(self.recorded, "a voice mail of nothing"),
            Outcome::MissedCall(_) => {
                assert!(policy.missed_calls, "told of against the subscriber's will");
                assert!(answered || policy.notify == Notify::Server, "somebody else tells");
            }
            Outcome::Silent(Why::AnsweredElsewhere) => assert!(self.said_elsewhere),
            Outcome::Silent(Why::NotOurs) => {
                assert!(policy.notify != Notify::Server && !answered);
            }
            Outcome::Silent(Why::Refused(_)) => assert!(self.refused),
            Outcome::Silent(why) => {
                assert_eq!(why, Why::NotWanted);
                assert!(!policy.missed_calls);
            }
        }
    }
}

/// A call on its way, with what was seen of it.
#[derive(Clone)]
struct Walk {
    call: Call,
    now: Instant,
    seen: Seen,
}

impl Walk {
    fn begin(policy: &Policy) -> Self {
        let now = Instant::now();
        let mut walk = Self { call: Call::new(policy.clone(), now), now, seen: Seen::default() };
        walk.drain(policy);
        walk
    }

    fn step(&mut self, step: Option<Event>, policy: &Policy) {
        match step {
            Some(Event::Deadline) => {
                self.now = self.call.deadline().map_or(self.now, |deadline| deadline.max(self.now));
            }
            Some(_) => self.now += Duration::from_millis(10),
            None => {}
        }
        if let Some(Event::Cancelled { elsewhere } | Event::HungUp { elsewhere }) = step {
            self.seen.said_elsewhere |= elsewhere;
        }
        match step {
            Some(Event::Acknowledged) => self.seen.acknowledged |= self.seen.answered,
            Some(Event::Cancelled { .. }) => {
                self.seen.taken_back = self.seen.answered && !self.seen.acknowledged;
            }
            _ => {}
        }
        self.call.handle(step.unwrap_or(Event::Deadline), self.now);
        self.drain(policy);
    }

    fn drain(&mut self, policy: &Policy) {
        while let Some(action) = self.call.poll_action() {
            self.seen.see(action, policy);
        }
        assert_eq!(self.call.is_over(), self.seen.end.is_some());
        assert_eq!(self.call.deadline().is_none(), self.call.is_over(), "left without a deadline");
        if let Some((_, stage)) = self.seen.end {
            assert_eq!(self.call.stage(), stage);
        }
    }

    /// Nothing more happens but time: the call must end by itself.
    fn run_out(mut self, policy: &Policy) {
        for _ in 0..10 {
            self.step(Some(Event::Deadline), policy);
        }
        assert!(self.seen.end.is_some(), "time alone did not end the call");
    }
}

/// All sequences of `length` more steps. After the end each event is tried
/// once: a call that has ended changes no more.
fn walk(from: &Walk, length: usize, policy: &Policy, count: &mut u64) {
    *count += 1;
    if length == 0 {
        from.clone().run_out(policy);
        return;
    }
    let length = if from.call.is_over() { 1.min(length) } else { length };
    for step in EVENTS.into_iter().map(Some).chain([EARLY]) {
        let mut next = from.clone();
        next.step(step, policy);
        walk(&next, length - 1, policy, count);
    }
}

/// Every kind of subscriber and of answer.
fn policies() -> Vec<Policy> {
    let mut policies = Vec::new();
    for notify in [Notify::Server, Notify::Client, Notify::Pbx] {
        for missed_calls in [true, false] {
            for answer_after in [Duration::ZERO, Duration::from_secs(15)] {
                policies.push(Policy { notify, missed_calls, answer_after, ..policy() });
            }
        }
    }
    policies
}

#[test]
fn every_sequence_of_four_for_every_policy() {
    let mut count = 0;
    for policy in policies() {
        walk(&Walk::begin(&policy), 4, &policy, &mut count);
    }
    assert!(count > 100_000, "only {count} sequences were walked");
}

#[test]
fn every_sequence_of_four_from_each_state() {
    let policy = Policy { answer_after: Duration::from_secs(15), ..policy() };
    let ways: [&[Event]; 5] = [
        &[Event::Deadline],
        &[Event::Deadline, Event::Acknowledged],
        &[Event::Deadline, Event::Acknowledged, Event::Deadline],
        &[Event::Deadline, Event::Acknowledged, Event::Deadline, Event::PromptFinished],
        &[
            Event::Deadline,
            Event::Acknowledged,
            Event::Deadline,
            Event::PromptFinished,
            Event::Digit('#'),
        ],
    ];
    let mut count = 0;
    for way in ways {
        let mut begun = Walk::begin(&policy);
        for event in way {
            begun.step(Some(*event), &policy);
        }
        walk(&begun, 4, &policy, &mut count);
    }
    assert!(count > 100_000, "only {count} sequences were walked");
}

#[test]
fn every_sequence_of_five() {
    let mut count = 0;
    for policy in [
        policy(),
        Policy { notify: Notify::Pbx, missed_calls: false, ..policy() },
        Policy { notify: Notify::Client, answer_after: Duration::from_secs(15), ..policy() },
    ] {
        walk(&Walk::begin(&policy), 5, &policy, &mut count);
    }
    assert!(count > 3_000_000, "only {count} sequences were walked");
}

fn any_step() -> impl Strategy<Value = Option<Event>> {
    prop::sample::select(EVENTS.into_iter().map(Some).chain([EARLY]).collect::<Vec<_>>())
}

/// Steps that keep a call alive, so that long walks reach the late states.
fn living_step() -> impl Strategy<Value = Option<Event>> {
    prop::sample::select(vec![
        EARLY,
        Some(Event::Deadline),
        Some(Event::Acknowledged),
        Some(Event::PromptFinished),
        Some(Event::Digit('1')),
        Some(Event::VoiceStarted),
        Some(Event::VoiceStopped),
        Some(Event::Held),
        Some(Event::Resumed),
        Some(Event::Cancelled { elsewhere: true }),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_long_sequence(
        which in 0_usize..12,
        living in prop::collection::vec(living_step(), 0..12),
        steps in prop::collection::vec(any_step(), 0..20),
    ) {
        let policy = &policies()[which];
        let mut walk = Walk::begin(policy);
        for step in living.into_iter().chain(steps) {
            walk.step(step, policy);
        }
        walk.run_out(policy);
    }
}
