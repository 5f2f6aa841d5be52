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
        let unbalanced = |_| Malformed::new("Unbalanced Quotes In Address");
        match text::before_angle(value).map_err(unbalanced)? {
            Some((display, rest)) => {
                let Some((uri, params)) = rest.split_once('>') else {
                    return Err(Malformed::new("Address Without Closing Bracket"));
                };
                Ok(NameAddr { display, uri: Uri::read(uri)?, params: Params::read(params) })
            }
            // Without brackets every parameter is the header's, not the URI's;
            // a semicolon in front of the @ belongs to the user part.
            None => {
                let host = value.find('@').unwrap_or(0);
                let semicolon = value.get(host..).and_then(|rest| rest.find(';'));
                let end = semicolon.map_or(value.len(), |at| host + at);
                let (uri, params) = value.split_at_checked(end).unwrap_or((value, ""));
                Ok(NameAddr { display: "", uri: Uri::read(uri)?, params: Params::read(params) })
            }
        }
    }

    /// The display name, unquoted, without control characters; `None` when empty.
    pub(crate) fn display(&self) -> Option<String> {
        text::printable(&text::unquote(self.display))
    }

    /// The tag of a From or To.
    pub(crate) fn tag(&self) -> Option<Cow<'a, str>> {
        self.params.get("tag").filter(|tag| !tag.is_empty())
    }
}
