//! State 4: the caller records a message.

use std::time::Instant;

use ringpost_model::{Stage, Why};

use super::answered::Line;
use super::closing::{Closing, Found};
use super::{Action, Event, State, Turn};
use crate::told::Happened;

/// The caller is recorded.
#[derive(Debug, Clone)]
pub(super) struct Recording {
    line: Line,
    /// Limit of the recording or of the call, whichever comes first.
    until: Instant,
    /// When it has been quiet for long enough; `None` while the caller is
    /// heard or holds.
    quiet_until: Option<Instant>,
}

impl Recording {
    pub(super) fn begin(line: Line, turn: &mut Turn<'_>) -> State {
        turn.act(Action::StartRecording);
        let until = turn.after(turn.policy.recording).min(line.until);
        let mut recording = Recording { line, until, quiet_until: None };
        recording.time_quiet(turn);
        State::Recording(recording)
    }

    pub(super) fn deadline(&self) -> Instant {
        self.quiet_until.map_or(self.until, |quiet| quiet.min(self.until))
    }

    pub(super) fn handle(mut self, event: Event, turn: &mut Turn<'_>) -> State {
        self.line.note(event);
        match event {
            Event::VoiceStarted | Event::VoiceStopped | Event::Held | Event::Resumed => {
                self.time_quiet(turn);
                State::Recording(self)
            }
            Event::Deadline if turn.has_come(self.deadline()) => {
                finish(Found::Message(Why::MessageLeft), turn)
            }
            Event::Digit('#') => finish(Found::Message(Why::MessageLeft), turn),
            Event::HungUp { elsewhere } => {
                turn.act(Action::StopRecording);
                let found =
                    if elsewhere { Found::Elsewhere } else { Found::Message(Why::MessageLeft) };
                Closing::begin(found, turn)
            }
            Event::MediaFailed => finish(Found::Message(Why::MediaFailed), turn),
            Event::ServerStopping => finish(Found::Message(Why::Interrupted), turn),
            Event::RecordingClosed { duration, said } => {
                // It closed itself: no more can be written.
                turn.act(Action::HangUp);
                Found::Message(Why::MediaFailed).end(duration, said, turn)
            }
            Event::RecordingLost => {
                turn.act(Action::HangUp);
                turn.end(Happened::EmptyRecording(Why::MediaFailed), Stage::Recording)
            }
            Event::Deadline
            | Event::Cancelled { .. }
            | Event::Acknowledged
            | Event::NotAcknowledged
            | Event::PromptFinished
            | Event::Digit(_) => State::Recording(self),
        }
    }

    /// Quiet is timed while the caller is neither heard nor holds, and anew
    /// after each of the two; a repeated event does not prolong it.
    fn time_quiet(&mut self, turn: &Turn<'_>) {
        let is_timed = !self.line.voice && !self.line.held && !turn.policy.silence.is_zero();
        self.quiet_until = if is_timed {
            self.quiet_until.or_else(|| Some(turn.after(turn.policy.silence)))
        } else {
            None
        };
    }
}

/// Ringpost ends the recording.
fn finish(found: Found, turn: &mut Turn<'_>) -> State {
    turn.act(Action::StopRecording);
    turn.act(Action::HangUp);
    Closing::begin(found, turn)
}
