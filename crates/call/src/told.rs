//! Who is told of what: the table of the three deployments, in one place.

use std::time::Duration;

use ringpost_model::{Ear, Notify, Outcome, Why};

use crate::Policy;

/// A row of the table: what happened to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happened {
    /// The front end reports by INFO that the caller gave up (states 1, 2).
    FrontEndReport,
    /// A CANCEL before the answer (state 2).
    Cancelled,
    /// Somebody or something else took the call.
    AnsweredElsewhere,
    /// It ended after the answer and before a recording (state 3).
    EndedInGreeting(Why),
    /// A message was left (state 4).
    MessageLeft(Why),
    /// The recording is no message (state 4).
    EmptyRecording(Why),
    /// The phone system itself reports a missed call (HTTP, CDR).
    SystemReport,
    /// The user's own agent saw a missed call.
    AgentReport,
    /// A report of something that is no missed call.
    NotMissed,
    /// Refused before the answer with this SIP status.
    Refused(u16),
}

/// The table. `missed_calls` switches notifications off, never voice mail.
pub(crate) fn outcome(happened: Happened, notify: Notify, missed_calls: bool) -> Outcome {
    let only = |told: &[Notify], why| {
        if told.contains(&notify) {
            Outcome::MissedCall(why)
        } else {
            Outcome::Silent(Why::NotOurs)
        }
    };
    let outcome = match happened {
        Happened::FrontEndReport => only(&[Notify::Server], Why::Reported),
        Happened::Cancelled => only(&[Notify::Server], Why::Cancelled),
        Happened::AnsweredElsewhere => Outcome::Silent(Why::AnsweredElsewhere),
        Happened::EndedInGreeting(why) | Happened::EmptyRecording(why) => Outcome::MissedCall(why),
        Happened::MessageLeft(why) => Outcome::VoiceMail(why),
        Happened::SystemReport => only(&[Notify::Server, Notify::Pbx], Why::Reported),
        Happened::AgentReport => only(&[Notify::Client], Why::Reported),
        Happened::NotMissed => Outcome::Silent(Why::NotMissed),
        Happened::Refused(status) => Outcome::Silent(Why::Refused(status)),
    };
    match outcome {
        Outcome::MissedCall(_) if !missed_calls => Outcome::Silent(Why::NotWanted),
        Outcome::MissedCall(_) | Outcome::VoiceMail(_) | Outcome::Silent(_) => outcome,
    }
}

/// What a report of a call comes to. `event_is_missed`: its event is a missed
/// call; `elsewhere`: it says that the call was answered elsewhere.
pub fn outcome_of_report(
    event_is_missed: bool,
    elsewhere: bool,
    notify: Notify,
    missed_calls: bool,
    ear: Ear,
) -> Outcome {
    let happened = match (elsewhere, event_is_missed, ear) {
        (true, _, _) => Happened::AnsweredElsewhere,
        (false, false, _) => Happened::NotMissed,
        (false, true, Ear::Info) => Happened::FrontEndReport,
        (false, true, Ear::Http | Ear::Cdr) => Happened::SystemReport,
        (false, true, Ear::Agent) => Happened::AgentReport,
        (false, true, Ear::Call) => Happened::Cancelled,
    };
    outcome(happened, notify, missed_calls)
}

/// What a call comes to that was cut off after its answer and found again at
/// the next start. `recorded`: length of the sound and how much of it was
/// something said; `None` when nothing had been recorded.
pub fn outcome_of_interrupted(recorded: Option<(Duration, Duration)>, policy: &Policy) -> Outcome {
    let is_message =
        recorded.is_some_and(|(duration, said)| policy.empty(duration, said).is_none());
    let happened = if is_message {
        Happened::MessageLeft(Why::Interrupted)
    } else {
        Happened::EndedInGreeting(Why::Interrupted)
    };
    outcome(happened, policy.notify, policy.missed_calls)
}
