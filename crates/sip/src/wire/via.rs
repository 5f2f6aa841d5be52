//! The Via header (RFC 3261 §20.42) and the way back that it describes.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::text::is_token;
use super::uri::host_and_port;
use super::{Malformed, Params};
use crate::Transport;

/// One Via value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Via {
    /// `2.0`, or that of another SIP, to which 505 still has to find back.
    version: String,
    /// In capitals: `UDP`, `TCP`, `TLS`.
    pub(crate) transport: String,
    /// Host of sent-by; IPv6 without brackets.
    pub(crate) host: String,
    /// Port of sent-by, where one is written.
    pub(crate) port: Option<u16>,
    pub(crate) params: Params,
}

impl Via {
    /// Reads one value: `SIP/2.0/UDP host:port;params`, blanks allowed around
    /// every sign.
    pub(crate) fn read(value: &str) -> Result<Via, Malformed> {
        let bad = || Malformed::new("Bad Via");
        let mut parts = value.splitn(3, '/');
        let name = parts.next().map(str::trim).ok_or_else(bad)?;
        let version = parts.next().map(str::trim).ok_or_else(bad)?;
        let rest = parts.next().map(str::trim).ok_or_else(bad)?;
        if !name.eq_ignore_ascii_case("SIP") || !is_token(version) {
            return Err(bad());
        }
        let (transport, rest) = rest.split_once(char::is_whitespace).ok_or_else(bad)?;
        let (sent_by, params) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
        let sent_by: String = sent_by.split_whitespace().collect();
        let (host, port) = host_and_port(&sent_by);
        let shaped = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte);
        if host.is_empty() || !host.bytes().all(shaped) || !is_token(transport) {
            return Err(bad());
        }
        let port = port.map(str::parse).transpose().map_err(|_| bad())?;
        Ok(Via {
            version: version.to_owned(),
            transport: transport.to_ascii_uppercase(),
            host: host.to_owned(),
            port,
            params: Params::read(params),
        })
    }

    /// Is it of the version of SIP that we speak?
    pub(super) fn is_ours(&self) -> bool {
        self.version == "2.0"
    }

    /// The transaction's name.
    pub(crate) fn branch(&self) -> Option<Cow<'_, str>> {
        self.params.get("branch").filter(|branch| !branch.is_empty())
    }

    /// `host:port` as one text, small letters, for the key of a transaction
    /// (RFC 3261 §17.2.3).
    pub(crate) fn sent_by(&self) -> String {
        format!("{}:{}", self.host.to_ascii_lowercase(), self.port.unwrap_or(5060))
    }

    /// Notes where the request really came from: `received` where it is not
    /// what sent-by says (RFC 3261 §18.2.1), and both `received` and `rport`
    /// where the peer asks for it (RFC 3581 §4).
    pub(crate) fn note_source(&mut self, source: SocketAddr) {
        let source_ip = source.ip().to_canonical();
        let asks = self.params.has("rport");
        self.params.remove("received");
        if asks {
            self.params.set("rport", source.port().to_string());
        }
        let said = self.host.parse::<IpAddr>().map(|ip| ip.to_canonical());
        if asks || said != Ok(source_ip) {
            self.params.set("received", source_ip.to_string());
        }
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
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/{}/{} ", self.version, self.transport)?;
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)
    }
}
