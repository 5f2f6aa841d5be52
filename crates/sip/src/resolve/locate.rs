//! What is asked of the DNS, and what follows from the answers (RFC 3263 §4.1,
//! §4.2).

use std::net::{IpAddr, SocketAddr};

use rand::Rng;

use super::order::{servers, services};
use super::target::{Host, Target};
use super::{Dns, Means, ResolveError, Route};
use crate::{Hop, Transport};

/// Places to try for one request; more cost more time than anybody waits.
const ROUTES: usize = 16;
/// Names that one answer of the DNS may lead to.
const NAMES: usize = 16;

/// Where a target without DNS is: an IP address needs none.
pub(super) fn known(target: &Target, means: Means) -> Option<Result<Vec<Route>, ResolveError>> {
    let Host::Ip(ip) = target.host else { return None };
    let mut found = Found::new(target, means);
    found.add(ip, Way::of(target));
    Some(found.routes())
}

/// Everything there is to try, in order.
///
/// # Errors
/// There is nothing to try.
pub(super) async fn locate(
    target: &Target,
    means: Means,
    dns: &impl Dns,
    random: &mut impl Rng,
) -> Result<Vec<Route>, ResolveError> {
    if let Some(known) = known(target, means) {
        return known;
    }
    let Host::Name(host) = &target.host else { return Ok(Vec::new()) };
    let mut found = Found::new(target, means);
    // A port says that there is one server only, by its addresses (§4.2).
    if target.port.is_none() {
        let listed = found.listed(target, host, dns).await;
        if found.by_service(listed, dns, random).await {
            return found.routes();
        }
    }
    found.host(host, Way::of(target), dns).await;
    found.routes()
}

/// How an address is reached.
#[derive(Debug, Clone, Copy)]
struct Way {
    transport: Transport,
    port: u16,
    /// Nobody asked for this transport: another will do.
    assumed: bool,
}

impl Way {
    fn of(target: &Target) -> Way {
        let transport = target.default_transport();
        let port = target.port.unwrap_or(transport.default_port());
        Way { transport, port, assumed: target.transport.is_none() && !target.secure }
    }
}

struct Found<'a> {
    target: &'a Target,
    means: Means,
    routes: Vec<Route>,
    /// An address was there, but no socket of ours reaches it.
    no_socket: bool,
    failure: Option<String>,
}

impl<'a> Found<'a> {
    fn new(target: &'a Target, means: Means) -> Self {
        Self { target, means, routes: Vec::new(), no_socket: false, failure: None }
    }

    /// Services in the order they are tried: those of NAPTR, else SRV by name for
    /// each transport that would do (§4.1). TLS comes last for a plain `sip:`,
    /// as it needs a certificate that fits.
    async fn listed(
        &mut self,
        target: &Target,
        host: &str,
        dns: &impl Dns,
    ) -> Vec<(Transport, String)> {
        let by_name = |transport| (transport, service(transport, host));
        if let Some(transport) = target.transport {
            return vec![by_name(transport)];
        }
        let records = dns.naptr(host).await;
        let listed = services(self.or_failure(records), target.secure);
        match listed.is_empty() {
            false => listed,
            true if target.secure => vec![by_name(Transport::Tls)],
            true => [Transport::Udp, Transport::Tcp, Transport::Tls].map(by_name).to_vec(),
        }
    }

    /// Adds the servers of these services. `false`: the DNS knows none, so that
    /// the host's own addresses count (§4.2).
    async fn by_service(
        &mut self,
        listed: Vec<(Transport, String)>,
        dns: &impl Dns,
        random: &mut impl Rng,
    ) -> bool {
        let mut known = false;
        for (transport, service) in listed.into_iter().take(NAMES) {
            let records = dns.srv(&service).await;
            let records = self.or_failure(records);
            known |= !records.is_empty();
            for server in servers(records, random).into_iter().take(NAMES) {
                let way = Way { transport, port: server.port, assumed: false };
                self.host(&server.target, way, dns).await;
            }
        }
        known
    }

    async fn host(&mut self, host: &str, way: Way, dns: &impl Dns) {
        if self.routes.len() >= ROUTES {
            return;
        }
        let addresses = dns.addresses(host).await;
        for ip in self.or_failure(addresses) {
            self.add(ip, way);
        }
    }

    /// One address; by TCP where UDP was only assumed and no socket reaches it.
    fn add(&mut self, ip: IpAddr, way: Way) {
        let reached = way.transport != Transport::Udp || self.means.udp(ip);
        let transport = match (reached, way.assumed) {
            (true, _) => way.transport,
            (false, true) => Transport::Tcp,
            (false, false) => {
                self.no_socket = true;
                return;
            }
        };
        let hop = Hop { transport, addr: SocketAddr::new(ip, way.port) };
        let new = self.routes.iter().all(|known| known.hop != hop);
        if new && self.routes.len() < ROUTES {
            self.routes.push(Route { hop, name: self.target.name.clone() });
        }
    }

    fn or_failure<T>(&mut self, records: Result<Vec<T>, String>) -> Vec<T> {
        records.unwrap_or_else(|failure| {
            self.failure.get_or_insert(failure);
            Vec::new()
        })
    }

    fn routes(self) -> Result<Vec<Route>, ResolveError> {
        let host = self.target.name.clone();
        match (self.routes.is_empty(), self.failure) {
            (false, _) => Ok(self.routes),
            (true, _) if self.no_socket => Err(ResolveError::NoSocket(host)),
            (true, Some(reason)) => Err(ResolveError::Failed { host, reason }),
            (true, None) => Err(ResolveError::Unknown(host)),
        }
    }
}

/// The name that SRV records of a service stand under (RFC 3263 §4.1).
fn service(transport: Transport, host: &str) -> String {
    let prefix = match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
    };
    format!("{prefix}.{host}")
}
