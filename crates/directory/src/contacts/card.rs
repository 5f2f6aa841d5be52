//! One vCard (2.1, RFC 2426, RFC 6350) as a contact.

use calcard::vcard::{
    VCard, VCardEntry, VCardParameterName, VCardParameterValue, VCardProperty, VCardType,
    VCardValue,
};
use ringpost_model::{Phone, PhoneKind};

use crate::text::{address, line, number_shown, sip_address};

/// What is kept of a card.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Contact {
    pub(super) uid: Option<String>,
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) company: Option<String>,
    pub(super) mail: Option<String>,
    pub(super) im: Option<String>,
    pub(super) phones: Vec<Phone>,
    /// `user@host` in lower case of every mail and SIP address, each once.
    pub(super) addresses: Vec<String>,
}

impl Contact {
    /// `None` when nothing in the card could be shown as a name.
    pub(super) fn read(card: &VCard) -> Option<Self> {
        let mut contact = Self::default();
        let mut written: Option<String> = None;
        let mut parts: Option<String> = None;
        let mut nickname: Option<String> = None;
        for entry in &card.entries {
            match &entry.name {
                VCardProperty::Fn => keep(&mut written, first(entry)),
                VCardProperty::N => keep(&mut parts, name_of_parts(entry)),
                VCardProperty::Nickname => keep(&mut nickname, first(entry)),
                VCardProperty::Org => keep(&mut contact.company, first(entry)),
                VCardProperty::Title => keep(&mut contact.title, first(entry)),
                VCardProperty::Uid => keep(&mut contact.uid, first(entry)),
                VCardProperty::Tel => contact.add_number(entry),
                VCardProperty::Email => contact.add_mail(first(entry)),
                VCardProperty::Impp => contact.add_im(first(entry)),
                VCardProperty::Other(name) if says_im(name) => contact.add_im(first(entry)),
                _ => {}
            }
        }
        let shown = |mail: &Option<String>| mail.clone();
        contact.name = written
            .or(parts)
            .or(nickname)
            .or_else(|| shown(&contact.company))
            .or_else(|| shown(&contact.mail))
            .or_else(|| contact.phones.first().map(|phone| phone.number.clone()))?;
        Some(contact)
    }

    fn add_number(&mut self, entry: &VCardEntry) {
        let Some(kind) = phone_kind(entry) else { return };
        let Some(number) = first(entry).and_then(|value| number_shown(&value)) else { return };
        if !self.phones.iter().any(|phone| phone.number == number) {
            self.phones.push(Phone { kind, number });
        }
    }

    fn add_mail(&mut self, value: Option<String>) {
        let Some(value) = value else { return };
        let mail = value.strip_prefix("mailto:").unwrap_or(&value).to_owned();
        let Some(compared) = address(&mail) else { return };
        keep(&mut self.mail, Some(mail));
        self.add_address(compared);
    }

    /// SIP only; a value without a scheme that looks like an address counts as one.
    fn add_im(&mut self, value: Option<String>) {
        let Some(value) = value else { return };
        let bare = if value.contains(':') { sip_address(&value) } else { address(&value) };
        let Some(compared) = bare else { return };
        keep(&mut self.im, Some(format!("sip:{compared}")));
        self.add_address(compared);
    }

    fn add_address(&mut self, address: String) {
        if !self.addresses.contains(&address) {
            self.addresses.push(address);
        }
    }
}

/// The first one counts: exporters put the preferred value first.
fn keep(place: &mut Option<String>, value: Option<String>) {
    if place.is_none() {
        *place = value;
    }
}

