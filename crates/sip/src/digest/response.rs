//! The computation itself (RFC 7616 §3.4.1).

use super::algorithm::Algorithm;

/// Quality of protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Qop {
    /// The request line is protected.
    Auth,
    /// The body as well.
    AuthInt,
}

impl Qop {
    /// The one that we take of a list; `auth` before `auth-int`, because what
    /// stands between the peers may rewrite a body.
    pub(super) fn best(offered: &str) -> Option<Qop> {
        let offers = |qop: &Qop| {
            offered.split(',').any(|name| name.trim().eq_ignore_ascii_case(qop.as_str()))
        };
        [Qop::Auth, Qop::AuthInt].into_iter().find(offers)
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Qop::Auth => "auth",
            Qop::AuthInt => "auth-int",
        }
    }
}

/// Everything that goes into a response.
#[derive(Clone, Copy)]
pub(super) struct Ingredients<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) user: &'a str,
    pub(super) realm: &'a str,
    pub(super) password: &'a str,
    pub(super) method: &'a str,
    pub(super) uri: &'a str,
    pub(super) nonce: &'a str,
    pub(super) cnonce: &'a str,
    /// Nonce count as it is written, eight hex digits.
    pub(super) nc: &'a str,
    /// `None`: as RFC 2069 had it.
    pub(super) qop: Option<Qop>,
    /// Counts for `auth-int` only.
    pub(super) body: &'a [u8],
}

impl Ingredients<'_> {
    /// The `response` parameter.
    pub(super) fn response(&self) -> String {
        let hash = self.algorithm.hash;
        let (nonce, cnonce) = (self.nonce.as_bytes(), self.cnonce.as_bytes());
        let mut secret =
            hash.of(&[self.user.as_bytes(), self.realm.as_bytes(), self.password.as_bytes()]);
        if self.algorithm.session {
            secret = hash.of(&[secret.as_bytes(), nonce, cnonce]);
        }
        let (method, uri) = (self.method.as_bytes(), self.uri.as_bytes());
        let request = if self.qop == Some(Qop::AuthInt) {
            hash.of(&[method, uri, hash.of(&[self.body]).as_bytes()])
        } else {
            hash.of(&[method, uri])
        };
        match self.qop {
            Some(qop) => hash.of(&[
                secret.as_bytes(),
                nonce,
                self.nc.as_bytes(),
                cnonce,
                qop.as_str().as_bytes(),
                request.as_bytes(),
            ]),
            None => hash.of(&[secret.as_bytes(), nonce, request.as_bytes()]),
        }
    }
}
