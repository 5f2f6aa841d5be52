//! URIs (RFC 3261 §19.1, RFC 3966), read leniently: what is not understood is
//! kept as text, and only what is no URI at all is refused.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::net::Ipv6Addr;

use super::text::{percent_decode, split_once};
use super::{Malformed, Params};

/// A URI of any scheme; `sip:`, `sips:` and `tel:` are taken apart. The text is
/// borrowed from the message or a copy of its own; the parts are places in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uri<'a> {
    text: Cow<'a, str>,
    scheme: Scheme,
    user: Option<Part>,
    host: Part,
    /// The host where it is not the one that was written.
    mended: Option<String>,
    port: Option<u16>,
    params: Part,
    headers: Part,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Scheme {
    Sip,
    Sips,
    Tel,
    /// In small letters.
    Other(String),
}

/// Where a part begins and ends in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Part(u16, u16);

impl<'a> Uri<'a> {
    /// Reads a URI without angle brackets; none is longer than 65,535 bytes.
    pub(crate) fn read(text: &'a str) -> Result<Uri<'a>, Malformed> {
        let text = text.trim_ascii();
        let no_uri = || Malformed::new("Bad URI");
        if u16::try_from(text.len()).is_err() || has_foreign_signs(text) {
            return Err(no_uri());
        }
        let (scheme, rest) = split_once(text, b':').ok_or_else(no_uri)?;
        let scheme_shaped = scheme.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        if !scheme_shaped || rest.is_empty() {
            return Err(no_uri());
        }
        let mut uri = Uri {
            text: Cow::Borrowed(text),
            scheme: Scheme::read(scheme),
            user: None,
            host: Part::default(),
            mended: None,
            port: None,
            params: Part::default(),
            headers: Part::default(),
        };
        match uri.scheme {
            Scheme::Sip | Scheme::Sips => uri.read_sip(text, scheme.len() + 1),
            Scheme::Tel => uri.read_tel(text, scheme.len() + 1),
            Scheme::Other(_) => {}
        }
        Ok(uri)
    }

    /// With a text of its own.
    pub(crate) fn into_owned(self) -> Uri<'static> {
        let Uri { text, scheme, user, host, mended, port, params, headers } = self;
        let text = Cow::Owned(text.into_owned());
        Uri { text, scheme, user, host, mended, port, params, headers }
    }

    /// `user:password@host:port;params?headers`. The user part may hold `;`
    /// and `?`, so the `@` is looked for first.
    fn read_sip(&mut self, text: &str, start: usize) {
        let rest = text.get(start..).unwrap_or_default();
        let mut at = start;
        if let Some((userinfo, _)) = split_once(rest, b'@') {
            let user = split_once(userinfo, b':').map_or(userinfo.len(), |(user, _)| user.len());
            self.user = Some(Part::new(start, user));
            at += userinfo.len() + 1;
        }
        let after_user = text.get(at..).unwrap_or_default();
        let (hostport, tail) = split_before(after_user, is_param_or_header);
        let (host, port) = host_and_port(hostport);
        let bracket = usize::from(hostport.starts_with('[') && !host.starts_with('['));
        self.host = Part::new(at + bracket, host.len());
        self.port = port.and_then(|port| port.parse().ok());
        // By the grammar of RFC 3261 an IPv6 address that ends like one of IPv4
        // got a colon too many; both are to be taken (RFC 5118 §4.10).
        if split_once(host, b':').is_some() && host.contains(":::") {
            let mended = host.replacen(":::", "::", 1);
            self.mended = Some(mended).filter(|host| host.parse::<Ipv6Addr>().is_ok());
        }
        let (params, headers) = split_before(tail, is_header);
        at += hostport.len();
        self.params = Part::new(at, params.len());
        self.headers = Part::new(at + params.len(), headers.len());
    }

    fn read_tel(&mut self, text: &str, start: usize) {
        let rest = text.get(start..).unwrap_or_default();
        let (address, headers) = split_before(rest, is_header);
        let (number, params) = split_before(address, is_param);
        self.user = Some(Part::new(start, number.len()));
        self.params = Part::new(start + number.len(), params.len());
        self.headers = Part::new(start + address.len(), headers.len());
    }

    fn part(&self, part: Part) -> &str {
        self.text.get(usize::from(part.0)..usize::from(part.1)).unwrap_or_default()
    }

    /// The whole text, as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// In small letters.
    pub(crate) fn scheme(&self) -> &str {
        match &self.scheme {
            Scheme::Sip => "sip",
            Scheme::Sips => "sips",
            Scheme::Tel => "tel",
            Scheme::Other(scheme) => scheme,
        }
    }