/// Properties in which Outlook, Evolution and others put an address for messages.
fn says_im(name: &str) -> bool {
    ["X-SIP", "X-MS-IMADDRESS", "X-EVOLUTION-SIP"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// The first value with something in it, as one line.
fn first(entry: &VCardEntry) -> Option<String> {
    entry.values.iter().find_map(text)
}

fn text(value: &VCardValue) -> Option<String> {
    match value {
        VCardValue::Text(text) => line(text),
        VCardValue::Component(parts) => line(&parts.join(" ")),
        VCardValue::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

/// `family;given;additional;prefixes;suffixes` in the order people say them.
fn name_of_parts(entry: &VCardEntry) -> Option<String> {
    let part = |at: usize| entry.values.get(at).and_then(text);
    let said = [part(3), part(1), part(2), part(0), part(4)];
    line(&said.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

/// `None` for fax machines and pagers: nobody speaks there.
fn phone_kind(entry: &VCardEntry) -> Option<PhoneKind> {
    let is = |wanted: VCardType, word: &str| {
        entry.params.iter().any(|parameter| match (&parameter.name, &parameter.value) {
            (VCardParameterName::Type, VCardParameterValue::Type(found)) => *found == wanted,
            (VCardParameterName::Type, VCardParameterValue::Text(text)) => {
                text.split(',').any(|one| one.trim().eq_ignore_ascii_case(word))
            }
            _ => false,
        })
    };
    if is(VCardType::Pager, "pager") || is(VCardType::Fax, "fax") && !is(VCardType::Voice, "voice")
    {
        return None;
    }
    Some(if is(VCardType::Cell, "cell") || is(VCardType::Cell, "mobile") {
        PhoneKind::Mobile
    } else if is(VCardType::Work, "work") {
        PhoneKind::Work
    } else if is(VCardType::Home, "home") {
        PhoneKind::Home
    } else {
        PhoneKind::Other
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Option<Contact> {
        let card = format!("BEGIN:VCARD\r\n{}\r\nEND:VCARD\r\n", lines.replace('\n', "\r\n"));
        Contact::read(&VCard::parse(&card).unwrap())
    }

    fn phone(kind: PhoneKind, number: &str) -> Phone {
        Phone { kind, number: number.into() }
    }

    #[test]
    fn a_card_of_2_1_in_quoted_printable() {
        let contact = read(
            "VERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=9F=D1=80=D0=B8=D0=BC=D0=B5=D1=80;=D0=98=\n\
             =D0=B2=D0=B0=D0=BD;;;\nORG:Example Inc.;Pipes\nTEL;CELL;VOICE:(425) 555-0143\nTEL;WORK;FAX:(425) 555-0149\n\
             TEL;HOME:425.555.0144\nEMAIL;PREF;INTERNET:Ivan@Example.com\nTITLE;ENCODING=QUOTED-PRINTABLE:Chef=2C K=FCche",
        )
        .unwrap();
        assert_eq!(contact.name, "Иван Пример");
        assert_eq!(contact.company.as_deref(), Some("Example Inc."));
        assert_eq!(contact.title.as_deref(), Some("Chef, K\u{fc}che"));
        assert_eq!(contact.mail.as_deref(), Some("Ivan@Example.com"));
        assert_eq!(
            contact.phones,
            [phone(PhoneKind::Mobile, "(425) 555-0143"), phone(PhoneKind::Home, "425.555.0144")]
        );
    }

    #[test]
    fn a_card_of_3_0_with_folded_lines_and_groups() {
        let contact = read(
            "VERSION:3.0\nPRODID:-//Example//EN\nN:Example;Bob;;Dr.;\nFN:Dr. Bob\n  Example\\, Esq.\nitem1.TEL;type=pref:+1 (425) 5\n 55-0142\n\
             item1.X-ABLabel:main\nTEL;type=IPHONE;type=CELL;type=VOICE;type=pref:+1 425 555 0143\nTEL;TYPE=HOME,FAX:+14255550149\n\
             TEL;TYPE=PAGER:+14255550148\nTEL;TYPE=WORK,VOICE,FAX:+1 425 555 0147\nUID:4f0c-1\n\
             IMPP;X-SERVICE-TYPE=Skype:skype:bob\nIMPP;TYPE=WORK:SIP:Bob@Example.com\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRg==",
        )
        .unwrap();
        assert_eq!(contact.name, "Dr. Bob Example, Esq.");
        assert_eq!(contact.uid.as_deref(), Some("4f0c-1"));
        assert_eq!(contact.im.as_deref(), Some("sip:bob@example.com"));
        assert_eq!(contact.addresses, ["bob@example.com"]);
        assert_eq!(
            contact.phones,
            [
                phone(PhoneKind::Other, "+1 (425) 555-0142"),
                phone(PhoneKind::Mobile, "+1 425 555 0143"),
                phone(PhoneKind::Work, "+1 425 555 0147"),
            ]
        );
    }

    #[test]
    fn a_card_of_4_0_with_uris() {
        let contact = read(
            "VERSION:4.0\nKIND:individual\nFN:Zoë Example\nTEL;VALUE=uri;PREF=1;TYPE=\"voice,work\":tel:+1-425-555-0142;ext=242\n\
             TEL;VALUE=uri;TYPE=cell:tel:+1-425-555-0143\nEMAIL:zoe@example.com\nORG;SORT-AS=\"ABC\":ABC\\, Inc.;North\n\
             UID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1\nBDAY:--0412",
        )
        .unwrap();
        assert_eq!(contact.name, "Zoë Example");
        assert_eq!(contact.company.as_deref(), Some("ABC, Inc."));
        assert_eq!(contact.uid.as_deref(), Some("urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1"));
        assert_eq!(
            contact.phones,
            [
                phone(PhoneKind::Work, "+1-425-555-0142 x242"),
                phone(PhoneKind::Mobile, "+1-425-555-0143")
            ]
        );
    }

    #[test]
    fn somebody_without_a_full_name_is_called_by_what_there_is() {
        for (lines, name) in [
            ("VERSION:3.0\nN:Example;Bob;Q.;Dr.;Jr.", Some("Dr. Bob Q. Example Jr.")),
            ("VERSION:3.0\nFN:\nN:;;;;\nNICKNAME:Bobby\nORG:Example Inc.", Some("Bobby")),
            ("VERSION:3.0\nFN:\nN:;;;;\nORG:Example Inc.", Some("Example Inc.")),
            ("VERSION:3.0\nEMAIL:bob@example.com", Some("bob@example.com")),
            ("VERSION:2.1\nTEL;HOME:+14255550142", Some("+14255550142")),
            ("VERSION:3.0\nNOTE:nothing", None),
        ] {
            assert_eq!(read(lines).map(|contact| contact.name).as_deref(), name, "{lines}");
        }
    }

    #[test]
    fn addresses_for_messages_come_in_several_properties() {
        for (lines, im) in [
            ("X-MS-IMADDRESS:bob@example.com", Some("sip:bob@example.com")),
            ("X-SIP;TYPE=WORK:sip:bob@example.com", Some("sip:bob@example.com")),
            ("IMPP:xmpp:bob@example.com", None),
            ("X-SIP:bob", None),
        ] {
            let contact = read(&format!("VERSION:3.0\nFN:Bob\n{lines}")).unwrap();
            assert_eq!(contact.im.as_deref(), im, "{lines}");
        }
    }
}
