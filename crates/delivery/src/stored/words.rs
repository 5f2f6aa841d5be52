//! The words of the ledger, read back.

use ringpost_model::{Ear, Outcome, Why};

use crate::journal::JournalError;

fn unknown(what: &str, word: &str) -> JournalError {
    JournalError::Unreadable { reason: format!("{word:?} is no {what}") }
}

/// The ear that [`Ear::as_str`] named.
pub(crate) fn ear(word: &str) -> Result<Ear, JournalError> {
    [Ear::Call, Ear::Info, Ear::Http, Ear::Cdr, Ear::Agent]
        .into_iter()
        .find(|ear| ear.as_str() == word)
        .ok_or_else(|| unknown("ear", word))
}

/// The outcome that [`Outcome::as_str`] and [`Why::as_str`] named; `status` is
/// that of `refused`.
pub(crate) fn outcome(
    outcome: &str,
    why: &str,
    status: Option<i64>,
) -> Result<Outcome, JournalError> {
    let status = u16::try_from(status.unwrap_or(0)).unwrap_or(0);
    let why = EVERY_WHY
        .into_iter()
        .chain([Why::Refused(status)])
        .find(|known| known.as_str() == why)
        .ok_or_else(|| unknown("reason", why))?;
    match outcome {
        "voice-mail" => Ok(Outcome::VoiceMail(why)),
        "missed-call" => Ok(Outcome::MissedCall(why)),
        "silent" => Ok(Outcome::Silent(why)),
        _ => Err(unknown("outcome", outcome)),
    }
}

/// Every reason without a value of its own.
const EVERY_WHY: [Why; 15] = [
    Why::HungUpInGreeting,
    Why::MessageLeft,
    Why::TooShort,
    Why::NothingSaid,
    Why::Cancelled,
    Why::AnsweredElsewhere,
    Why::Reported,
    Why::NotMissed,
    Why::NotWanted,
    Why::NotOurs,
    Why::SameCall,
    Why::NoAck,
    Why::Interrupted,
    Why::MediaFailed,
    Why::TooMany,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A reason added to the model without a place here fails to compile.
    fn place(why: Why) -> Option<usize> {
        match why {
            Why::HungUpInGreeting
            | Why::MessageLeft
            | Why::TooShort
            | Why::NothingSaid
            | Why::Cancelled
            | Why::AnsweredElsewhere
            | Why::Reported
            | Why::NotMissed
            | Why::NotWanted
            | Why::NotOurs
            | Why::SameCall
            | Why::NoAck
            | Why::Interrupted
            | Why::MediaFailed
            | Why::TooMany => EVERY_WHY.iter().position(|known| *known == why),
            Why::Refused(_) => Some(EVERY_WHY.len()),
        }
    }

    #[test]
    fn every_outcome_is_read_back() {
        for why in EVERY_WHY.into_iter().chain([Why::Refused(503)]) {
            assert!(place(why).is_some());
            let status =
                if let Why::Refused(status) = why { Some(i64::from(status)) } else { None };
            for told in [Outcome::VoiceMail(why), Outcome::MissedCall(why), Outcome::Silent(why)] {
                assert_eq!(outcome(told.as_str(), why.as_str(), status), Ok(told));
            }
        }
        assert!(outcome("silent", "by-magic", None).is_err());
        assert!(outcome("loud", "cancelled", None).is_err());
    }

    #[test]
    fn every_ear_is_read_back() {
        for known in [Ear::Call, Ear::Info, Ear::Http, Ear::Cdr, Ear::Agent] {
            assert_eq!(ear(known.as_str()), Ok(known));
        }
        assert!(ear("nose").is_err());
    }
}
