//! From whom a call was diverted: Diversion (RFC 5806) and History-Info (RFC
//! 7044), told in the order of time.

use ringpost_model::Party;

use super::address::{is_number, party, party_of, same};
use crate::Believed;
use crate::wire::{NameAddr, Request};

/// More hops than any call makes; a bound for hostile input.
const HOPS: usize = 50;

/// Everybody from whom the call was diverted, the oldest first, each once.
/// Headers in which the peer is not `believed` are not read.
pub(crate) fn diversions(request: &Request, believed: Believed) -> Vec<Party> {
    let mut parties: Vec<Party> = Vec::new();
    let history = if believed.history_info { history(request) } else { Vec::new() };
    for party in history {
        if !parties.iter().any(|known| same(known, &party)) {
            parties.push(party);
        }
    }
    // Diversion has the newest on top. Who is in both is the anchor before
    // which the older ones belong.
    let mut at = parties.len();
    let diversion = read_all(request, "Diversion").take_while(|_| believed.diversion);
    for party in diversion.map(|address| party_of(&address)).filter(is_somebody) {
        match parties.iter().position(|known| same(known, &party)) {
            Some(found) => at = found,
            None => parties.insert(at, party),
        }
    }
    parties
}

/// The entries of History-Info in the order of their indices, without the
/// last where that is the present target and not somebody left behind.
fn history(request: &Request) -> Vec<Party> {
    let mut entries: Vec<(Option<Vec<u32>>, NameAddr<'_>)> =
        read_all(request, "History-Info").map(|entry| (index(&entry), entry)).collect();
    if entries.iter().all(|(index, _)| index.is_some()) {
        entries.sort_by(|one, other| one.0.cmp(&other.0));
    }
    let several = entries.len() > 1;
    let is_target = |entry: &NameAddr<'_>| {
        let target = party(&request.uri, None);
        // A diverted entry says why it was left, in an escaped Reason.
        same_user(&party(&entry.uri, None), &target)
            || (several && entry.uri.header("Reason").is_none())
    };
    if entries.last().is_some_and(|(_, entry)| is_target(entry)) {
        entries.pop();
    }
    entries.into_iter().map(|(_, entry)| party_of(&entry)).filter(is_somebody).collect()
}

/// The host of the Request-URI is often ours by then, so only users count.
fn same_user(entry: &Party, target: &Party) -> bool {
    match (&entry.user, &target.user) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => same(entry, target),
    }
}

fn read_all<'a>(
    request: &'a Request,
    name: &'a str,
) -> impl Iterator<Item = NameAddr<'a>> + use<'a> {
    request.headers.all(name).take(HOPS).filter_map(|value| NameAddr::read(value).ok())
}

/// `index=1.2.1` as numbers, since 1.10 comes after 1.9.
fn index(entry: &NameAddr<'_>) -> Option<Vec<u32>> {
    let text = entry.params.get("index")?;
    text.split('.').map(|number| number.trim().parse().ok()).collect()
}

/// Hidden diverting parties name nobody.
fn is_somebody(party: &Party) -> bool {
    let user = party.user.as_deref().unwrap_or("");
    is_number(user)
        || !(user.is_empty()
            || user.eq_ignore_ascii_case("anonymous")
            || party
                .host
                .as_deref()
                .is_some_and(|host| host.eq_ignore_ascii_case("anonymous.invalid")))
}
