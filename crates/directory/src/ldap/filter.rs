//! What is asked of the directory: a filter wide enough for every spelling.
//!
//! Directories compare numbers as text, and people write `+1 (425) 555-0142`,
//! `425.555.0142` and `tel:+14255550142;ext=242`. So the filter wants the last
//! digits in their order with anything between; the dial plan judges what comes.
//! An attribute that the server does not know makes its part of the OR Undefined
//! and spoils nothing (RFC 4511 §4.5.1.7).

use std::fmt::Write;

use ldap3::ldap_escape;
use ringpost_lookup::CallerId;
use ringpost_model::E164;

use crate::closeness::dialled;
use crate::text::sip_address;

/// Attributes that hold telephone numbers as people write them: RFC 4519,
/// RFC 4524, RFC 2798 and Active Directory. Fax numbers are nobody's voice.
pub(super) const NUMBERS: [&str; 9] = [
    "telephoneNumber",
    "otherTelephone",
    "mobile",
    "otherMobile",
    "homePhone",
    "otherHomePhone",
    "ipPhone",
    "otherIpPhone",
    "extension",
];

/// Digits that a filter asks for: enough to leave few people, few enough for a
/// number that is stored without its area code.
const TAIL: usize = 7;

/// `None` when there is nothing to ask by.
pub(super) fn for_caller(caller: &CallerId) -> Option<String> {
    if caller.withheld {
        return None;
    }
    let mut parts = String::new();
    if let Some(number) = &caller.number {
        number_parts(&mut parts, number);
    }
    if let Some(extension) = &caller.extension {
        exact_parts(&mut parts, extension);
        let value = ldap_escape(extension.as_str());
        // Behind a switchboard's number: `+1 425 555 0100 x1042`, `… ext. 1042`.
        for attribute in NUMBERS {
            part(&mut parts, attribute, &format!("*x*{value}"));
        }
        part(&mut parts, "msRTCSIP-Line", &format!("*;ext={value}"));
    }
    if caller.number.is_none()
        && caller.extension.is_none()
        && let Some(digits) = dialled(&caller.raw)
    {
        exact_parts(&mut parts, &digits);
    }
    if let Some(address) = caller.sip_uri.as_deref().and_then(sip_address) {
        let value = ldap_escape(address);
        part(&mut parts, "msRTCSIP-PrimaryUserAddress", &format!("sip:{value}"));
        part(&mut parts, "proxyAddresses", &format!("sip:{value}"));
        part(&mut parts, "mail", &value);
    }
    (!parts.is_empty()).then(|| format!("(|{parts})"))
}

fn number_parts(parts: &mut String, number: &E164) {
    let wild = wildcards(tail(number));
    for attribute in NUMBERS {
        part(parts, attribute, &wild);
    }
    part(parts, "msRTCSIP-Line", &format!("tel:{wild}"));
    part(parts, "proxyAddresses", &format!("EUM:{wild}"));
}

fn exact_parts(parts: &mut String, number: &str) {
    let value = ldap_escape(number);
    for attribute in NUMBERS {
        part(parts, attribute, &value);
    }
    part(parts, "msRTCSIP-Line", &format!("tel:{value}"));
    part(parts, "proxyAddresses", &format!("EUM:{value};*"));
}

/// `value` is escaped already; its asterisks are wildcards.
fn part(parts: &mut String, attribute: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = write!(parts, "({attribute}={value})");
}

/// The last digits of the national number. Country codes have up to three digits
/// (E.164 §6.2.1), and small countries short numbers.
fn tail(number: &E164) -> &str {
    let digits = number.digits();
    let wanted = digits.len().saturating_sub(3).clamp(3, TAIL);
    digits.get(digits.len().saturating_sub(wanted)..).unwrap_or(digits)
}

fn wildcards(digits: &str) -> String {
    digits.chars().fold(String::from("*"), |mut wild, digit| {
        wild.push(digit);
        wild.push('*');
        wild
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_number(number: &str) -> CallerId {
        CallerId { number: E164::parse(number).ok(), ..CallerId::default() }
    }

    #[test]
    fn a_number_is_asked_for_by_its_last_digits() {
        for (number, wild) in [
            ("+14255550142", "(mobile=*5*5*5*0*1*4*2*)"),
            ("+493023125042", "(telephoneNumber=*3*1*2*5*0*4*2*)"),
            ("+6834002", "(homePhone=*4*0*0*2*)"),
            ("+4911", "(ipPhone=*9*1*1*)"),
            ("+49", "(ipPhone=*4*9*)"),
        ] {
            let filter = for_caller(&by_number(number)).unwrap();
            assert!(filter.contains(wild), "{filter}");
            assert!(!filter.contains("acsimile"), "{filter}");
            assert!(ldap3::parse_filter(&filter).is_ok(), "{filter}");
        }
    }

    #[test]
    fn nothing_is_asked_about_nobody() {
        assert_eq!(for_caller(&CallerId::default()), None);
        let withheld = CallerId { withheld: true, ..by_number("+14255550142") };
        assert_eq!(for_caller(&withheld), None);
        let name = CallerId { raw: "bob".into(), ..CallerId::default() };
        assert_eq!(for_caller(&name), None);
    }

    #[test]
    fn metacharacters_stay_values() {
        for hostile in [
            "sip:*)(uid=*@example.com",
            "sip:a\\2a@example.com",
            "sip:\0)(|(cn=*@*)",
            "sip:(((@)))",
        ] {
            let caller = CallerId { sip_uri: Some(hostile.into()), ..CallerId::default() };
            let filter = for_caller(&caller).unwrap();
            assert_eq!(filter.matches('(').count(), 4, "{filter}");
            assert_eq!(filter.matches(')').count(), 4, "{filter}");
            assert!(!filter.contains('*'), "{filter}");
            assert!(ldap3::parse_filter(&filter).is_ok(), "{filter}");
        }
        let caller = CallerId { extension: Some("1)(cn=*".into()), ..CallerId::default() };
        let filter = for_caller(&caller).unwrap();
        assert!(filter.contains("(ipPhone=1\\29\\28cn=\\2a)"), "{filter}");
    }
}
