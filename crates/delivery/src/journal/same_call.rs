//! What a record becomes in the light of what was heard before. Pure: which
//! hearings are of one call is decided by [`ringpost_call::same_call`]; here
//! stands which of two such records the user is told by.

use ringpost_model::{Ear, Outcome, Why};

/// What the rule needs to know of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) ear: Ear,
    pub(super) outcome: Outcome,
}

/// Whether `later` says nothing that the user has not been told by `earlier`,
/// or was not to be told because of it. In doubt he is told.
///
/// Both are of the same call; `named` says that they share an identifier.
pub(super) fn swallows(earlier: Heard, later: Heard, named: bool) -> bool {
    match later.outcome {
        // A message is never dropped, whatever was heard.
        Outcome::VoiceMail(_) => false,
        Outcome::MissedCall(_) => match earlier.outcome {
            Outcome::VoiceMail(_) | Outcome::MissedCall(_) => true,
            Outcome::Silent(why) => settles_the_call(why),
        },
        // Silent in any case: it matters only whether it is a mere repeat.
        Outcome::Silent(why) => {
            named
                && later.ear != Ear::Call
                && earlier.ear == later.ear
                && earlier.outcome.why() == why
        }
    }
}

/// Whether a silent end says that nobody is to be told of this call, and not
/// only that this ear does not tell of it.
pub(super) fn settles_the_call(why: Why) -> bool {
    match why {
        Why::AnsweredElsewhere | Why::SameCall | Why::TooMany => true,
        // Another ear may be the one that tells (`client`, `pbx`), and a call
        // that was refused, or reported as ringing, may be missed in the end.
        Why::NotOurs
        | Why::NotMissed
        | Why::NotWanted
        | Why::Refused(_)
        | Why::HungUpInGreeting
        | Why::MessageLeft
        | Why::TooShort
        | Why::NothingSaid
        | Why::Cancelled
        | Why::Reported
        | Why::NoAck
        | Why::Interrupted
        | Why::MediaFailed => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_told_by_what() {
        use Outcome::{MissedCall, Silent, VoiceMail};
        let mail = VoiceMail(Why::MessageLeft);
        let missed = MissedCall(Why::Reported);
        for (earlier, later, swallowed) in [
            // A voice mail always goes out.
            ((Ear::Info, missed), (Ear::Call, mail), false),
            ((Ear::Call, mail), (Ear::Call, mail), false),
            ((Ear::Info, Silent(Why::AnsweredElsewhere)), (Ear::Call, mail), false),
            // A notification stands alone.
            ((Ear::Call, mail), (Ear::Info, missed), true),
            ((Ear::Call, MissedCall(Why::Cancelled)), (Ear::Info, missed), true),
            ((Ear::Info, missed), (Ear::Info, missed), true),
            ((Ear::Call, Silent(Why::AnsweredElsewhere)), (Ear::Info, missed), true),
            ((Ear::Http, Silent(Why::TooMany)), (Ear::Http, missed), true),
            // An ear that does not tell leaves it to the others.
            ((Ear::Info, Silent(Why::NotOurs)), (Ear::Http, missed), false),
            (
                (Ear::Info, Silent(Why::NotOurs)),
                (Ear::Call, MissedCall(Why::HungUpInGreeting)),
                false,
            ),
            ((Ear::Info, Silent(Why::NotMissed)), (Ear::Info, missed), false),
            ((Ear::Call, Silent(Why::Refused(486))), (Ear::Info, missed), false),
            // Repeats of silent reports.
            ((Ear::Info, Silent(Why::NotOurs)), (Ear::Info, Silent(Why::NotOurs)), true),
            ((Ear::Info, Silent(Why::NotOurs)), (Ear::Http, Silent(Why::NotOurs)), false),
            ((Ear::Call, Silent(Why::Refused(486))), (Ear::Call, Silent(Why::Refused(486))), false),
        ] {
            let heard = |(ear, outcome)| Heard { ear, outcome };
            let said = swallows(heard(earlier), heard(later), true);
            assert_eq!(said, swallowed, "{earlier:?} then {later:?}");
        }
    }
}