    /// `sip:` or `sips:`.
    pub(crate) fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// User part or number: without the `;parameters` that telephone numbers
    /// carry there (RFC 3261 §19.1.6), escapes resolved.
    pub(crate) fn user(&self) -> Option<Cow<'_, str>> {
        let user = without_number_params(self.part(self.user?));
        (!user.is_empty()).then(|| percent_decode(user))
    }

    /// Host without port; IPv6 without brackets; empty where there is none.
    pub(crate) fn host(&self) -> &str {
        self.mended.as_deref().unwrap_or_else(|| self.part(self.host))
    }

    /// Whether the host is an IPv6 address without its brackets: no telling
    /// where the port begins (RFC 5118 §4.2).
    pub(super) fn has_bare_ipv6(&self) -> bool {
        self.host().contains(':') && !self.text.contains('[')
    }

    /// Port, where one is written.
    pub(crate) fn port(&self) -> Option<u16> {
        self.port
    }

    /// A parameter of the URI, escapes resolved; empty for one without value.
    pub(crate) fn param(&self, name: &str) -> Option<String> {
        let params = Params::read(self.part(self.params));
        params.get(name).map(|value| percent_decode(&value).into_owned())
    }

    /// A header of the part behind `?`, escapes resolved.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let pairs = self.part(self.headers).trim_start_matches('?').split('&');
        let mut named = pairs.filter_map(|pair| pair.split_once('='));
        named
            .find(|(known, _)| percent_decode(known).eq_ignore_ascii_case(name))
            .map(|(_, value)| percent_decode(value).into_owned())
    }

    /// The address alone, without parameters, headers and password:
    /// `sip:alice@example.com`, `tel:+14255550101`.
    pub(crate) fn address(&self) -> String {
        if let Scheme::Other(_) = self.scheme {
            return self.text.clone().into_owned();
        }
        let user = self.user.map_or("", |user| without_number_params(self.part(user)));
        let mut address = String::with_capacity(self.text.len());
        address.push_str(self.scheme());
        address.push(':');
        address.push_str(user);
        if self.scheme == Scheme::Tel {
            return address;
        }
        if !user.is_empty() {
            address.push('@');
        }
        let host = self.host();
        // Writing to a String cannot fail.
        let _ =
            if host.contains(':') { write!(address, "[{host}]") } else { address.write_str(host) };
        if let Some(port) = self.port {
            let _ = write!(address, ":{port}");
        }
        address
    }
}

impl Scheme {
    fn read(text: &str) -> Scheme {
        let known = [("sip", Scheme::Sip), ("sips", Scheme::Sips), ("tel", Scheme::Tel)];
        let mut known = known.into_iter();
        let known = known.find(|(name, _)| name.eq_ignore_ascii_case(text));
        known.map_or_else(|| Scheme::Other(text.to_ascii_lowercase()), |(_, scheme)| scheme)
    }
}

impl Part {
    /// That many bytes from there on, all within a text that is short enough.
    fn new(start: usize, length: usize) -> Part {
        let place = |at| u16::try_from(at).unwrap_or(u16::MAX);
        Part(place(start), place(start + length))
    }
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Blanks, control characters and what encloses a URI.
fn has_foreign_signs(text: &str) -> bool {
    if text.is_ascii() {
        return text.bytes().any(|b| b <= b' ' || matches!(b, b'<' | b'>' | b'"' | 0x7f));
    }
    text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"'))
}

fn is_param(sign: u8) -> bool {
    sign == b';'
}

fn is_header(sign: u8) -> bool {
    sign == b'?'
}

fn is_param_or_header(sign: u8) -> bool {
    is_param(sign) || is_header(sign)
}

/// Everything before the first such sign, and the rest with the sign.
fn split_before(text: &str, is_sign: fn(u8) -> bool) -> (&str, &str) {
    let at = text.bytes().position(is_sign).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// The number without its parameters; a user who is none may have a semicolon
/// in his name (RFC 4475 §3.1.1.9).
fn without_number_params(user: &str) -> &str {
    let (number, params) = split_before(user, is_param);
    if params.is_empty() {
        return user;
    }
    let sign = |c: char| c.is_ascii_digit() || "+-.()*#".contains(c);
    let is_number = number.chars().all(sign) && number.contains(|c: char| c.is_ascii_digit());
    if is_number { number } else { user }
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`. An IPv6 address without its
/// brackets is a host, too.
pub(super) fn host_and_port(text: &str) -> (&str, Option<&str>) {
    if let Some((host, after)) = text.strip_prefix('[').and_then(|rest| split_once(rest, b']')) {
        return (host, after.strip_prefix(':'));
    }
    match split_once(text, b':') {
        Some((host, port)) if split_once(port, b':').is_none() => (host, Some(port)),
        _ => (text, None),
    }
}
