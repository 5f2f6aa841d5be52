//! The people that Ringpost answers for, found by what the network calls them.

use std::collections::HashMap;
use std::sync::Arc;

use ringpost_model::{E164, Party, Subscriber};

use crate::DialPlan;

/// All subscribers, indexed by user, extension and number.
#[derive(Debug, Clone, Default)]
pub struct Subscribers {
    all: Vec<Arc<Subscriber>>,
    by_user: HashMap<String, Arc<Subscriber>>,
    by_extension: HashMap<String, Arc<Subscriber>>,
    by_number: HashMap<E164, Arc<Subscriber>>,
}

/// Two subscribers have the same user, extension or number, so that a call
/// could be either's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two subscribers ({first} and {second}) have the {what} {value}; each needs its own")]
pub struct DuplicateSubscriber {
    /// `user`, `extension` or `number`: the key of the configuration.
    pub what: &'static str,
    /// What both have.
    pub value: String,
    /// User of the one that came first.
    pub first: String,
    /// User of the other.
    pub second: String,
}

impl Subscribers {
    /// Indexes the subscribers, keeping their order.
    ///
    /// # Errors
    /// Two of them have the same user (without regard to case), extension or
    /// number.
    pub fn new(subscribers: Vec<Subscriber>) -> Result<Self, DuplicateSubscriber> {
        let mut index = Self::default();
        for subscriber in subscribers {
            let subscriber = Arc::new(subscriber);
            let clash = |what, value: &str, first: &Subscriber| DuplicateSubscriber {
                what,
                value: value.to_owned(),
                first: first.user.clone(),
                second: subscriber.user.clone(),
            };
            let user = folded(&subscriber.user);
            if let Some(first) = index.by_user.insert(user, Arc::clone(&subscriber)) {
                return Err(clash("user", &subscriber.user, &first));
            }
            if let Some(extension) = &subscriber.extension
                && let Some(first) =
                    index.by_extension.insert(extension.clone(), Arc::clone(&subscriber))
            {
                return Err(clash("extension", extension, &first));
            }
            if let Some(number) = &subscriber.number
                && let Some(first) = index.by_number.insert(number.clone(), Arc::clone(&subscriber))
            {
                return Err(clash("number", number.as_str(), &first));
            }
            index.all.push(subscriber);
        }
        Ok(index)
    }

    /// The subscriber that the network names so: by user, then by extension
    /// (also one behind a number that we share), then by number.
    pub fn find(&self, party: &Party, plan: &DialPlan) -> Option<Arc<Subscriber>> {
        let forms = || [party.uri.as_deref(), party.user.as_deref()].into_iter().flatten();
        if let Some(found) = party.user.as_deref().and_then(|user| self.by_user(user)) {
            return Some(found);
        }
        forms()
            .find_map(|form| self.by_extension.get(&plan.extension(form)?))
            .or_else(|| forms().find_map(|form| self.behind_number(form, plan)))
            .or_else(|| forms().find_map(|form| self.by_number.get(&number(form, plan)?)))
            .map(Arc::clone)
    }

    /// The subscriber with that user part, without regard to case.
    pub fn by_user(&self, user: &str) -> Option<Arc<Subscriber>> {
        self.by_user.get(&folded(user)).map(Arc::clone)
    }

    /// Everybody, in the order given.
    pub fn all(&self) -> &[Arc<Subscriber>] {
        &self.all
    }

    /// `+14255550100;ext=1001`: extension 1001, if that number is ours. The
    /// same extension behind a stranger's number is a stranger.
    fn behind_number(&self, form: &str, plan: &DialPlan) -> Option<&Arc<Subscriber>> {
        let found = self.by_extension.get(&plan.extension_behind(form)?)?;
        let called = number(form, plan)?;
        let ours = match &found.number {
            None => self.by_number.contains_key(&called),
            Some(own) => own == &called || same_block(own, &called, plan.extension_digits()),
        };
        if ours { Some(found) } else { None }
    }
}

