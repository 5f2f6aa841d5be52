//! Entries as people: who of them is the caller, and his card.

use ringpost_lookup::{CallerId, DialPlan};
use ringpost_model::{Card, Person, Phone, PhoneKind};

use super::entry::Entry;
use super::filter::NUMBERS;
use crate::closeness::{self, Closeness};
use crate::text::{address, digits, line, number_shown, sip_address};

/// What is shown or compared beside the telephone numbers.
const OTHERS: [&str; 11] = [
    "displayName",
    "cn",
    "givenName",
    "sn",
    "title",
    "company",
    "o",
    "mail",
    LINE,
    USER_ADDRESS,
    PROXIES,
];

const LINE: &str = "msRTCSIP-Line";
const USER_ADDRESS: &str = "msRTCSIP-PrimaryUserAddress";
const PROXIES: &str = "proxyAddresses";

/// Kinds of the telephones on the card, in the order they are shown.
const PHONES: [(&str, PhoneKind); 8] = [
    ("telephoneNumber", PhoneKind::Work),
    ("otherTelephone", PhoneKind::Work),
    (LINE, PhoneKind::Work),
    ("mobile", PhoneKind::Mobile),
    ("otherMobile", PhoneKind::Mobile),
    ("homePhone", PhoneKind::Home),
    ("otherHomePhone", PhoneKind::Home),
    ("ipPhone", PhoneKind::Other),
];

/// What is read of an entry: everything that is compared or shown.
pub(super) fn attributes() -> Vec<&'static str> {
    OTHERS.into_iter().chain(NUMBERS).collect()
}

/// Everybody among `entries` who is the caller, as closely as anybody is.
pub(super) fn closest(entries: &[Entry], caller: &CallerId, plan: &DialPlan) -> Vec<Person> {
    let mut best: Option<Closeness> = None;
    let mut people: Vec<Person> = Vec::new();
    for entry in entries {
        let Some(close) = closeness(entry, caller, plan) else { continue };
        let Some(person) = person(entry) else { continue };
        if best.is_some_and(|best| close > best) {
            continue;
        }
        if best.is_none_or(|best| close < best) {
            people.clear();
            best = Some(close);
        }
        people.push(person);
    }
    people
}

fn closeness(entry: &Entry, caller: &CallerId, plan: &DialPlan) -> Option<Closeness> {
    let wanted = caller.sip_uri.as_deref().and_then(sip_address);
    if let Some(wanted) = wanted
        && addresses(entry).any(|address| address == wanted)
    {
        return Some(Closeness::Address);
    }
    numbers(entry).filter_map(|number| closeness::of_number(number, caller, plan)).min()
}

fn addresses(entry: &Entry) -> impl Iterator<Item = String> {
    let sip = entry.all(USER_ADDRESS).chain(entry.all(PROXIES)).filter_map(sip_address);
    sip.chain(entry.all("mail").filter_map(address))
}

/// Every number of an entry, also those that stand behind a scheme.
fn numbers(entry: &Entry) -> impl Iterator<Item = &str> {
    let written = NUMBERS.iter().flat_map(|name| entry.all(name));
    written.chain(entry.all(LINE)).chain(entry.all(PROXIES).filter_map(eum))
}

/// The number of `EUM:+14255550142;phone-context=plan.example.com`, the address by
/// which Exchange Unified Messaging knows a mailbox.
fn eum(proxy: &str) -> Option<&str> {
    let (scheme, rest) = proxy.split_once(':')?;
    let number = rest.split(';').next()?;
    (scheme.eq_ignore_ascii_case("eum") && !number.contains('@')).then_some(number)
}

/// `None` for an entry that has no name to show.
fn person(entry: &Entry) -> Option<Person> {
    let name = entry.line("displayName").or_else(|| entry.line("cn")).or_else(|| {
        let names = [entry.line("givenName"), entry.line("sn")];
        line(&names.into_iter().flatten().collect::<Vec<_>>().join(" "))
    })?;
    let im = entry
        .all(USER_ADDRESS)
        .chain(entry.all(PROXIES))
        .find_map(sip_address)
        .map(|address| format!("sip:{address}"));
    let card = Card {
        title: entry.line("title"),
        company: entry.line("company").or_else(|| entry.line("o")),
        phones: phones(entry),
        mail: entry.line("mail"),
        im,
    };
    Some(Person { id: entry.dn.clone(), name, card })
}

