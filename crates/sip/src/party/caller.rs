//! Who rang (RFC 3325, RFC 3323, draft-ietf-sip-privacy-04).

use std::borrow::Cow;

use ringpost_model::Party;

use super::address::{is_number, party, party_of};
use super::remote_party_id::RemotePartyId;
use crate::Believed;
use crate::wire::{NameAddr, Request, Uri, printable};

/// The caller: P-Asserted-Identity, else Remote-Party-ID, where the peer is
/// `believed` in them, else From. A caller who asked not to be named is nothing
/// but that: neither number nor name goes any further.
pub(crate) fn caller(request: &Request, believed: Believed) -> Party {
    let from = request.from().ok();
    let remote = RemotePartyId::read(request).filter(|_| believed.remote_party_id);
    let privacy = match (Privacy::read(request), &remote) {
        (Privacy::Silent, Some(remote)) => remote.privacy,
        (said, _) => said,
    };
    let hides_name = remote.as_ref().is_some_and(|remote| remote.hides_name);
    let asserted = if believed.asserted_identity { asserted(request) } else { None };
    let asserted = asserted.or_else(|| remote.and_then(RemotePartyId::identity));
    let anonymous = from.as_ref().is_some_and(|from| {
        is_anonymous(&from.uri) || (from.uri.user().is_none() && is_anonymous_name(from))
    });
    let withheld = match (&asserted, privacy) {
        (_, Privacy::Asked) => true,
        // The network's identity may be shown although the caller's own is not.
        (Some((uri, _)), Privacy::Declined) => is_anonymous(uri),
        (Some((uri, _)), Privacy::Silent) => anonymous || is_anonymous(uri),
        (None, _) => anonymous,
    };
    if withheld {
        return Party { withheld: true, ..Party::default() };
    }
    let mut caller = match (asserted, from) {
        (Some((uri, mut party)), from) => {
            let his_own = |from: &NameAddr<'_>| {
                let users = [party.user.as_deref().map(Cow::Borrowed), uri.user()];
                users.into_iter().flatten().any(|user| same_user(&user, &from.uri))
            };
            if party.display_name.is_none()
                && let Some(from) = from.filter(his_own)
            {
                party.display_name = from.display();
            }
            party
        }
        (None, Some(from)) => party_of(&from),
        (None, None) => Party::default(),
    };
    caller.display_name.take_if(|_| hides_name);
    caller
}

/// The asserted identity. There may be a SIP URI and a telephone number (RFC
/// 3325 §9.1): the party is then the SIP URI with the number for its user, so
/// that both can be looked up.
fn asserted(request: &Request) -> Option<(Uri<'_>, Party)> {
    let values = request.headers.all("P-Asserted-Identity");
    let identities: Vec<NameAddr<'_>> =
        values.take(8).filter_map(|value| NameAddr::read(value).ok()).collect();
    let sip = identities.iter().find(|id| id.uri.is_sip() && id.uri.user().is_some());
    let tel = identities.iter().find(|id| id.uri.scheme() == "tel");
    let first = sip.or(tel)?;
    let display = first.display().or_else(|| tel.and_then(NameAddr::display));
    let mut found = party(&first.uri, display);
    let number = tel.and_then(|tel| tel.uri.user()).and_then(|number| printable(&number));
    if let Some(number) = number
        && !found.user.as_deref().is_some_and(is_number)
    {
        found.user = Some(number);
    }
    Some((first.uri.clone(), found))
}

/// What the Privacy header says of the caller's identity (RFC 3323 §4.2, `id`
/// of RFC 3325 §9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Privacy {
    Asked,
    Declined,
    Silent,
}

impl Privacy {
    fn read(request: &Request) -> Privacy {
        let mut said = Privacy::Silent;
        for word in request.headers.all("Privacy").flat_map(|value| value.split([';', ','])) {
            match word.trim().to_ascii_lowercase().as_str() {
                "id" | "user" | "full" => return Privacy::Asked,
                "none" => said = Privacy::Declined,
                _ => {}
            }
        }
        said
    }
}

/// `sip:anonymous@anonymous.invalid` (RFC 3323 §4.1.1.3) and its relatives.
fn is_anonymous(uri: &Uri<'_>) -> bool {
    uri.host().eq_ignore_ascii_case("anonymous.invalid")
        || uri.user().is_some_and(|user| user.eq_ignore_ascii_case("anonymous"))
}

fn is_anonymous_name(from: &NameAddr<'_>) -> bool {
    from.display().is_some_and(|name| name.eq_ignore_ascii_case("anonymous"))
}

/// Whether the From is of the same user as the asserted identity, so that its
/// display name can stand for him: the same user part, or the same number but
/// for its prefixes.
fn same_user(user: &str, from: &Uri<'_>) -> bool {
    let Some(from) = from.user() else { return false };
    if user.eq_ignore_ascii_case(&from) {
        return true;
    }
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (one, other) = (digits(user), digits(&from));
    is_number(user)
        && is_number(&from)
        && one.len().min(other.len()) >= 4
        && (one.ends_with(&other) || other.ends_with(&one))
}
