//! Addresses of From, To, Contact and their like (RFC 3261 §20.10).

use std::borrow::Cow;

use super::{Malformed, Params, Uri, text};

/// Display name, URI and the parameters of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameAddr {
    /// Unquoted, without control characters; `None` when empty.
    pub(crate) display: Option<String>,
    pub(crate) uri: Uri,
    pub(crate) params: Params,
}

impl NameAddr {
    /// Reads `"Name" <uri>;params` or `uri;params`.
    pub(crate) fn read(value: &str) -> Result<NameAddr, Malformed> {
        let unbalanced = |_| Malformed::new("Unbalanced Quotes In Address");
        match text::before_angle(value).map_err(unbalanced)? {
            Some((display, rest)) => {
                let Some((uri, params)) = rest.split_once('>') else {
                    return Err(Malformed::new("Address Without Closing Bracket"));
                };
                Ok(NameAddr {
                    display: text::printable(&text::unquote(display)),
                    uri: Uri::read(uri)?,
                    params: Params::read(params),
                })
            }
            // Without brackets every parameter is the header's, not the URI's;
            // a semicolon in front of the @ belongs to the user part.
            None => {
                let user = value.find('@').unwrap_or(0);
                let (head, tail) = value.split_at(user);
                let (host, params) = tail.split_at(tail.find(';').unwrap_or(tail.len()));
                Ok(NameAddr {
                    display: None,
                    uri: Uri::read(&format!("{head}{host}"))?,
                    params: Params::read(params),
                })
            }
        }
    }

    /// The tag of a From or To.
    pub(crate) fn tag(&self) -> Option<Cow<'_, str>> {
        self.params.get("tag").filter(|tag| !tag.is_empty())
    }
}
