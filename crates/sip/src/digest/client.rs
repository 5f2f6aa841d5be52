//! The answer to a challenge.

use std::fmt::Write as _;

use super::challenge::Challenge;
use super::response::Ingredients;
use crate::Credentials;

/// The value of the header [`Challenge::answered_in`] for a request with that
/// method, Request-URI and body. `cnonce` is a fresh random token; `nc` counts
/// the requests that were authorized with this nonce, from 1.
pub(crate) fn authorize(
    challenge: &Challenge,
    credentials: &Credentials,
    (method, uri, body): (&str, &str, &[u8]),
    cnonce: &str,
    nc: u32,
) -> String {
    let Challenge { realm, nonce, opaque, algorithm, qop, .. } = challenge;
    let nc = format!("{nc:08x}");
    let ingredients = Ingredients {
        algorithm: *algorithm,
        user: &credentials.user,
        realm,
        password: &credentials.password,
        method,
        uri,
        nonce,
        cnonce,
        nc: &nc,
        qop: *qop,
        body,
    };
    let user = credentials.user.replace('\\', "\\\\").replace('"', "\\\"");
    let mut value = format!(
        "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{}\", algorithm={}",
        ingredients.response(),
        algorithm.as_str(),
    );
    // Writing to a String cannot fail.
    if let Some(opaque) = opaque {
        let _ = write!(value, ", opaque=\"{opaque}\"");
    }
    match qop {
        Some(qop) => {
            let _ = write!(value, ", qop={}, nc={nc}, cnonce=\"{cnonce}\"", qop.as_str());
        }
        // The secret of a session is made with it.
        None if algorithm.session => {
            let _ = write!(value, ", cnonce=\"{cnonce}\"");
        }
        None => {}
    }
    value
}
