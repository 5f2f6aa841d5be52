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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(party: &Party) -> CallerId {
        CallerId::read(party, &DialPlan::new("US", 4).unwrap())
    }

    fn sip(uri: &str, user: &str, host: &str) -> Party {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Party { uri: some(uri), user: some(user), host: some(host), ..Party::default() }
    }

    /// party; raw, number, extension, SIP URI
    type Row<'a> = (Party, &'a str, Option<&'a str>, Option<&'a str>, Option<&'a str>);

    #[test]
    fn callers_are_read_in_every_form() {
        const NUMBER: Option<&str> = Some("+14255550142");
        let table: [Row<'_>; 14] = [
            (Party::from_user("+14255550142"), "+14255550142", NUMBER, None, None),
            (Party::from_user("(425) 555-0142"), "(425) 555-0142", NUMBER, None, None),
            (Party::from_user("1001"), "1001", None, Some("1001"), None),
            (Party::from_user("bob"), "bob", None, None, None),
            (Party::default(), "", None, None, None),
            (
                sip("sip:bob@example.org", "bob", "example.org"),
                "bob",
                None,
                None,
                Some("sip:bob@example.org"),
            ),
            (
                sip("SIPS:bob;x=1@example.org:5061;transport=tls?Subject=x", "bob", "example.org"),
                "bob",
                None,
                None,
                Some("sips:bob@example.org:5061"),
            ),
            (sip("", "bob", "example.org"), "bob", None, None, Some("sip:bob@example.org")),
            (
                sip(
                    "sip:+14255550142;ext=242@gw.example.com;user=phone",
                    "+14255550142",
                    "gw.example.com",
                ),
                "+14255550142",
                NUMBER,
                None,
                Some("sip:+14255550142@gw.example.com"),
            ),
            (
                sip("sip:1001@[2001:db8::7]", "1001", "2001:db8::7"),
                "1001",
                None,
                Some("1001"),
                Some("sip:1001@[2001:db8::7]"),
            ),
            (
                sip("tel:+1-425-555-0142", "+1-425-555-0142", ""),
                "+1-425-555-0142",
                NUMBER,
                None,
                None,
            ),
            (sip("tel:5550142;phone-context=+1425", "5550142", ""), "5550142", NUMBER, None, None),
            (
                sip("sip:gw.example.com", "", "gw.example.com"),
                "sip:gw.example.com",
                None,
                None,
                Some("sip:gw.example.com"),
            ),
            (Party::from_user("bo\r\nb\u{202e}"), "bo b", None, None, None),
        ];
        for (party, raw, number, extension, uri) in table {
            let caller = read(&party);
            assert_eq!(caller.raw, raw, "{party:?}");
            assert_eq!(caller.number.as_ref().map(E164::as_str), number, "{party:?}");
            assert_eq!(caller.extension.as_deref(), extension, "{party:?}");
            assert_eq!(caller.sip_uri.as_deref(), uri, "{party:?}");
            assert!(!caller.withheld);
        }
    }

    #[test]
    fn nothing_is_kept_of_a_caller_who_is_not_to_be_named() {
        let named = Party {
            display_name: Some("Bob Example".into()),
            ..sip("sip:+14255550142@example.com", "+14255550142", "example.com")
        };
        let nobody = CallerId { withheld: true, ..CallerId::default() };
        assert_eq!(read(&Party { withheld: true, ..named.clone() }), nobody);
        assert_eq!(read(&Party { user: Some("Anonymous".into()), ..named.clone() }), nobody);
        assert_eq!(read(&Party { host: Some("anonymous.invalid".into()), ..named }), nobody);
    }

    #[test]
    fn a_display_name_is_cleaned_and_kept() {
        let name = |text: &str| {
            let party = Party { display_name: Some(text.into()), ..Party::from_user("1001") };
            read(&party).display_name
        };
        assert_eq!(name("  Bob\r\nExample\u{0} ").as_deref(), Some("Bob Example"));
        assert_eq!(name(" \t "), None);
    }
}