/// By the plan; a number that only the configuration knows counts as written.
fn number(form: &str, plan: &DialPlan) -> Option<E164> {
    plan.number(form).or_else(|| E164::parse(form.strip_prefix("tel:").unwrap_or(form)).ok())
}

/// Whether two numbers differ in their last digits only, as those of one
/// company do.
fn same_block(a: &E164, b: &E164, last: usize) -> bool {
    let head = |number: &E164| {
        number
            .digits()
            .len()
            .checked_sub(last)
            .and_then(|n| number.digits().get(..n).map(str::to_owned))
    };
    a.digits().len() == b.digits().len() && head(a).is_some_and(|a| Some(a) == head(b))
}

fn folded(user: &str) -> String {
    user.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::called::tests::{plan, somebody, team};

    #[test]
    fn a_subscriber_is_found_by_whatever_the_network_calls_him() {
        let (team, plan) = (team(), plan());
        let table = [
            ("alice", Some("alice")),
            ("Alice", Some("alice")),
            (" ALICE ", Some("alice")),
            ("1001", Some("alice")),
            ("+14255550101", Some("alice")),
            ("+1 (425) 555-0101", Some("alice")),
            ("4255550101", Some("alice")),
            ("0014255550101", Some("alice")),
            ("carol", Some("carol")),
            ("1003", Some("carol")),
            // A number that only the configuration knows.
            ("+7001", Some("dave")),
            ("reception", Some("reception")),
            ("+14255550100", Some("reception")),
            ("mallory", None),
            ("1009", None),
            ("+14255550199", None),
            ("", None),
        ];
        for (user, expected) in table {
            let found = team.find(&Party::from_user(user), &plan);
            assert_eq!(found.as_ref().map(|s| s.user.as_str()), expected, "{user:?}");
        }
    }

    #[test]
    fn an_extension_behind_our_number_is_ours_and_behind_another_is_not() {
        let (team, plan) = (team(), plan());
        let table = [
            ("tel:+14255550100;ext=1001", Some("alice")),
            ("tel:+14255550100;ext=1003", Some("carol")),
            ("tel:+14255550100;ext=9999", Some("reception")),
            ("tel:+14255550100", Some("reception")),
            ("tel:+14255550101;ext=1001", Some("alice")),
            ("sip:+14255550100;ext=1001@gw.example.com", Some("alice")),
            ("tel:+12125550100;ext=1001", None),
            ("tel:+12125550100;ext=1003", None),
            ("tel:1001;phone-context=example.com", Some("alice")),
            ("sip:1001@pbx.example.com", Some("alice")),
        ];
        for (uri, expected) in table {
            let party = Party { uri: Some(uri.to_owned()), ..Party::default() };
            let found = team.find(&party, &plan);
            assert_eq!(found.as_ref().map(|s| s.user.as_str()), expected, "{uri}");
        }
    }

    #[test]
    fn what_two_have_is_nobodys() {
        let number = E164::parse("+14255550101").ok();
        let (a, b) = (somebody("alice", None, None), somebody("Alice", None, None));
        let error = Subscribers::new(vec![a, b]).unwrap_err();
        assert_eq!((error.what, error.value.as_str()), ("user", "Alice"));
        let (a, b) = (somebody("alice", Some("1001"), None), somebody("bob", Some("1001"), None));
        let error = Subscribers::new(vec![a, b]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "two subscribers (alice and bob) have the extension 1001; each needs its own"
        );
        let mut a = somebody("alice", None, None);
        let mut b = somebody("bob", None, None);
        a.number.clone_from(&number);
        b.number = number;
        let error = Subscribers::new(vec![a, b]).unwrap_err();
        assert_eq!((error.what, error.value.as_str()), ("number", "+14255550101"));
    }

    #[test]
    fn everybody_is_there_in_the_order_given() {
        let team = team();
        let users: Vec<&str> = team.all().iter().map(|s| s.user.as_str()).collect();
        assert_eq!(users, ["alice", "bob", "carol", "dave", "reception"]);
        assert_eq!(team.by_user("BOB").map(|s| s.user.clone()).as_deref(), Some("bob"));
        assert!(team.by_user("1001").is_none(), "an extension is no user");
    }
}
