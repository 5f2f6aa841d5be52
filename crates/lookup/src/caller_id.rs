//! The caller as the dial plan reads him.

use ringpost_model::{E164, Party};

use crate::{DialPlan, clean};

/// Who rang, in the forms that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallerId {
    /// What the network said; empty when withheld or not given.
    pub raw: String,
    /// The caller asked not to be named.
    pub withheld: bool,
    /// The number that the dial plan makes of it.
    pub number: Option<E164>,
    /// The extension that the dial plan sees in it.
    pub extension: Option<String>,
    /// SIP URI with scheme and without parameters, where the caller has one.
    pub sip_uri: Option<String>,
    /// The display name that came with the call: never verified.
    pub display_name: Option<String>,
}

impl CallerId {
    /// Reads a party. A caller who asked not to be named has nothing that
    /// could be looked up or shown.
    pub fn read(party: &Party, plan: &DialPlan) -> CallerId {
        if party.withheld || is_anonymous(party) {
            return CallerId { withheld: true, ..CallerId::default() };
        }
        // The URI says more than its user part: a phone-context, a `tel:`.
        let forms = [party.uri.as_deref(), party.user.as_deref()];
        let written = |read: fn(&DialPlan, &str) -> Option<E164>| {
            forms.iter().flatten().find_map(|form| read(plan, form))
        };
        let number = written(DialPlan::number);
        let extension = forms.iter().flatten().find_map(|form| plan.extension(form));
        CallerId {
            raw: clean::line(party.raw()).unwrap_or_default(),
            withheld: false,
            number,
            extension,
            sip_uri: sip_uri(party),
            display_name: party.display_name.as_deref().and_then(clean::line),
        }
    }
}

/// RFC 3323 §4.1.1.3: `anonymous@anonymous.invalid`, also as a bare word.
fn is_anonymous(party: &Party) -> bool {
    let named = |text: &Option<String>, word: &str| {
        text.as_deref().is_some_and(|text| text.trim().eq_ignore_ascii_case(word))
    };
    named(&party.user, "anonymous") || named(&party.host, "anonymous.invalid")
}

/// Scheme, user and host: what stays the same from call to call.
fn sip_uri(party: &Party) -> Option<String> {
    let (scheme, rest) = match party.uri.as_deref().and_then(|uri| uri.split_once(':')) {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => {
            let (user, host) = (party.user.as_deref()?, party.host.as_deref()?);
            return clean::line(&format!("sip:{user}@{host}"));
        }
    };
    if scheme != "sip" && scheme != "sips" {
        return None;
    }
    let rest = rest.split('?').next().unwrap_or(rest);
    let address = match rest.rsplit_once('@') {
        Some((userinfo, host)) => {
            let user = userinfo.split([';', ':']).next().unwrap_or(userinfo);
            let host = host.split(';').next().unwrap_or(host);
            format!("{user}@{host}")
        }
        None => rest.split(';').next().unwrap_or(rest).to_owned(),
    };
    clean::line(&format!("{scheme}:{address}")).filter(|_| !address.trim().is_empty())
}
