//! What a server asks for.

use super::algorithm::Algorithm;
use super::header::{self, Scheme};
use super::response::Qop;
use crate::wire::Headers;

/// One challenge that we can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// As written between the quotes.
    pub(crate) realm: String,
    /// As written between the quotes.
    pub(crate) nonce: String,
    /// To be given back as it is.
    pub(crate) opaque: Option<String>,
    pub(crate) algorithm: Algorithm,
    /// The best that is offered; `None` for a server of RFC 2069.
    pub(crate) qop: Option<Qop>,
    /// The password was right, only the nonce is too old.
    pub(crate) stale: bool,
    /// It came from a proxy, by 407.
    pub(crate) proxy: bool,
}

impl Challenge {
    /// Name of the header that answers it.
    pub(crate) fn answered_in(&self) -> &'static str {
        if self.proxy { "Proxy-Authorization" } else { "Authorization" }
    }

    fn read(scheme: &Scheme<'_>, proxy: bool) -> Option<Challenge> {
        let qop = match scheme.get("qop") {
            Some(offered) => Some(Qop::best(offered)?),
            None => None,
        };
        Some(Challenge {
            realm: scheme.get("realm")?.to_owned(),
            nonce: scheme.get("nonce")?.to_owned(),
            opaque: scheme.get("opaque").map(str::to_owned),
            algorithm: Algorithm::read(scheme.get("algorithm"))?,
            qop,
            stale: scheme.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
            proxy,
        })
    }
}

/// Every challenge of a 401 or 407 that we can answer, from top to bottom.
pub(crate) fn challenges(headers: &Headers) -> Vec<Challenge> {
    let mut found = Vec::new();
    for (name, proxy) in [("WWW-Authenticate", false), ("Proxy-Authenticate", true)] {
        for value in headers.all(name) {
            let schemes = header::read(value).into_iter().filter(Scheme::is_digest);
            found.extend(schemes.filter_map(|scheme| Challenge::read(&scheme, proxy)));
        }
    }
    found
}

/// The one with the strongest hash, and of equals the topmost. RFC 8760 §2.4
/// prefers the topmost of all but leaves it to the client's own policy.
pub(crate) fn choose(challenges: &[Challenge]) -> Option<&Challenge> {
    challenges.iter().reduce(
        |best, next| {
            if next.algorithm.hash > best.algorithm.hash { next } else { best }
        },
    )
}
