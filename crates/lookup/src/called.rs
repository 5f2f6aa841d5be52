//! Whose call it is, when it was diverted on its way.

use std::fmt;
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
    let counted = match rule {
        CalledRule::FirstKnown => diversions,
        CalledRule::First => diversions.get(..1).unwrap_or_default(),
        CalledRule::Last => {
            diversions.get(diversions.len().saturating_sub(1)..).unwrap_or_default()
        }
    };
    counted
        .iter()
        .chain(addressed)
        .find_map(|party| Some((subscribers.find(party, plan)?, party.clone())))
}
