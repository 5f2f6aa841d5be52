//! Whose call it is, when it was diverted on its way.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use ringpost_model::{Party, Subscriber};

use crate::{DialPlan, Subscribers};

/// Which of several diverting parties counts; in time, not in header order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CalledRule {
    /// The oldest that is a subscriber.
    #[default]
    FirstKnown,
    /// The oldest: who was called originally.
    First,
    /// The newest: who sent the call here.
    Last,
}

/// The text names none of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the called party is \"first-known\", \"first\" or \"last\"")]
pub struct UnknownCalledRule;

impl CalledRule {
    /// The word used in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstKnown => "first-known",
            Self::First => "first",
            Self::Last => "last",
        }
    }
}

impl CalledRule {
    /// Which of so many diversions, oldest first, count.
    pub(crate) fn counted(self, diversions: usize) -> Range<usize> {
        match self {
            Self::FirstKnown => 0..diversions,
            Self::First => 0..diversions.min(1),
            Self::Last => diversions.saturating_sub(1)..diversions,
        }
    }
}

impl fmt::Display for CalledRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CalledRule {
    type Err = UnknownCalledRule;

    fn from_str(text: &str) -> Result<Self, UnknownCalledRule> {
        match text {
            "first-known" => Ok(Self::FirstKnown),
            "first" => Ok(Self::First),
            "last" => Ok(Self::Last),
            _ => Err(UnknownCalledRule),
        }
    }
}

/// The subscriber whose call it is, and the party by whom he was found: the
/// diversion that the rule takes (`diversions` oldest first), then whoever is
/// addressed, in the order given.
pub fn called_user(
    rule: CalledRule,
    diversions: &[Party],
    addressed: &[Party],
    subscribers: &Subscribers,
    plan: &DialPlan,
) -> Option<(Arc<Subscriber>, Party)> {
    let counted = rule.counted(diversions.len());
    diversions
        .get(counted)
        .unwrap_or_default()
        .iter()
        .chain(addressed)
        .find_map(|party| Some((subscribers.find(party, plan)?, party.clone())))
}

#[cfg(test)]
pub(crate) mod tests {
    use ringpost_model::{E164, Notify};

    use super::*;

    pub(crate) fn plan() -> DialPlan {
        DialPlan::new("US", 4).unwrap()
    }

    pub(crate) fn somebody(
        user: &str,
        extension: Option<&str>,
        number: Option<&str>,
    ) -> Subscriber {
        Subscriber {
            user: user.to_owned(),
            name: String::new(),
            mail: vec![format!("{user}@example.com")],
            number: number.map(|number| E164::parse(number).unwrap()),
            extension: extension.map(str::to_owned),
            time_zone: "UTC".to_owned(),
            language: "en".to_owned(),
            notify: Notify::Server,
            missed_calls: true,
            answer_after: None,
        }
    }

    pub(crate) fn team() -> Subscribers {
        Subscribers::new(vec![
            somebody("alice", Some("1001"), Some("+14255550101")),
            somebody("bob", Some("1002"), Some("+14255550102")),
            somebody("carol", Some("1003"), None),
            somebody("dave", None, Some("+7001")),
            somebody("reception", None, Some("+14255550100")),
        ])
        .unwrap()
    }

    #[test]
    fn the_called_user_is_found_by_the_rule() {
        use CalledRule::{First, FirstKnown, Last};
        // rule, diversions oldest first, addressed; user and the party found
        type Row<'a> = (CalledRule, &'a [&'a str], &'a [&'a str], Option<(&'a str, &'a str)>);
        let table: [Row<'_>; 16] = [
            (FirstKnown, &["1001"], &["9000"], Some(("alice", "1001"))),
            (FirstKnown, &["1001", "1002"], &["9000"], Some(("alice", "1001"))),
            (FirstKnown, &["mallory", "1002", "1001"], &["9000"], Some(("bob", "1002"))),
            (FirstKnown, &["mallory"], &["9000", "carol"], Some(("carol", "carol"))),
            (FirstKnown, &[], &["alice"], Some(("alice", "alice"))),
            (FirstKnown, &["1001"], &["bob"], Some(("alice", "1001"))),
            (First, &["1001", "1002"], &["9000"], Some(("alice", "1001"))),
            (First, &["mallory", "1002"], &["9000"], None),
            (First, &["mallory", "1002"], &["9000", "carol"], Some(("carol", "carol"))),
            (First, &[], &["+1 425 555 0102"], Some(("bob", "+1 425 555 0102"))),
            (Last, &["1001", "1002"], &["9000"], Some(("bob", "1002"))),
            (Last, &["1001", "mallory"], &["9000"], None),
            (Last, &["1001"], &["bob"], Some(("alice", "1001"))),
            (Last, &[], &["9000", "bob", "alice"], Some(("bob", "bob"))),
            (Last, &[], &[], None),
            (FirstKnown, &["mallory"], &["9000"], None),
        ];
        for (rule, diversions, addressed, expected) in table {
            let parties =
                |users: &[&str]| users.iter().map(|u| Party::from_user(u)).collect::<Vec<_>>();
            let found =
                called_user(rule, &parties(diversions), &parties(addressed), &team(), &plan());
            let found = found.as_ref().map(|(s, party)| (s.user.as_str(), party.raw()));
            assert_eq!(found, expected, "{rule}: {diversions:?}, {addressed:?}");
        }
    }

    #[test]
    fn a_called_user_is_found_where_privacy_is_asked_for() {
        let diversion = Party { withheld: true, ..Party::from_user("1001") };
        let found = called_user(CalledRule::First, &[diversion], &[], &team(), &plan());
        assert_eq!(found.map(|(s, _)| s.user.clone()).as_deref(), Some("alice"));
    }

    #[test]
    fn the_rules_have_their_words() {
        for rule in [CalledRule::FirstKnown, CalledRule::First, CalledRule::Last] {
            assert_eq!(rule.as_str().parse(), Ok(rule));
        }
        assert_eq!("newest".parse::<CalledRule>(), Err(UnknownCalledRule));
    }
}
