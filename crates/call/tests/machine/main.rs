//! The machine of one call, from the outside: the stories that it must tell
//! right, and what must hold however the events come.

mod every_sequence;
mod stories;
mod timing;

use std::time::{Duration, Instant};

use ringpost_call::{Action, Call, Event, Policy};
use ringpost_model::Notify;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The defaults of the configuration.
fn policy() -> Policy {
    Policy {
        notify: Notify::Server,
        missed_calls: true,
        answer_after: Duration::ZERO,
        greeting_delay: Duration::from_millis(300),
        greeting: secs(300),
        recording: secs(1200),
        call: secs(1800),
        silence: secs(5),
        minimum_message: secs(1),
        minimum_said: Duration::from_millis(300),
    }
}

/// A call with its own clock, which stands still until it is moved.
#[derive(Clone)]
struct World {
    call: Call,
    now: Instant,
}

impl World {
    fn new(policy: Policy) -> Self {
        let now = Instant::now();
        Self { call: Call::new(policy, now), now }
    }

    fn drain(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.call.poll_action()).collect()
    }

    /// One event, now. A deadline comes when it is due.
    fn send(&mut self, event: Event) -> Vec<Action> {
        if event == Event::Deadline {
            self.now = self.call.deadline().unwrap_or(self.now);
        }
        self.call.handle(event, self.now);
        self.drain()
    }

    /// Time passes, and deadlines that fall into it come at their time.
    fn pass(&mut self, span: Duration) -> Vec<Action> {
        let until = self.now + span;
        let mut actions = Vec::new();
        while let Some(deadline) = self.call.deadline().filter(|deadline| *deadline <= until) {
            self.now = deadline;
            actions.extend(self.send(Event::Deadline));
        }
        self.now = until;
        actions
    }

    /// An answered call whose greeting has begun.
    fn greeting(policy: Policy) -> Self {
        let mut world = Self::new(policy);
        if world.call.stage() < ringpost_model::Stage::Greeting {
            world.send(Event::Deadline);
        }
        world.drain();
        world.send(Event::Acknowledged);
        world.send(Event::Deadline);
        world
    }

    /// A call whose recording has begun.
    fn recording(policy: Policy) -> Self {
        let mut world = Self::greeting(policy);
        assert_eq!(world.send(Event::PromptFinished), [Action::StartRecording]);
        world
    }
}

const MESSAGE: Event =
    Event::RecordingClosed { duration: Duration::from_secs(8), said: Duration::from_secs(6) };
const SHORT: Event = Event::RecordingClosed {
    duration: Duration::from_millis(999),
    said: Duration::from_millis(900),
};
const QUIET: Event =
    Event::RecordingClosed { duration: Duration::from_secs(6), said: Duration::from_millis(299) };
