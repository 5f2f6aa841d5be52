//! One call as a state machine: each state is a type of its own with one
//! function that spends it and makes the next.

mod answered;
mod awaiting_ack;
mod closing;
mod greeting;
mod pause;
mod recording;
mod ringing;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ringpost_model::{Outcome, Stage};

use crate::Policy;
use crate::told::{self, Happened};
use awaiting_ack::AwaitingAck;
use closing::Closing;
use greeting::Greeting;
use pause::Pause;
use recording::Recording;
use ringing::Ringing;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The time that [`Call::deadline`] named has come.
    Deadline,
    /// CANCEL before the answer.
    Cancelled {
        /// RFC 3326: the call was answered elsewhere.
        elsewhere: bool,
    },
    /// The ACK of the 200 came.
    Acknowledged,
    /// It did not come in time (RFC 3261 §13.3.1.4).
    NotAcknowledged,
    /// BYE of the caller.
    HungUp {
        /// RFC 3326: the call was answered elsewhere.
        elsewhere: bool,
    },
    /// The greeting and its beep were sent to the end.
    PromptFinished,
    /// A key, RFC 4733.
    Digit(char),
    /// The caller is heard.
    VoiceStarted,
    /// The caller is not heard any more.
    VoiceStopped,
    /// The caller put the call on hold.
    Held,
    /// The caller is back.
    Resumed,
    /// Sound can be neither sent nor received.
    MediaFailed,
    /// The recording is closed and on stable storage.
    RecordingClosed {
        /// Its length.
        duration: Duration,
        /// How much of it was something said.
        said: Duration,
    },
    /// There is no recording to be had.
    RecordingLost,
    /// The server stops.
    ServerStopping,
}

/// What is to be done, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Send 180.
    Ring,
    /// Send the 200.
    Answer,
    /// Play the greeting and its beep.
    Play,
    /// Record from now.
    StartRecording,
    /// Close the recording and say when it is safe.
    StopRecording,
    /// Send BYE.
    HangUp,
    /// Refuse the call with this SIP status.
    Refuse(u16),
    /// The one end: what becomes of the call, and how far it had come.
    End(Outcome, Stage),
}

/// One call. Its contract is told in the description of the crate.
#[derive(Debug, Clone)]
pub struct Call {
    policy: Policy,
    state: State,
    actions: VecDeque<Action>,
}

#[derive(Debug, Clone)]
enum State {
    Ringing(Ringing),
    AwaitingAck(AwaitingAck),
    Pause(Pause),
    Greeting(Greeting),
    Recording(Recording),
    Closing(Closing),
    Ended(Stage),
}

impl Call {
    /// A call that has just come in and is to be answered by `policy`.
    pub fn new(policy: Policy, now: Instant) -> Call {
        let mut actions = VecDeque::new();
        let state = ringing::begin(&mut Turn { policy: &policy, now, actions: &mut actions });
        Call { policy, state, actions }
    }

    /// Takes one event. What does not concern the state is passed over.
    pub fn handle(&mut self, event: Event, now: Instant) {
        let turn = &mut Turn { policy: &self.policy, now, actions: &mut self.actions };
        let state = std::mem::replace(&mut self.state, State::Ended(Stage::Forwarded));
        self.state = match state {
            State::Ringing(state) => state.handle(event, turn),
            State::AwaitingAck(state) => state.handle(event, turn),
            State::Pause(state) => state.handle(event, turn),
            State::Greeting(state) => state.handle(event, turn),
            State::Recording(state) => state.handle(event, turn),
            State::Closing(state) => state.handle(event, turn),
            State::Ended(stage) => State::Ended(stage),
        };
    }

    /// The next thing to be done; `None` when nothing is left until the next event.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`Event::Deadline`] is due; `None` once the call has ended.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Ringing(state) => Some(state.deadline()),
            State::AwaitingAck(state) => Some(state.deadline()),
            State::Pause(state) => Some(state.deadline()),
            State::Greeting(state) => Some(state.deadline()),
            State::Recording(state) => Some(state.deadline()),
            State::Closing(state) => Some(state.deadline()),
            State::Ended(_) => None,
        }
    }

    /// How far the call has come, or had come when it ended.
    pub fn stage(&self) -> Stage {
        match &self.state {
            State::Ringing(_) => Stage::Forwarded,
            State::AwaitingAck(_) | State::Pause(_) | State::Greeting(_) => Stage::Greeting,
            State::Recording(_) | State::Closing(_) => Stage::Recording,
            State::Ended(stage) => *stage,
        }
    }

    /// Whether the call has ended. Actions may still be waiting to be polled.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }
}

/// What a state may use while it handles one event.
struct Turn<'a> {
    policy: &'a Policy,
    now: Instant,
    actions: &'a mut VecDeque<Action>,
}

impl Turn<'_> {
    fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    /// The one end, and the one place that makes it.
    fn end(&mut self, happened: Happened, stage: Stage) -> State {
        let outcome = told::outcome(happened, self.policy.notify, self.policy.missed_calls);
        self.act(Action::End(outcome, stage));
        State::Ended(stage)
    }

    /// `span` from now. A limit beyond what the clock can tell is a day.
    fn after(&self, span: Duration) -> Instant {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        self.now.checked_add(span).or_else(|| self.now.checked_add(DAY)).unwrap_or(self.now)
    }

    fn has_come(&self, deadline: Instant) -> bool {
        self.now >= deadline
    }
}
