//! What a URI says about where it leads to (RFC 3263 §4).

use std::net::IpAddr;

use super::ResolveError;
use crate::Transport;
use crate::wire::Uri;

/// The part of a URI that decides where its requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(super) host: Host,
    pub(super) port: Option<u16>,
    pub(super) transport: Option<Transport>,
    /// `sips:`: by TLS only.
    pub(super) secure: bool,
    /// The URI's host, which a certificate has to name.
    pub(super) name: String,
}

/// `TARGET` of RFC 3263 §4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    Ip(IpAddr),
    Name(String),
}

impl Target {
    /// Reads it; `maddr` stands in for the host (RFC 3261 §19.1.1).
    pub(crate) fn of(uri: &Uri<'_>) -> Result<Target, ResolveError> {
        if !uri.is_sip() || uri.host().is_empty() {
            return Err(ResolveError::NoServer);
        }
        let secure = uri.scheme() == "sips";
        let transport = match uri.param("transport") {
            None => None,
            Some(name) => Some(transport(&name, secure)?),
        };
        let maddr = uri.param("maddr").filter(|maddr| !maddr.is_empty());
        let host = maddr.as_deref().unwrap_or(uri.host());
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let host = match bare.parse::<IpAddr>() {
            Ok(ip) => Host::Ip(ip.to_canonical()),
            Err(_) => Host::Name(host.to_owned()),
        };
        // Port 0 is nowhere; it is taken for none.
        let port = uri.port().filter(|port| *port != 0);
        Ok(Target { host, port, transport, secure, name: uri.host().to_owned() })
    }

    /// By which transport a name or address goes that nothing is known of
    /// (RFC 3263 §4.1).
    pub(super) fn default_transport(&self) -> Transport {
        let default = if self.secure { Transport::Tls } else { Transport::Udp };
        self.transport.unwrap_or(default)
    }
}

/// `sips:` with `transport=tcp` is TLS over TCP (RFC 3261 §26.2.2); the older
/// `sip:` with `transport=tls` is understood as well.
fn transport(name: &str, secure: bool) -> Result<Transport, ResolveError> {
    let all = [Transport::Udp, Transport::Tcp, Transport::Tls];
    let known = all.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(name));
    match known {
        None => Err(ResolveError::Transport(name.escape_default().to_string())),
        Some(Transport::Udp) if secure => Err(ResolveError::Contradiction),
        Some(_) if secure => Ok(Transport::Tls),
        Some(known) => Ok(known),
    }
}
