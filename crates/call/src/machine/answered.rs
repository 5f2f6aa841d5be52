//! What stays with a call from its answer on, whichever state it is in, and
//! the ends that are the same all over state 3.

use std::time::Instant;

use ringpost_model::{Stage, Why};

use super::{Action, Event, State, Turn};
use crate::told::Happened;

/// The answered call: what is heard on it, and when its time is over.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// The caller is heard.
    pub voice: bool,
    /// The caller put us on hold.
    pub held: bool,
    /// The limit of the whole call.
    pub until: Instant,
}

impl Line {
    pub(super) fn begin(turn: &Turn<'_>) -> Self {
        Self { voice: false, held: false, until: turn.after(turn.policy.call) }
    }

    /// Keeps what the event says about the line.
    pub(super) fn note(&mut self, event: Event) {
        match event {
            Event::VoiceStarted => self.voice = true,
            Event::VoiceStopped => self.voice = false,
            Event::Held => self.held = true,
            Event::Resumed => self.held = false,
            Event::Deadline
            | Event::Cancelled { .. }
            | Event::Acknowledged
            | Event::NotAcknowledged
            | Event::HungUp { .. }
            | Event::PromptFinished
            | Event::Digit(_)
            | Event::MediaFailed
            | Event::RecordingClosed { .. }
            | Event::RecordingLost
            | Event::ServerStopping => {}
        }
    }
}

/// The caller hung up before a recording.
pub(super) fn hung_up_in_greeting(elsewhere: bool, turn: &mut Turn<'_>) -> State {
    let happened = if elsewhere {
        Happened::AnsweredElsewhere
    } else {
        Happened::EndedInGreeting(Why::HungUpInGreeting)
    };
    turn.end(happened, Stage::Greeting)
}

/// Ringpost ends the call before a recording.
pub(super) fn cut_off_in_greeting(why: Why, turn: &mut Turn<'_>) -> State {
    turn.act(Action::HangUp);
    turn.end(Happened::EndedInGreeting(why), Stage::Greeting)
}
