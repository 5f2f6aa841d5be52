//! The 200 is sent; no sound goes out before its ACK (RFC 3261 §13.3.1.4).

use std::time::{Duration, Instant};

use ringpost_model::{Stage, Why};

use super::answered::{Line, cut_off_in_greeting, hung_up_in_greeting};
use super::pause::Pause;
use super::ringing::given_up;
use super::{Action, Event, State, Turn};

/// Longer than the 64·T1 (32 s) after which the transaction gives up; only
/// reached when nobody says so.
const PATIENCE: Duration = Duration::from_secs(40);

/// Answered and waiting for the ACK.
#[derive(Debug, Clone)]
pub(super) struct AwaitingAck {
    line: Line,
    until: Instant,
}

impl AwaitingAck {
    /// Answers the call.
    pub(super) fn answer(turn: &mut Turn<'_>) -> State {
        turn.act(Action::Answer);
        let line = Line::begin(turn);
        State::AwaitingAck(AwaitingAck { line, until: turn.after(PATIENCE) })
    }

    pub(super) fn deadline(&self) -> Instant {
        self.until
    }

    pub(super) fn handle(mut self, event: Event, turn: &mut Turn<'_>) -> State {
        self.line.note(event);
        match event {
            Event::Acknowledged => Pause::begin(self.line, turn),
            Event::NotAcknowledged => cut_off_in_greeting(Why::NoAck, turn),
            Event::Deadline if turn.has_come(self.until) => cut_off_in_greeting(Why::NoAck, turn),
            Event::HungUp { elsewhere } => hung_up_in_greeting(elsewhere, turn),
            Event::MediaFailed => cut_off_in_greeting(Why::MediaFailed, turn),
            Event::ServerStopping => cut_off_in_greeting(Why::Interrupted, turn),
            // It overtook the answer, which never left: a CANCEL that comes after
            // the final response has no effect (RFC 3261 §9.2) and is not told.
            Event::Cancelled { elsewhere } => turn.end(given_up(elsewhere), Stage::Forwarded),
            Event::Deadline
            | Event::PromptFinished
            | Event::Digit(_)
            | Event::VoiceStarted
            | Event::VoiceStopped
            | Event::Held
            | Event::Resumed
            | Event::RecordingClosed { .. }
            | Event::RecordingLost => State::AwaitingAck(self),
        }
    }
}
