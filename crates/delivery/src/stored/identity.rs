//! Who rang, as JSON: kept beside the record, so that every mail of it and
//! every attempt shows the same name.

use ringpost_model::{CallerIdentity, CallerName, Card, E164, NameOrigin, Phone, PhoneKind};
use serde::{Deserialize, Serialize};

use crate::journal::JournalError;

#[derive(Serialize, Deserialize)]
pub(crate) struct StoredIdentity {
    raw: String,
    #[serde(default)]
    withheld: bool,
    #[serde(default)]
    number: Option<String>,
    #[serde(default)]
    number_shown: Option<String>,
    #[serde(default)]
    extension: Option<String>,
    #[serde(default)]
    sip_uri: Option<String>,
    #[serde(default)]
    name: Option<StoredName>,
    #[serde(default)]
    card: Option<StoredCard>,
}

#[derive(Serialize, Deserialize)]
struct StoredName {
    text: String,
    origin: String,
}

#[derive(Serialize, Deserialize)]
struct StoredCard {
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    company: Option<String>,
    #[serde(default)]
    phones: Vec<StoredPhone>,
    #[serde(default)]
    mail: Option<String>,
    #[serde(default)]
    im: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredPhone {
    kind: StoredPhoneKind,
    number: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredPhoneKind {
    Work,
    Mobile,
    Home,
    Other,
}

impl From<&CallerIdentity> for StoredIdentity {
    fn from(identity: &CallerIdentity) -> Self {
        Self {
            raw: identity.raw.clone(),
            withheld: identity.withheld,
            number: identity.number.as_ref().map(|number| number.as_str().to_owned()),
            number_shown: identity.number_shown.clone(),
            extension: identity.extension.clone(),
            sip_uri: identity.sip_uri.clone(),
            name: identity.name.as_ref().map(|name| StoredName {
                text: name.text.clone(),
                origin: name.origin.as_str().to_owned(),
            }),
            card: identity.card.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<StoredIdentity> for CallerIdentity {
    type Error = JournalError;

    fn try_from(stored: StoredIdentity) -> Result<Self, JournalError> {
        Ok(Self {
            raw: stored.raw,
            withheld: stored.withheld,
            number: stored
                .number
                .as_deref()
                .map(E164::parse)
                .transpose()
                .map_err(|error| JournalError::Unreadable { reason: error.to_string() })?,
            number_shown: stored.number_shown,
            extension: stored.extension,
            sip_uri: stored.sip_uri,
            name: stored.name.map(TryInto::try_into).transpose()?,
            card: stored.card.map(Into::into),
        })
    }
}

impl TryFrom<StoredName> for CallerName {
    type Error = JournalError;

    fn try_from(stored: StoredName) -> Result<Self, JournalError> {
        let origin = [NameOrigin::Directory, NameOrigin::Contacts, NameOrigin::Network]
            .into_iter()
            .find(|origin| origin.as_str() == stored.origin)
            .ok_or_else(|| JournalError::Unreadable {
                reason: format!("{:?} is no origin of a name", stored.origin),
            })?;
        Ok(Self { text: stored.text, origin })
    }
}

impl From<&Card> for StoredCard {
    fn from(card: &Card) -> Self {
        let phone = |phone: &Phone| StoredPhone {
            kind: match phone.kind {
                PhoneKind::Work => StoredPhoneKind::Work,
                PhoneKind::Mobile => StoredPhoneKind::Mobile,
                PhoneKind::Home => StoredPhoneKind::Home,
                PhoneKind::Other => StoredPhoneKind::Other,
            },
            number: phone.number.clone(),
        };
        Self {
            title: card.title.clone(),
            company: card.company.clone(),
            phones: card.phones.iter().map(phone).collect(),
            mail: card.mail.clone(),
            im: card.im.clone(),
        }
    }
}

impl From<StoredCard> for Card {
    fn from(stored: StoredCard) -> Self {
        let phone = |phone: StoredPhone| Phone {
            kind: match phone.kind {
                StoredPhoneKind::Work => PhoneKind::Work,
                StoredPhoneKind::Mobile => PhoneKind::Mobile,
                StoredPhoneKind::Home => PhoneKind::Home,
                StoredPhoneKind::Other => PhoneKind::Other,
            },
            number: phone.number,
        };
        Self {
            title: stored.title,
            company: stored.company,
            phones: stored.phones.into_iter().map(phone).collect(),
            mail: stored.mail,
            im: stored.im,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stored::{read, write};

    #[test]
    fn an_identity_comes_back_as_it_went_in() {
        let identity = CallerIdentity {
            raw: "+14255550142".into(),
            withheld: false,
            number: E164::parse("+14255550142").ok(),
            number_shown: Some("+1 (425) 555-0142".into()),
            extension: Some("1042".into()),
            sip_uri: Some("sip:bob@example.com".into()),
            name: Some(CallerName { text: "Bob Example".into(), origin: NameOrigin::Contacts }),
            card: Some(Card {
                title: Some("Buyer".into()),
                company: None,
                phones: [PhoneKind::Work, PhoneKind::Mobile, PhoneKind::Home, PhoneKind::Other]
                    .map(|kind| Phone { kind, number: "+14255550142".into() })
                    .to_vec(),
                mail: Some("bob@example.com".into()),
                im: Some("sip:bob@example.com".into()),
            }),
        };
        for identity in [identity, CallerIdentity::default()] {
            let text = write(&StoredIdentity::from(&identity)).unwrap();
            assert_eq!(read::<StoredIdentity>(&text).unwrap().try_into(), Ok(identity));
        }
    }
}