fn phones(entry: &Entry) -> Vec<Phone> {
    let mut phones: Vec<Phone> = Vec::new();
    for (attribute, kind) in PHONES {
        for value in entry.all(attribute) {
            let Some(number) = number_shown(value) else { continue };
            let known = phones.iter().any(|phone| digits(&phone.number) == digits(&number));
            if !known {
                phones.push(Phone { kind, number });
            }
        }
    }
    phones
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> DialPlan {
        DialPlan::new("US", 4).unwrap()
    }

    fn entry(attributes: &[(&str, &str)]) -> Entry {
        let mut entry = Entry::default();
        for (name, value) in attributes {
            entry.add(name, (*value).into());
        }
        entry
    }

    fn caller(raw: &str) -> CallerId {
        CallerId {
            raw: raw.into(),
            number: plan().number(raw),
            extension: plan().extension(raw),
            ..CallerId::default()
        }
    }

    #[test]
    fn everything_that_is_compared_or_shown_is_read() {
        let compared = NUMBERS.iter().copied();
        let shown = PHONES.iter().map(|(name, _)| *name).chain([USER_ADDRESS, PROXIES]);
        for name in compared.chain(shown) {
            assert!(attributes().iter().any(|read| read.eq_ignore_ascii_case(name)), "{name}");
        }
    }

    #[test]
    fn the_card_is_filled() {
        let bob = entry(&[
            ("cn", "Example Bob"),
            ("displayName", "Bob\r\n Example"),
            ("title", "Plumber"),
            ("o", "Example Inc."),
            ("telephoneNumber", "+1 (425) 555-0142"),
            ("mobile;lang-en", "+1 425 555 0143"),
            ("homePhone", "+1 425 555 0144"),
            ("msRTCSIP-Line", "tel:+14255550145;ext=45"),
            ("ipPhone", "+14255550142"),
            ("mail", "bob@example.com"),
            ("proxyAddresses", "SMTP:bob@example.com"),
            ("proxyAddresses", "sip:bob.im@example.com"),
        ]);
        let people = closest(&[bob], &caller("+14255550143"), &plan());
        let phone = |kind, number: &str| Phone { kind, number: number.into() };
        assert_eq!(people.len(), 1);
        assert_eq!(people[0].name, "Bob Example");
        assert_eq!(
            people[0].card,
            Card {
                title: Some("Plumber".into()),
                company: Some("Example Inc.".into()),
                phones: vec![
                    phone(PhoneKind::Work, "+1 (425) 555-0142"),
                    phone(PhoneKind::Work, "+14255550145 x45"),
                    phone(PhoneKind::Mobile, "+1 425 555 0143"),
                    phone(PhoneKind::Home, "+1 425 555 0144"),
                ],
                mail: Some("bob@example.com".into()),
                im: Some("sip:bob.im@example.com".into()),
            }
        );
    }

    #[test]
    fn a_number_may_stand_in_any_attribute() {
        for (name, value, known) in [
            ("otherTelephone", "425-555-0142", true),
            ("msRTCSIP-Line", "tel:+14255550142", true),
            ("msRTCSIP-Line", "TEL:+14255550142;ext=242", true),
            ("proxyAddresses", "EUM:+14255550142;phone-context=plan.example.com", true),
            ("proxyAddresses", "eum:14255550142@example.com;phone-context=plan", false),
            ("proxyAddresses", "SMTP:14255550142@example.com", false),
            ("mobile", "+1 425 555 0124", false),
            ("facsimileTelephoneNumber", "+1 425 555 0142", false),
        ] {
            let people = closest(
                &[entry(&[("cn", "Bob"), (name, value)])],
                &caller("+14255550142"),
                &plan(),
            );
            assert_eq!(people.len(), usize::from(known), "{name} {value}");
        }
    }

    #[test]
    fn the_switchboard_is_not_forty_people() {
        let clerk = |name, line| entry(&[("cn", name), ("msRTCSIP-Line", line)]);
        let all = [
            clerk("Ann", "tel:+14255550100;ext=1001"),
            clerk("Reception", "tel:+14255550100"),
            clerk("Ben", "tel:+14255550100;ext=1002"),
        ];
        let people = closest(&all, &caller("+14255550100"), &plan());
        assert_eq!(people.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["Reception"]);
        let people = closest(&all, &caller("1002"), &plan());
        assert_eq!(people.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["Ben"]);
    }

    #[test]
    fn an_address_is_closer_than_a_number() {
        let sip = entry(&[("cn", "Bob"), ("msRTCSIP-PrimaryUserAddress", "sip:Bob@Example.com")]);
        let mail = entry(&[("cn", "Mia"), ("mail", "bob@example.com")]);
        let desk = entry(&[("cn", "Desk"), ("telephoneNumber", "+14255550142")]);
        let caller =
            CallerId { sip_uri: Some("sip:bob@example.com".into()), ..caller("+14255550142") };
        let names = |entries: &[Entry]| {
            closest(entries, &caller, &plan()).into_iter().map(|p| p.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[desk.clone(), sip.clone()]), ["Bob"]);
        assert_eq!(names(&[desk.clone(), mail]), ["Mia"]);
        assert_eq!(names(&[desk]), ["Desk"]);
    }

    #[test]
    fn nobody_without_a_name() {
        let nameless = entry(&[("displayName", " "), ("mobile", "+14255550142")]);
        assert_eq!(closest(&[nameless], &caller("+14255550142"), &plan()), []);
        let named = entry(&[("givenName", "Bob"), ("sn", "Example"), ("mobile", "+14255550142")]);
        assert_eq!(closest(&[named], &caller("+14255550142"), &plan())[0].name, "Bob Example");
    }
}
