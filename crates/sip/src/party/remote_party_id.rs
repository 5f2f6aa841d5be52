//! Remote-Party-ID (draft-ietf-sip-privacy-04 §5): who rings, as networks said
//! it before P-Asserted-Identity and many still do.

use ringpost_model::Party;

use super::address::party_of;
use super::caller::Privacy;
use crate::wire::{NameAddr, Request, Uri};

/// More entries than any request has; a bound for hostile input.
const ENTRIES: usize = 8;

/// What is said of the calling party.
pub(super) struct RemotePartyId<'a> {
    address: NameAddr<'a>,
    /// Of the number; `uri` and `full` ask for it.
    pub(super) privacy: Privacy,
    /// The display name is not to be shown.
    pub(super) hides_name: bool,
}

impl<'a> RemotePartyId<'a> {
    /// The entry of the calling party, one that the network has screened if there
    /// is one. An entry that does not say whose it is is the caller's own in a
    /// request.
    pub(super) fn read(request: &'a Request) -> Option<RemotePartyId<'a>> {
        let values = request.headers.all("Remote-Party-ID").take(ENTRIES);
        let is = |entry: &NameAddr<'_>, name: &str, value: &str| {
            entry.params.get(name).is_some_and(|said| said.eq_ignore_ascii_case(value))
        };
        let calling: Vec<NameAddr<'_>> = values
            .filter_map(|value| NameAddr::read(value).ok())
            .filter(|entry| is(entry, "party", "calling") || !entry.params.has("party"))
            .collect();
        let screened = calling.iter().find(|entry| !is(entry, "screen", "no"));
        let address = screened.or(calling.first())?.clone();
        let (mut privacy, mut hides_name) = (Privacy::Silent, false);
        let said = address.params.get("privacy").unwrap_or_default().to_ascii_lowercase();
        for word in said.split([',', ';']) {
            // `full-network` and the like say who asked for it.
            match word.split('-').next().unwrap_or("").trim() {
                "full" | "uri" => privacy = Privacy::Asked,
                "name" => hides_name = true,
                "off" if privacy == Privacy::Silent => privacy = Privacy::Declined,
                _ => {}
            }
        }
        Some(RemotePartyId { address, privacy, hides_name })
    }

    /// The party, where it is somebody.
    pub(super) fn identity(self) -> Option<(Uri<'a>, Party)> {
        let uri = &self.address.uri;
        let named = uri.scheme() == "tel" || (uri.is_sip() && uri.user().is_some());
        let party = party_of(&self.address);
        named.then_some((self.address.uri, party))
    }
}
