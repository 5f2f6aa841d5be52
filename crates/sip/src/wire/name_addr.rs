//! Addresses of From, To, Contact and their like (RFC 3261 §20.10).

use std::borrow::Cow;

use super::{Malformed, Params, Uri, text};

/// Display name, URI and the parameters of the header.
#[derive(Debug, Clone)]
pub(crate) struct NameAddr<'a> {
    /// As it was written.
    display: &'a str,
    pub(crate) uri: Uri<'a>,
    pub(crate) params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads `"Name" <uri>;params` or `uri;params`.
    pub(crate) fn read(value: &'a str) -> Result<NameAddr<'a>, Malformed> {
        let [display, uri, params] = parts(value)?;
        Ok(NameAddr { display, uri: Uri::read(uri)?, params: Params::read(params) })
    }

    /// The display name, unquoted, without control characters; `None` when empty.
    pub(crate) fn display(&self) -> Option<String> {
        text::printable(&text::unquote(self.display))
    }

    /// The tag of a From or To, without a look at the rest of it.
    pub(crate) fn tag(value: &'a str) -> Option<Cow<'a, str>> {
        let [.., params] = parts(value).ok()?;
        Params::read(params).get("tag").filter(|tag| !tag.is_empty())
    }
}

/// Display name, URI, parameters.
fn parts(value: &str) -> Result<[&str; 3], Malformed> {
    let unbalanced = |_| Malformed::new("Unbalanced Quotes In Address");
    if let Some((display, rest)) = text::before_angle(value).map_err(unbalanced)? {
        let closed = text::split_once(rest, b'>').map(|(uri, params)| [display, uri, params]);
        return closed.ok_or(Malformed::new("Address Without Closing Bracket"));
    }
    // Without brackets every parameter is the header's, not the URI's; a semicolon
    // in front of the @ belongs to the user part.
    let host = text::split_once(value, b'@').map_or(0, |(user, _)| user.len());
    let rest = value.get(host..).unwrap_or_default();
    let end = host + text::split_once(rest, b';').map_or(rest.len(), |(uri, _)| uri.len());
    let (uri, params) = value.split_at_checked(end).unwrap_or((value, ""));
    Ok(["", uri, params])
}
