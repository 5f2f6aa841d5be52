//! State 3: the greeting and its beep play. Keys do nothing here.

use std::time::Instant;

use ringpost_model::Why;

use super::answered::{Line, cut_off_in_greeting, hung_up_in_greeting};
use super::recording::Recording;
use super::{Action, Event, State, Turn};

/// The greeting plays.
#[derive(Debug, Clone)]
pub(super) struct Greeting {
    line: Line,
    until: Instant,
}

impl Greeting {
    pub(super) fn begin(line: Line, turn: &mut Turn<'_>) -> State {
        turn.act(Action::Play);
        let until = turn.after(turn.policy.greeting).min(line.until);
        State::Greeting(Greeting { line, until })
    }

    pub(super) fn deadline(&self) -> Instant {
        self.until
    }

    pub(super) fn handle(mut self, event: Event, turn: &mut Turn<'_>) -> State {
        self.line.note(event);
        match event {
            Event::PromptFinished => Recording::begin(self.line, turn),
            // A greeting that does not end is a fault of the sound, and leaves
            // no time to speak.
            Event::Deadline if turn.has_come(self.until) => {
                cut_off_in_greeting(Why::MediaFailed, turn)
            }
            Event::HungUp { elsewhere } => hung_up_in_greeting(elsewhere, turn),
            Event::MediaFailed => cut_off_in_greeting(Why::MediaFailed, turn),
            Event::ServerStopping => cut_off_in_greeting(Why::Interrupted, turn),
            Event::Cancelled { .. }
            | Event::Deadline
            | Event::Acknowledged
            | Event::NotAcknowledged
            | Event::Digit(_)
            | Event::VoiceStarted
            | Event::VoiceStopped
            | Event::Held
            | Event::Resumed
            | Event::RecordingClosed { .. }
            | Event::RecordingLost => State::Greeting(self),
        }
    }
}
