//! What to call the caller: every text of the mail agrees on it.

use ringpost_model::{CallRecord, CallerIdentity, Card, E164, NameOrigin};

use crate::{address, clean, words};

/// The caller id as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RawId {
    /// The caller asked not to be named.
    Withheld,
    /// The network sent none.
    Missing,
    /// This.
    Given(String),
}

/// The caller, cleaned for display.
#[derive(Debug)]
pub(crate) struct Caller<'a> {
    /// Name, else number, extension or SIP URI; never empty.
    pub shown: String,
    /// The name; `None` leaves a number in `shown`.
    pub name: Option<String>,
    /// Only the network vouches for the name.
    pub is_unverified: bool,
    /// Caller id as it came.
    pub raw: RawId,
    /// The number, with its shown form.
    pub number: Option<(&'a E164, String)>,
    /// An extension.
    pub extension: Option<String>,
    /// SIP URI of a caller without a number.
    pub sip_uri: Option<String>,
    /// What a source knows beside the name; only with a name it vouches for.
    pub card: Option<&'a Card>,
    signalled_uri: Option<&'a str>,
}

impl<'a> Caller<'a> {
    /// Decides. A caller who withheld his number is not named by anything.
    pub(crate) fn new(record: &'a CallRecord, identity: &'a CallerIdentity) -> Self {
        if identity.withheld || record.caller.withheld {
            return Self::nameless(words::WITHHELD_CALLER, RawId::Withheld);
        }
        let raw = clean::line(&identity.raw, clean::VALUE)
            .or_else(|| clean::line(record.caller.raw(), clean::VALUE));
        let number_shown = clean::optional(identity.number_shown.as_deref(), clean::NAME);
        let number = identity.number.as_ref().map(|number| {
            (number, number_shown.clone().unwrap_or_else(|| number.as_str().to_owned()))
        });
        let extension = clean::optional(identity.extension.as_deref(), clean::NAME);
        let sip_uri = clean::optional(identity.sip_uri.as_deref(), clean::VALUE);
        let name = identity
            .name
            .as_ref()
            .and_then(|name| Some((clean::line(&name.text, clean::NAME)?, name.origin)));
        let is_unverified = name.as_ref().is_some_and(|(_, origin)| *origin == NameOrigin::Network);
        let is_vouched = name.is_some() && !is_unverified;
        let name = name.map(|(text, _)| text);

        let shown = name
            .clone()
            .or_else(|| number.as_ref().map(|(_, shown)| shown.clone()))
            .or_else(|| extension.clone())
            .or_else(|| clean::optional(sip_uri.as_deref(), clean::NAME))
            .or(number_shown)
            .or_else(|| clean::optional(raw.as_deref(), clean::NAME))
            .unwrap_or_else(|| words::UNKNOWN_CALLER.to_owned());
        Self {
            shown,
            name,
            is_unverified,
            raw: raw.map_or(RawId::Missing, RawId::Given),
            number,
            extension,
            sip_uri,
            card: identity.card.as_ref().filter(|_| is_vouched),
            signalled_uri: record.caller.uri.as_deref(),
        }
    }

    fn nameless(shown: &str, raw: RawId) -> Self {
        Self {
            shown: shown.to_owned(),
            name: None,
            is_unverified: false,
            raw,
            number: None,
            extension: None,
            sip_uri: None,
            card: None,
            signalled_uri: None,
        }
    }

    /// The number, extension or SIP URI beside the name; `None` where there is no
    /// name, because then it stands in its place.
    pub(crate) fn number_beside_name(&self) -> Option<&str> {
        self.name.as_ref()?;
        self.number
            .as_ref()
            .map(|(_, shown)| shown.as_str())
            .or(self.extension.as_deref())
            .or(self.sip_uri.as_deref())
    }

    /// `X-CallingTelephoneNumber`: E.164, else the SIP URI the call came from
    /// (MS-OXOUM 2.2.5).
    pub(crate) fn telephone(&self) -> Option<&str> {
        self.number
            .as_ref()
            .map(|(number, _)| number.as_str())
            .or_else(|| self.sip_uri.as_deref().and_then(address::sip_uri))
            .or_else(|| self.signalled_uri.and_then(address::sip_uri))
    }

    /// Where an answer by mail goes: to the person a source knows, if it knows an
    /// address.
    pub(crate) fn reply_to(&self) -> Option<&str> {
        address::addr_spec(self.card?.mail.as_deref()?.trim())
    }

    /// `number@domain`, for a caller with a number or an extension.
    pub(crate) fn address_in(&self, domain: &str) -> Option<String> {
        let local = match &self.number {
            Some((number, _)) => number.as_str(),
            None => self.extension.as_deref()?,
        };
        address::addr_spec(&format!("{local}@{domain}")).map(str::to_owned)
    }
}
