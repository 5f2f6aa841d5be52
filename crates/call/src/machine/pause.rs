//! The moment between the ACK and the greeting, in which the caller's
//! telephone turns from ringing to listening.

use std::time::Instant;

use ringpost_model::Why;

use super::answered::{Line, cut_off_in_greeting, hung_up_in_greeting};
use super::greeting::Greeting;
use super::{Event, State, Turn};

/// Acknowledged; the greeting has not begun.
#[derive(Debug, Clone)]
pub(super) struct Pause {
    line: Line,
    until: Instant,
}

impl Pause {
    pub(super) fn begin(line: Line, turn: &mut Turn<'_>) -> State {
        if turn.policy.greeting_delay.is_zero() {
            return Greeting::begin(line, turn);
        }
        State::Pause(Pause { line, until: turn.after(turn.policy.greeting_delay) })
    }

    pub(super) fn deadline(&self) -> Instant {
        self.until
    }

    pub(super) fn handle(mut self, event: Event, turn: &mut Turn<'_>) -> State {
        self.line.note(event);
        match event {
            Event::Deadline if turn.has_come(self.until) => Greeting::begin(self.line, turn),
            Event::HungUp { elsewhere } => hung_up_in_greeting(elsewhere, turn),
            Event::MediaFailed => cut_off_in_greeting(Why::MediaFailed, turn),
            Event::ServerStopping => cut_off_in_greeting(Why::Interrupted, turn),
            Event::Cancelled { .. }
            | Event::Deadline
            | Event::Acknowledged
            | Event::NotAcknowledged
            | Event::PromptFinished
            | Event::Digit(_)
            | Event::VoiceStarted
            | Event::VoiceStopped
            | Event::Held
            | Event::Resumed
            | Event::RecordingClosed { .. }
            | Event::RecordingLost => State::Pause(self),
        }
    }
}
