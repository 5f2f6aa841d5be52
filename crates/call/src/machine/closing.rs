//! The call is over; its sound is on the way to stable storage.

use std::time::{Duration, Instant};

use ringpost_model::{Stage, Why};

use super::{Event, State, Turn};
use crate::told::Happened;

/// How long the sound may take. Nobody waits any more, and a message is worth a
/// slow disk; one that takes longer has lost it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the recording is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found {
    /// A message, told of for this reason where it is one.
    Message(Why),
    /// Nothing: the call was answered elsewhere.
    Elsewhere,
}

impl Found {
    /// The recording is there: the end.
    pub(super) fn end(self, duration: Duration, said: Duration, turn: &mut Turn<'_>) -> State {
        let happened = match (self, turn.policy.empty(duration, said)) {
            (Found::Elsewhere, _) => Happened::AnsweredElsewhere,
            (Found::Message(_), Some(why)) => Happened::EmptyRecording(why),
            (Found::Message(why), None) => Happened::MessageLeft(why),
        };
        turn.end(happened, Stage::Recording)
    }

    fn lost(self, turn: &mut Turn<'_>) -> State {
        let happened = match self {
            Found::Elsewhere => Happened::AnsweredElsewhere,
            Found::Message(_) => Happened::EmptyRecording(Why::MediaFailed),
        };
        turn.end(happened, Stage::Recording)
    }
}

/// Waits for the recording.
#[derive(Debug, Clone)]
pub(super) struct Closing {
    found: Found,
    until: Instant,
}

impl Closing {
    pub(super) fn begin(found: Found, turn: &mut Turn<'_>) -> State {
        State::Closing(Closing { found, until: turn.after(PATIENCE) })
    }

    pub(super) fn deadline(&self) -> Instant {
        self.until
    }

    pub(super) fn handle(self, event: Event, turn: &mut Turn<'_>) -> State {
        match event {
            Event::RecordingClosed { duration, said } => self.found.end(duration, said, turn),
            Event::RecordingLost => self.found.lost(turn),
            Event::Deadline if turn.has_come(self.until) => self.found.lost(turn),
            // What the recording is for was settled when the call ended.
            Event::Deadline
            | Event::Cancelled { .. }
            | Event::Acknowledged
            | Event::NotAcknowledged
            | Event::HungUp { .. }
            | Event::PromptFinished
            | Event::Digit(_)
            | Event::VoiceStarted
            | Event::VoiceStopped
            | Event::Held
            | Event::Resumed
            | Event::MediaFailed
            | Event::ServerStopping => State::Closing(self),
        }
    }
}
