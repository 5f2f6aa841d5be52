//! The Via header (RFC 3261 §20.42) and the way back that it describes.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::net::{IpAddr, SocketAddr};

use super::params::write_param;
use super::text::{is_token, split_once};
use super::uri::host_and_port;
use super::{Malformed, Params};
use crate::Transport;

/// One Via value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Via<'a> {
    /// `2.0`, or that of another SIP, to which 505 still has to find back.
    version: &'a str,
    /// `UDP`, `TCP`, `TLS`, in any letters.
    pub(crate) transport: &'a str,
    /// Host of sent-by; IPv6 without brackets.
    pub(crate) host: Cow<'a, str>,
    /// Port of sent-by, where one is written.
    pub(crate) port: Option<u16>,
    pub(crate) params: Params<'a>,
}

impl<'a> Via<'a> {
    /// Reads one value: `SIP/2.0/UDP host:port;params`, blanks allowed around
    /// every sign.
    pub(crate) fn read(value: &'a str) -> Result<Via<'a>, Malformed> {
        let bad = || Malformed::new("Bad Via");
        let (name, rest) = split_once(value, b'/').ok_or_else(bad)?;
        let (version, rest) = split_once(rest, b'/').ok_or_else(bad)?;
        let (name, version, rest) = (name.trim_ascii(), version.trim_ascii(), rest.trim_ascii());
        if !name.eq_ignore_ascii_case("SIP") || !is_token(version) {
            return Err(bad());
        }
        let blank = rest.bytes().position(|byte| byte.is_ascii_whitespace()).ok_or_else(bad)?;
        let (transport, rest) = rest.split_at_checked(blank).ok_or_else(bad)?;
        let (sent_by, params) = split_once(rest, b';').unwrap_or((rest, ""));
        let sent_by = without_blanks(sent_by.trim_ascii());
        let (host, port) = host_and_port(&sent_by);
        let shaped = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'%')
        };
        if host.is_empty() || !host.bytes().all(shaped) || !is_token(transport) {
            return Err(bad());
        }
        let port = port.map(str::parse).transpose().map_err(|_| bad())?;
        let host = match &sent_by {
            Cow::Borrowed(sent_by) => Cow::Borrowed(host_and_port(sent_by).0),
            Cow::Owned(_) => Cow::Owned(host.to_owned()),
        };
        Ok(Via { version, transport, host, port, params: Params::read(params) })
    }

    /// Is it of the version of SIP that we speak?
    pub(super) fn is_ours(&self) -> bool {
        self.version == "2.0"
    }

    /// The transaction's name.
    pub(crate) fn branch(&self) -> Option<Cow<'a, str>> {
        self.params.get("branch").filter(|branch| !branch.is_empty())
    }

    /// The value with what a response says of where its request really came from:
    /// `received` where that is not what sent-by says (RFC 3261 §18.2.1), and both
    /// `received` and `rport` where the peer asks for it (RFC 3581 §4).
    pub(super) fn completed(&self, source: SocketAddr) -> String {
        let mut text = String::with_capacity(160);
        // Writing to a String cannot fail.
        let _ = self.write_completed(&mut text, source);
        text
    }

    fn write_completed(&self, text: &mut String, source: SocketAddr) -> fmt::Result {
        self.write_sent_by(text)?;
        let source_ip = source.ip().to_canonical();
        let mut asks = false;
        for (name, value) in self.params.iter() {
            if name.eq_ignore_ascii_case("rport") {
                asks = true;
                write!(text, ";{name}={}", source.port())?;
            } else if !name.eq_ignore_ascii_case("received") {
                write_param(text, (name, value))?;
            }
        }
        let said = || self.host.parse::<IpAddr>().map(|ip| ip.to_canonical());
        if asks || said() != Ok(source_ip) {
            write!(text, ";received={source_ip}")?;
        }
        Ok(())
    }

    /// Where a response to a request from `source` goes (RFC 3261 §18.2.2,
    /// RFC 3581 §4): its address; its port where a datagram asked for that, else
    /// the port of sent-by. Nobody listens on the source port of a connection.
    pub(crate) fn way_back(&self, source: SocketAddr, transport: Transport) -> SocketAddr {
        let port = if self.params.has("rport") && !transport.is_reliable() {
            source.port()
        } else {
            self.port.filter(|port| *port != 0).unwrap_or(transport.default_port())
        };
        SocketAddr::new(source.ip(), port)
    }

    /// All in front of the parameters; the transport in capitals.
    fn write_sent_by(&self, to: &mut impl fmt::Write) -> fmt::Result {
        to.write_str("SIP/")?;
        to.write_str(self.version)?;
        to.write_char('/')?;
        for letter in self.transport.chars() {
            to.write_char(letter.to_ascii_uppercase())?;
        }
        to.write_char(' ')?;
        if self.host.contains(':') {
            write!(to, "[{}]", self.host)?;
        } else {
            to.write_str(&self.host)?;
        }
        match self.port {
            Some(port) => write!(to, ":{port}"),
            None => Ok(()),
        }
    }
}

fn without_blanks(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        Cow::Owned(text.split_ascii_whitespace().collect())
    } else {
        Cow::Borrowed(text)
    }
}

impl fmt::Display for Via<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_sent_by(f)?;
        write!(f, "{}", self.params)
    }
}
