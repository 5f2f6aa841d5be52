//! The sources as their users meet them: contacts in a file of their own, LDAP
//! against a real slapd and against servers that misbehave.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "all of this binary is a test, and a failed preparation fails it"
)]

mod contacts;
mod ldap;
mod ldap_failures;
mod slapd;
mod wire;

use ringpost_lookup::{CallerId, DialPlan, Question, Source, SourceFault};
use ringpost_model::Party;

fn plan() -> DialPlan {
    DialPlan::new("US", 4).unwrap()
}

/// A call to `subscriber` from a number, an extension or a SIP URI.
fn call(subscriber: &str, from: &str) -> Question {
    let mut party = Party::from_user(from);
    if let Some((user, host)) = from.strip_prefix("sip:").and_then(|rest| rest.rsplit_once('@')) {
        party.uri = Some(from.to_owned());
        party.user = Some(user.to_owned());
        party.host = Some(host.to_owned());
    }
    Question { caller: CallerId::read(&party, &plan()), subscriber: subscriber.to_owned() }
}

/// The names a source has for a caller of alice.
async fn names(source: &impl Source, from: &str) -> Result<Vec<String>, SourceFault> {
    let found = source.find(&call("alice", from)).await?;
    Ok(found.into_iter().map(|person| person.name).collect())
}
