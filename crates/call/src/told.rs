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

#[cfg(test)]
mod tests {
    use super::*;

    const DEPLOYMENTS: [Notify; 3] = [Notify::Server, Notify::Client, Notify::Pbx];

    /// A cell of the table: what the subscriber gets.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Cell {
        Notification,
        VoiceMail,
        /// Nothing, for this reason.
        None(Why),
    }

    fn cell(outcome: Outcome) -> Cell {
        match outcome {
            Outcome::MissedCall(_) => Cell::Notification,
            Outcome::VoiceMail(_) => Cell::VoiceMail,
            Outcome::Silent(why) => Cell::None(why),
        }
    }

    #[test]
    fn every_cell_of_the_table_of_who_is_told() {
        use Cell::{None, Notification, VoiceMail};
        const NOT_OURS: Cell = None(Why::NotOurs);
        const ELSEWHERE: Cell = None(Why::AnsweredElsewhere);
        let report =
            |ear| move |notify, wanted| outcome_of_report(true, false, notify, wanted, ear);
        let happened = |happened| move |notify, wanted| outcome(happened, notify, wanted);
        type Row<'a> = (&'a str, &'a dyn Fn(Notify, bool) -> Outcome, [Cell; 3]);
        let table: [Row<'_>; 19] = [
            //                                                         server        client        pbx
            ("INFO", &report(Ear::Info), [Notification, NOT_OURS, NOT_OURS]),
            ("CANCEL seen", &happened(Happened::Cancelled), [Notification, NOT_OURS, NOT_OURS]),
            ("CANCEL told of", &report(Ear::Call), [Notification, NOT_OURS, NOT_OURS]),
            ("elsewhere", &happened(Happened::AnsweredElsewhere), [ELSEWHERE; 3]),
            (
                "INFO: elsewhere",
                &|notify, wanted| outcome_of_report(true, true, notify, wanted, Ear::Info),
                [ELSEWHERE; 3],
            ),
            (
                "HTTP: elsewhere",
                &|notify, wanted| outcome_of_report(false, true, notify, wanted, Ear::Http),
                [ELSEWHERE; 3],
            ),
            (
                "hang-up in the greeting",
                &happened(Happened::EndedInGreeting(Why::HungUpInGreeting)),
                [Notification; 3],
            ),
            ("no ACK", &happened(Happened::EndedInGreeting(Why::NoAck)), [Notification; 3]),
            ("no sound", &happened(Happened::EndedInGreeting(Why::MediaFailed)), [Notification; 3]),
            (
                "cut off in the greeting",
                &happened(Happened::EndedInGreeting(Why::Interrupted)),
                [Notification; 3],
            ),
            ("a message", &happened(Happened::MessageLeft(Why::MessageLeft)), [VoiceMail; 3]),
            (
                "a message cut off",
                &happened(Happened::MessageLeft(Why::Interrupted)),
                [VoiceMail; 3],
            ),
            ("too short", &happened(Happened::EmptyRecording(Why::TooShort)), [Notification; 3]),
            (
                "nothing said",
                &happened(Happened::EmptyRecording(Why::NothingSaid)),
                [Notification; 3],
            ),
            ("HTTP", &report(Ear::Http), [Notification, NOT_OURS, Notification]),
            ("CDR", &report(Ear::Cdr), [Notification, NOT_OURS, Notification]),
            ("the agent", &report(Ear::Agent), [NOT_OURS, Notification, NOT_OURS]),
            (
                "INFO: not missed",
                &|notify, wanted| outcome_of_report(false, false, notify, wanted, Ear::Info),
                [None(Why::NotMissed); 3],
            ),
            ("refused", &happened(Happened::Refused(503)), [None(Why::Refused(503)); 3]),
        ];
        for (row, outcome_for, cells) in table {
            for (notify, expected) in DEPLOYMENTS.into_iter().zip(cells) {
                assert_eq!(cell(outcome_for(notify, true)), expected, "{row}, {notify}");
                let unwanted = match expected {
                    Notification => None(Why::NotWanted),
                    VoiceMail | None(_) => expected,
                };
                let outcome = outcome_for(notify, false);
                assert_eq!(cell(outcome), unwanted, "{row}, {notify}, missed_calls = false");
            }
        }
    }

    #[test]
    fn a_call_found_after_a_crash_is_told_of_once() {
        let policy = |missed_calls| Policy {
            notify: Notify::Pbx,
            missed_calls,
            answer_after: Duration::ZERO,
            greeting_delay: Duration::ZERO,
            greeting: Duration::from_secs(300),
            recording: Duration::from_secs(1200),
            call: Duration::from_secs(1800),
            silence: Duration::from_secs(5),
            minimum_message: Duration::from_secs(1),
            minimum_said: Duration::from_millis(300),
        };
        let millis = Duration::from_millis;
        let mail = Outcome::VoiceMail(Why::Interrupted);
        let missed = Outcome::MissedCall(Why::Interrupted);
        let table = [
            (None, missed),
            (Some((millis(1000), millis(300))), mail),
            (Some((millis(60_000), millis(9000))), mail),
            (Some((millis(999), millis(900))), missed),
            (Some((millis(60_000), millis(299))), missed),
            (Some((Duration::ZERO, Duration::ZERO)), missed),
        ];
        for (recorded, expected) in table {
            assert_eq!(outcome_of_interrupted(recorded, &policy(true)), expected, "{recorded:?}");
            let unwanted = if expected == mail { mail } else { Outcome::Silent(Why::NotWanted) };
            assert_eq!(outcome_of_interrupted(recorded, &policy(false)), unwanted, "{recorded:?}");
        }
    }
}
