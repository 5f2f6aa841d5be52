//! State 2: forwarded to Ringpost and not answered. It lasts only where
//! Ringpost is to ring first.

use std::time::Instant;

use ringpost_model::Stage;

use super::awaiting_ack::AwaitingAck;
use super::{Action, Event, State, Turn};
use crate::told::Happened;

/// Answers the CANCELs and BYEs of callers who give up.
#[derive(Debug, Clone)]
pub(super) struct Ringing {
    answer_at: Instant,
}

/// The first state: ringing, or answered at once.
pub(super) fn begin(turn: &mut Turn<'_>) -> State {
    if turn.policy.answer_after.is_zero() {
        return AwaitingAck::answer(turn);
    }
    turn.act(Action::Ring);
    State::Ringing(Ringing { answer_at: turn.after(turn.policy.answer_after) })
}

impl Ringing {
    pub(super) fn deadline(&self) -> Instant {
        self.answer_at
    }

    pub(super) fn handle(self, event: Event, turn: &mut Turn<'_>) -> State {
        match event {
            Event::Deadline if turn.has_come(self.answer_at) => AwaitingAck::answer(turn),
            Event::Cancelled { elsewhere } => turn.end(given_up(elsewhere), Stage::Forwarded),
            Event::HungUp { elsewhere } => {
                // RFC 3261 §15.1.2: a BYE in the early dialog leaves the
                // INVITE to be answered.
                turn.act(Action::Refuse(487));
                turn.end(given_up(elsewhere), Stage::Forwarded)
            }
            Event::MediaFailed | Event::ServerStopping => {
                turn.act(Action::Refuse(503));
                turn.end(Happened::Refused(503), Stage::Forwarded)
            }
            Event::Deadline
            | Event::Acknowledged
            | Event::NotAcknowledged
            | Event::PromptFinished
            | Event::Digit(_)
            | Event::VoiceStarted
            | Event::VoiceStopped
            | Event::Held
            | Event::Resumed
            | Event::RecordingClosed { .. }
            | Event::RecordingLost => State::Ringing(self),
        }
    }
}

/// A call that was given up before it was answered.
pub(super) fn given_up(elsewhere: bool) -> Happened {
    if elsewhere { Happened::AnsweredElsewhere } else { Happened::Cancelled }
}
