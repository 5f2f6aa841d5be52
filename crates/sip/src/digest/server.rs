//! Asking, and judging the answer (RFC 3261 §22.4, RFC 7616 §3.4.6).

use std::fmt;
use std::time::{Duration, Instant};

use super::algorithm::Algorithm;
use super::counts::{Counts, Taken};
use super::header::{self, Scheme};
use super::nonce::Nonces;
use super::response::{Ingredients, Qop};
use crate::wire::{Request, Uri, unquote};
use crate::{Credentials, DigestHashes};

/// How long a nonce is good.
const LIFE: Duration = Duration::from_secs(5 * 60);
/// Nonces whose counts are kept; some megabytes at most.
const KEPT: usize = 65_536;

/// The server's side of digest authentication, for one realm.
pub(crate) struct Verifier {
    realm: &'static str,
    nonces: Nonces,
    counts: Counts,
}

/// What a request's credentials are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is from who it should be, and no repetition.
    Passed,
    /// None for this realm, or none that answers a challenge of ours.
    Missing,
    /// User and password are right, the nonce is too old or none of ours: to be
    /// asked again with `stale=true`.
    Stale,
    /// Right, but used before: somebody repeats what he heard, or a client does
    /// not count. To be asked again with `stale=true`, which only helps the latter.
    Replayed,
    /// Another user or another password, answering a nonce of ours.
    Wrong,
    /// They were made for another Request-URI.
    OtherUri,
}

impl Verifier {
    /// `key` is secret and new at each start.
    pub(crate) fn new(realm: &'static str, key: [u8; 64], start: Instant) -> Self {
        Self { realm, nonces: Nonces::new(key, start), counts: Counts::new(KEPT) }
    }

    /// The values of WWW-Authenticate, in this order (RFC 8760 §2.4). `random`
    /// tells two nonces of one moment apart.
    pub(crate) fn challenges(
        &self,
        hashes: DigestHashes,
        stale: bool,
        random: u64,
        now: Instant,
    ) -> Vec<String> {
        let (realm, nonce) = (self.realm, self.nonces.make(random, now));
        let asked = [Algorithm::SHA_256, Algorithm::MD5].into_iter().filter(|of| has(hashes, *of));
        let challenge = |algorithm: Algorithm| {
            let algorithm = algorithm.as_str();
            let stale = if stale { ", stale=true" } else { "" };
            format!(
                "Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm={algorithm}, \
                 qop=\"auth\"{stale}"
            )
        };
        asked.map(challenge).collect()
    }

    /// Judges a request. One that passes has used up its nonce count.
    pub(crate) fn verify(
        &mut self,
        request: &Request,
        credentials: &Credentials,
        hashes: DigestHashes,
        now: Instant,
    ) -> Verdict {
        let values = request.headers.all("Authorization").flat_map(header::read);
        let ours =
            |scheme: &Scheme<'_>| scheme.is_digest() && scheme.get("realm") == Some(self.realm);
        let answer = values.into_iter().find(ours);
        let answer = answer.as_ref().and_then(Answer::read);
        let Some(answer) = answer.filter(|answer| has(hashes, answer.algorithm)) else {
            return Verdict::Missing;
        };
        let nonce = self.nonces.read(answer.nonce);
        let expected = answer.expected(self.realm, credentials, request.method.as_str());
        let right = self.nonces.same(&expected, &answer.response)
            & self.nonces.same(&credentials.user, &answer.user);
        match (right, nonce) {
            // Whoever has not seen a nonce of ours has not even tried.
            (false, None) => Verdict::Missing,
            (false, Some(_)) => Verdict::Wrong,
            (true, _) if !fits(answer.uri, &request.uri) => Verdict::OtherUri,
            (true, None) => Verdict::Stale,
            (true, Some(nonce)) if self.nonces.age(nonce, now) > LIFE => Verdict::Stale,
            (true, Some(nonce)) => {
                let nonces = &self.nonces;
                self.counts.forget(|nonce| nonces.age(nonce, now) > LIFE);
                match self.counts.take(nonce, answer.count) {
                    Taken::New => Verdict::Passed,
                    Taken::Again => Verdict::Replayed,
                    Taken::Forgotten => Verdict::Stale,
                }
            }
        }
    }
}

impl fmt::Debug for Verifier {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("realm", &self.realm).finish_non_exhaustive()
    }
}

/// Credentials as they came.
struct Answer<'a> {
    user: String,
    nonce: &'a str,
    uri: &'a str,
    /// In small letters.
    response: String,
    algorithm: Algorithm,
    cnonce: &'a str,
    nc: &'a str,
    qop: Option<Qop>,
    /// What `nc` says; `None` without a qop.
    count: Option<u32>,
}

impl<'a> Answer<'a> {
    /// `None`: it does not answer what we ask.
    fn read(scheme: &Scheme<'a>) -> Option<Self> {
        let algorithm = Algorithm::read(scheme.get("algorithm"))?;
        let (nc, cnonce) = (scheme.get("nc").unwrap_or(""), scheme.get("cnonce").unwrap_or(""));
        let (qop, count) = match scheme.get("qop") {
            Some(qop) if qop.eq_ignore_ascii_case("auth") => (Some(Qop::Auth), Some(count(nc)?)),
            Some(_) => return None,
            None => (None, None),
        };
        Some(Self {
            user: unquote(&format!("\"{}\"", scheme.get("username")?)).into_owned(),
            nonce: scheme.get("nonce")?,
            uri: scheme.get("uri")?,
            response: scheme.get("response")?.to_ascii_lowercase(),
            algorithm,
            cnonce,
            nc,
            qop,
            count,
        })
    }

    /// The response that whoever knows the password would give.
    fn expected(&self, realm: &str, credentials: &Credentials, method: &str) -> String {
        let ingredients = Ingredients {
            algorithm: self.algorithm,
            user: &credentials.user,
            realm,
            password: &credentials.password,
            method,
            uri: self.uri,
            nonce: self.nonce,
            cnonce: self.cnonce,
            nc: self.nc,
            qop: self.qop,
            body: &[],
        };
        ingredients.response()
    }
}

/// Is it asked for?
fn has(hashes: DigestHashes, algorithm: Algorithm) -> bool {
    (hashes.sha_256 && algorithm == Algorithm::SHA_256)
        || (hashes.md5 && algorithm == Algorithm::MD5)
}

/// Eight hex digits.
fn count(nc: &str) -> Option<u32> {
    let shaped = nc.len() == 8 && nc.bytes().all(|byte| byte.is_ascii_hexdigit());
    if shaped { u32::from_str_radix(nc, 16).ok() } else { None }
}

/// Is it the same user at the same host? Ports and parameters come and go on
/// the way through proxies.
fn fits(uri: &str, requested: &Uri<'_>) -> bool {
    if uri == requested.as_str() {
        return true;
    }
    let Ok(uri) = Uri::read(uri) else { return false };
    (uri.scheme() == requested.scheme() || (uri.is_sip() && requested.is_sip()))
        && uri.user() == requested.user()
        && uri.host().eq_ignore_ascii_case(requested.host())
        && (uri.is_sip() || uri.scheme() == "tel")
}
