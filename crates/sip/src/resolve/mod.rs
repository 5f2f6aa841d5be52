//! Where a request goes: from a URI to an ordered list of hops (RFC 3263).
//!
//! `target` reads the URI, `order` sorts records, `locate` decides what is asked
//! and in which order the answers are tried; none of them knows a socket. `dns`
//! asks the system's name servers and its hosts file.

mod dns;
mod locate;
mod order;
mod target;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

pub(crate) use dns::Resolver;
#[cfg(test)]
pub(crate) use dns::tests::NameServer;
pub(crate) use target::Target;

use crate::Hop;
use crate::wire::Uri;

/// The places that a `sip:` or `sips:` URI leads to, in the order they should be
/// tried (RFC 3263), for somebody who has sockets of every kind. Takes 5 s at most.
///
/// # Errors
/// It leads nowhere, or the DNS does not say where.
pub async fn locate(uri: &str) -> Result<Vec<Hop>, ResolveError> {
    let target = Target::of(&Uri::read(uri).map_err(|_| ResolveError::NoServer)?)?;
    let means = Means { udp_v4: true, udp_v6: true };
    let routes = Resolver::system().resolve(&target, means).await?;
    Ok(routes.into_iter().map(|route| route.hop).collect())
}

/// Whether requests can be sent to a URI, as far as that can be told without
/// asking the DNS.
///
/// # Errors
/// It is no `sip:` or `sips:` URI with a host, or asks for a transport that there
/// is not.
pub fn check_uri(uri: &str) -> Result<(), ResolveError> {
    Target::of(&Uri::read(uri).map_err(|_| ResolveError::NoServer)?).map(drop)
}

/// One place to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// How and where.
    pub(crate) hop: Hop,
    /// What a certificate has to name over TLS: the host of the URI, and not a
    /// name that the DNS led to (RFC 5922 §4).
    pub(crate) name: String,
}

/// What we can send by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Means {
    /// A UDP socket reaches IPv4.
    pub(crate) udp_v4: bool,
    /// A UDP socket reaches IPv6.
    pub(crate) udp_v6: bool,
}

impl Means {
    /// UDP needs a socket of ours; connections are made as they are needed.
    pub(crate) fn udp(self, ip: IpAddr) -> bool {
        if ip.is_ipv4() { self.udp_v4 } else { self.udp_v6 }
    }
}

/// A NAPTR record (RFC 3403), as far as SIP needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Naptr {
    pub(crate) order: u16,
    pub(crate) preference: u16,
    pub(crate) flags: String,
    pub(crate) service: String,
    pub(crate) replacement: String,
}

/// An SRV record (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Srv {
    pub(crate) priority: u16,
    pub(crate) weight: u16,
    pub(crate) port: u16,
    pub(crate) target: String,
}

/// Records, none where there are none; an error where nobody could say.
pub(crate) type Records<T> = Result<Vec<T>, String>;

/// Whoever knows the DNS. Names are absolute for records of services; a host may
/// be one of the local domain or of the hosts file.
pub(crate) trait Dns: Sync {
    /// Which services a domain has.
    fn naptr(&self, domain: &str) -> impl Future<Output = Records<Naptr>> + Send;
    /// Where a service of a domain is.
    fn srv(&self, service: &str) -> impl Future<Output = Records<Srv>> + Send;
    /// The addresses of a host, in the order they should be tried.
    fn addresses(&self, host: &str) -> impl Future<Output = Records<IpAddr>> + Send;
}

/// Why nobody can be sent to. The words name hosts, but no user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// No `sip:` or `sips:` URI with a host.
    #[error("the address names no server; write it as \"sip:alice@pbx.example.com\"")]
    NoServer,
    /// The URI's `transport` parameter asks for another one.
    #[error("the transport \"{0}\" is not spoken here; udp, tcp and tls are")]
    Transport(String),
    /// `sips:` together with UDP.
    #[error("the address asks for TLS and for UDP at once; leave out the transport")]
    Contradiction,
    /// The name has no address.
    #[error("the DNS knows no address of {0}; check how the name is written")]
    Unknown(String),
    /// The name servers do not answer, or cannot.
    #[error("the DNS gives no answer about {host}: {reason}; check /etc/resolv.conf")]
    Failed {
        /// The host of the URI.
        host: String,
        /// What the name server or the network says.
        reason: String,
    },
    /// Only UDP leads there, and no UDP socket is of that address family.
    #[error("{0} is reached by UDP only; add a \"udp:\" address of its kind to sip.listen")]
    NoSocket(String),
}
