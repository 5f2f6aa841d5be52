//! Addresses as parties, and whom a request is addressed to.

use ringpost_model::Party;

use crate::wire::{NameAddr, Request, Uri, printable};

/// Everybody whom the request names as called, in this order: the `target` of
/// RFC 4458 §2, the Request-URI, the To.
pub(crate) fn addressed(request: &Request) -> Vec<Party> {
    let target = request.uri.param("target").and_then(|text| read_target(&text));
    let to = request.to().ok().as_ref().map(party_of);
    target.into_iter().chain([party(&request.uri, None)]).chain(to).collect()
}

/// `opaque=app:voicemail` in the Request-URI or the To: the caller wants that
/// user's mailbox and not the user.
pub(crate) fn straight_to_voice_mail(request: &Request) -> bool {
    let asks = |uri: &Uri<'_>| {
        uri.param("opaque").is_some_and(|opaque| opaque.eq_ignore_ascii_case("app:voicemail"))
    };
    asks(&request.uri) || request.to().is_ok_and(|to| asks(&to.uri))
}

/// The party behind an address with its display name.
pub(super) fn party_of(address: &NameAddr<'_>) -> Party {
    party(&address.uri, address.display())
}

/// The party behind a URI. Parameters of the URI are about routing and belong
/// to nobody's name; they are left out.
pub(super) fn party(uri: &Uri<'_>, display_name: Option<String>) -> Party {
    Party {
        display_name,
        uri: printable(&uri.address()),
        user: uri.user().and_then(|user| printable(&user)),
        host: Some(uri.host()).filter(|host| !host.is_empty()).map(str::to_owned),
        withheld: false,
    }
}

/// Whether both name the same party: the same user at the same host, or the
/// same number, which the hosts on its way rewrite.
pub(super) fn same(one: &Party, other: &Party) -> bool {
    match (&one.user, &other.user) {
        (Some(user), Some(other_user)) if user.eq_ignore_ascii_case(other_user) => {
            let hosts = (one.host.as_deref(), other.host.as_deref());
            is_number(user)
                || matches!(hosts, (Some(a), Some(b)) if a.eq_ignore_ascii_case(b))
                || hosts == (None, None)
        }
        (None, None) => one.uri == other.uri,
        _ => false,
    }
}

/// A telephone number in any spelling, or an extension.
pub(super) fn is_number(user: &str) -> bool {
    user.contains(|c: char| c.is_ascii_digit())
        && user.chars().all(|c| c.is_ascii_digit() || "+-.() *#".contains(c))
}

/// The target is a URI, escaped, or what some send: a user with or without host.
fn read_target(text: &str) -> Option<Party> {
    let lower = text.to_ascii_lowercase();
    if ["sip:", "sips:", "tel:"].iter().any(|scheme| lower.starts_with(scheme)) {
        return Uri::read(text).ok().map(|uri| party(&uri, None));
    }
    if text.contains('@') {
        return Uri::read(&format!("sip:{text}")).ok().map(|uri| party(&uri, None));
    }
    printable(text).map(|user| Party::from_user(&user))
}
