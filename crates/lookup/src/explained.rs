//! Why it is this subscriber's call: each party that was looked at, in the
//! order of [`called_user`](crate::called_user), and what came of it.

use std::sync::Arc;

use ringpost_model::{Party, Subscriber};

use crate::{CalledRule, DialPlan, Subscribers};

/// One party of a call that may name the called user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The party, as the network named it.
    pub party: Party,
    /// It diverted the call; else it is addressed by it.
    pub diverted: bool,
    /// What came of looking at it.
    pub standing: Standing,
}

/// What came of looking at one party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The rule takes another diversion.
    NotCounted,
    /// Nobody we know.
    Unknown,
    /// This subscriber: it is his call.
    Chosen(Arc<Subscriber>),
    /// Not asked any more.
    Behind,
}

/// Every party with what came of it: diversions oldest first, then whoever is
/// addressed. At most one is chosen, the one that `called_user` finds.
pub fn explain_called_user(
    rule: CalledRule,
    diversions: &[Party],
    addressed: &[Party],
    subscribers: &Subscribers,
    plan: &DialPlan,
) -> Vec<Looked> {
    let counted = rule.counted(diversions.len());
    let diverting = diversions.iter().enumerate().map(|(at, party)| (party, Some(at)));
    let mut found = false;
    diverting
        .chain(addressed.iter().map(|party| (party, None)))
        .map(|(party, diversion)| {
            let standing = if diversion.is_some_and(|at| !counted.contains(&at)) {
                Standing::NotCounted
            } else if found {
                Standing::Behind
            } else {
                subscribers.find(party, plan).map_or(Standing::Unknown, Standing::Chosen)
            };
            found |= matches!(standing, Standing::Chosen(_));
            Looked { party: party.clone(), diverted: diversion.is_some(), standing }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::called::tests::{plan, team};
    use crate::called_user;

    /// `+` chosen, `?` unknown, `x` not counted, `.` behind the chosen one.
    fn marks(rule: CalledRule, diversions: &[&str], addressed: &[&str]) -> String {
        let parties =
            |users: &[&str]| users.iter().map(|user| Party::from_user(user)).collect::<Vec<_>>();
        let (diversions, addressed) = (parties(diversions), parties(addressed));
        let looked = explain_called_user(rule, &diversions, &addressed, &team(), &plan());
        let chosen = looked.iter().find_map(|looked| match &looked.standing {
            Standing::Chosen(subscriber) => Some((subscriber.clone(), looked.party.clone())),
            Standing::NotCounted | Standing::Unknown | Standing::Behind => None,
        });
        assert_eq!(chosen, called_user(rule, &diversions, &addressed, &team(), &plan()));
        assert_eq!(looked.iter().filter(|looked| looked.diverted).count(), diversions.len());
        let mark = |looked: &Looked| match looked.standing {
            Standing::NotCounted => 'x',
            Standing::Unknown => '?',
            Standing::Chosen(_) => '+',
            Standing::Behind => '.',
        };
        looked.iter().map(mark).collect()
    }

    #[test]
    fn every_party_has_its_reason_and_the_choice_is_the_same() {
        use CalledRule::{First, FirstKnown, Last};
        for (rule, diversions, addressed, expected) in [
            (FirstKnown, &["mallory", "1002", "1001"][..], &["9000"][..], "?+.."),
            (FirstKnown, &["mallory"], &["9000", "carol", "bob"], "??+."),
            (First, &["mallory", "1002"], &["9000", "carol"], "?x?+"),
            (First, &["1001", "1002"], &["bob"], "+x."),
            (Last, &["1001", "1002"], &["9000"], "x+."),
            (Last, &["1001", "mallory"], &["9000"], "x??"),
            (Last, &[], &[], ""),
        ] {
            let said = marks(rule, diversions, addressed);
            assert_eq!(said, expected, "{rule}: {diversions:?}, {addressed:?}");
        }
    }
}
