//! Who rang, after everybody was asked.

use crate::E164;

/// The kind of a telephone, as a caller card shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhoneKind {
    /// At work.
    Work,
    /// Carried along.
    Mobile,
    /// At home.
    Home,
    /// Not said.
    Other,
}

/// One telephone of a person, as its source spells it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Phone {
    /// Where it stands.
    pub kind: PhoneKind,
    /// Spelling of the source.
    pub number: String,
}

/// What a caller card shows beside the name. Empty fields are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Card {
    /// Job title.
    pub title: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Telephones, in the order of the source.
    pub phones: Vec<Phone>,
    /// Mail address (addr-spec).
    pub mail: Option<String>,
    /// Address for instant messages, a SIP URI with its scheme.
    pub im: Option<String>,
}

/// A person that a source knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Stable inside its source: a DN, a contact's row.
    pub id: String,
    /// Name as shown to people.
    pub name: String,
    /// The rest.
    pub card: Card,
}

/// Where a caller's name comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameOrigin {
    /// The organisation's directory.
    Directory,
    /// The called user's own contacts.
    Contacts,
    /// The display name that came with the call: shown as unverified.
    Network,
}

impl NameOrigin {
    /// The word shown to operators.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Contacts => "contacts",
            Self::Network => "network",
        }
    }
}

/// A name and who vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerName {
    /// The name; never empty.
    pub text: String,
    /// Who says so.
    pub origin: NameOrigin,
}

/// Who rang, as well as it could be found out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallerIdentity {
    /// The raw caller id; empty when withheld or not given.
    pub raw: String,
    /// The caller asked not to be named.
    pub withheld: bool,
    /// The number, where the dial plan could make one of the raw caller id.
    pub number: Option<E164>,
    /// The number as people read it, `+1 (425) 555-0142`; the raw caller id
    /// where it is no number; `None` when withheld or not given.
    pub number_shown: Option<String>,
    /// An extension of the dial plan.
    pub extension: Option<String>,
    /// SIP URI (with scheme), where the caller is known by one and by no number.
    pub sip_uri: Option<String>,
    /// The name and where it comes from.
    pub name: Option<CallerName>,
    /// The caller card, where a source had one.
    pub card: Option<Card>,
}
