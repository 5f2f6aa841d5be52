//! URIs (RFC 3261 §19.1, RFC 3966), read leniently: what is not understood is
//! kept as text, and only what is no URI at all is refused.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;

use super::text::percent_decode;
use super::{Malformed, Params};

/// A URI of any scheme; `sip:`, `sips:` and `tel:` are taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uri {
    text: String,
    scheme: String,
    user: Option<String>,
    host: String,
    port: Option<u16>,
    params: Params,
    headers: String,
}

impl Uri {
    /// Reads a URI without angle brackets.
    pub(crate) fn read(text: &str) -> Result<Uri, Malformed> {
        let text = text.trim();
        let no_uri = Malformed::new("Bad URI");
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\"".contains(c)) {
            return Err(no_uri);
        }
        let Some((scheme, rest)) = text.split_once(':') else { return Err(no_uri) };
        let scheme_shaped = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        if !scheme_shaped || rest.is_empty() {
            return Err(no_uri);
        }
        let mut uri = Uri {
            text: text.to_owned(),
            scheme: scheme.to_ascii_lowercase(),
            user: None,
            host: String::new(),
            port: None,
            params: Params::default(),
            headers: String::new(),
        };
        match uri.scheme.as_str() {
            "sip" | "sips" => uri.read_sip(rest),
            "tel" => uri.read_tel(rest),
            _ => {}
        }
        Ok(uri)
    }

    /// `user:password@host:port;params?headers`. The user part may hold `;`
    /// and `?`, so the `@` is looked for first.
    fn read_sip(&mut self, rest: &str) {
        let after_user = match rest.split_once('@') {
            Some((userinfo, after)) => {
                let user = userinfo.split_once(':').map_or(userinfo, |(user, _)| user);
                self.user = Some(user.to_owned());
                after
            }
            None => rest,
        };
        let (hostport, tail) = split_before(after_user, &[';', '?']);
        let (host, port) = host_and_port(hostport);
        // By the grammar of RFC 3261 an IPv6 address that ends like one of IPv4
        // got a colon too many; both are to be taken (RFC 5118 §4.10).
        let mended = host.contains(":::").then(|| host.replacen(":::", "::", 1));
        let mended = mended.filter(|host| host.parse::<Ipv6Addr>().is_ok());
        self.host = mended.unwrap_or_else(|| host.to_owned());
        self.port = port.and_then(|port| port.parse().ok());
        let (params, headers) = split_before(tail, &['?']);
        self.params = Params::read(params);
        self.headers = headers.to_owned();
    }

    fn read_tel(&mut self, rest: &str) {
        let (rest, headers) = split_before(rest, &['?']);
        let (number, params) = split_before(rest, &[';']);
        self.user = Some(number.to_owned());
        self.params = Params::read(params);
        self.headers = headers.to_owned();
    }

    /// The whole text, as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// In small letters.
    pub(crate) fn scheme(&self) -> &str {
        &self.scheme
    }

    /// `sip:` or `sips:`.
    pub(crate) fn is_sip(&self) -> bool {
        matches!(self.scheme.as_str(), "sip" | "sips")
    }

    /// User part or number: without the `;parameters` that telephone numbers
    /// carry there (RFC 3261 §19.1.6), escapes resolved.
    pub(crate) fn user(&self) -> Option<Cow<'_, str>> {
        let user = without_number_params(self.user.as_deref()?);
        (!user.is_empty()).then(|| percent_decode(user))
    }

    /// Host without port; IPv6 without brackets; empty where there is none.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Whether the host is an IPv6 address without its brackets: no telling
    /// where the port begins (RFC 5118 §4.2).
    pub(super) fn has_bare_ipv6(&self) -> bool {
        self.host.contains(':') && !self.text.contains('[')
    }

    /// Port, where one is written.
    pub(crate) fn port(&self) -> Option<u16> {
        self.port
    }

    /// A parameter of the URI, escapes resolved; empty for one without value.
    pub(crate) fn param(&self, name: &str) -> Option<String> {
        self.params.get(name).map(|value| percent_decode(&value).into_owned())
    }

    /// A header of the part behind `?`, escapes resolved.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let pairs = self.headers.trim_start_matches('?').split('&');
        let mut named = pairs.filter_map(|pair| pair.split_once('='));
        named
            .find(|(known, _)| percent_decode(known).eq_ignore_ascii_case(name))
            .map(|(_, value)| percent_decode(value).into_owned())
    }

    /// The address alone, without parameters, headers and password:
    /// `sip:alice@example.com`, `tel:+14255550101`.
    pub(crate) fn address(&self) -> String {
        let user = self.user.as_deref().map_or("", without_number_params);
        match self.scheme.as_str() {
            "tel" => format!("tel:{user}"),
            "sip" | "sips" => {
                let host = if self.host.contains(':') {
                    Cow::Owned(format!("[{}]", self.host))
                } else {
                    Cow::Borrowed(self.host.as_str())
                };
                let at = if user.is_empty() { "" } else { "@" };
                let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
                format!("{}:{user}{at}{host}{port}", self.scheme)
            }
            _ => self.text.clone(),
        }
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Everything before the first of these signs, and the rest with the sign.
fn split_before<'a>(text: &'a str, signs: &[char]) -> (&'a str, &'a str) {
    text.split_at(text.find(signs).unwrap_or(text.len()))
}

/// The number without its parameters; a user who is none may have a semicolon
/// in his name (RFC 4475 §3.1.1.9).
fn without_number_params(user: &str) -> &str {
    let (number, params) = split_before(user, &[';']);
    let sign = |c: char| c.is_ascii_digit() || "+-.()*#".contains(c);
    let is_number = number.chars().all(sign) && number.contains(|c: char| c.is_ascii_digit());
    if params.is_empty() || is_number { number } else { user }
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`. An IPv6 address without its
/// brackets is a host, too.
pub(super) fn host_and_port(text: &str) -> (&str, Option<&str>) {
    if let Some((host, after)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, after.strip_prefix(':'));
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (text, None),
    }
}
