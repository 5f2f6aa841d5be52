//! The DNS of the system: its name servers by a resolver with a cache, and its
//! hosts file.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolverConfig, ResolverOpts};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::locate::{known, locate};
use super::{Dns, Means, Naptr, Records, ResolveError, Route, Srv, Target};

/// The whole of it, all questions together.
const DEADLINE: Duration = Duration::from_secs(5);
/// A name server's time for one question.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Answers that are kept for as long as they are valid.
const CACHE: u64 = 1024;

/// Finds the way to URIs.
#[derive(Debug)]
pub(crate) struct Resolver {
    /// Made at the first question, and made anew after one that nobody answered:
    /// the system's settings may have changed.
    asked: Mutex<Option<TokioResolver>>,
    /// Name servers in place of the system's.
    servers: Option<ResolverConfig>,
    /// One name server's time for one question.
    patience: Duration,
}

impl Resolver {
    /// As the system is set up.
    pub(crate) fn system() -> Resolver {
        Resolver { asked: Mutex::new(None), servers: None, patience: PATIENCE }
    }

    /// One that asks a single name server, and waits a moment only.
    #[cfg(test)]
    pub(crate) fn asking(server: std::net::SocketAddr) -> Resolver {
        use hickory_resolver::config::NameServerConfig;
        let mut one = NameServerConfig::udp(server.ip());
        for connection in &mut one.connections {
            connection.port = server.port();
        }
        let servers = ResolverConfig::from_parts(None, Vec::new(), vec![one]);
        let patience = Duration::from_millis(200);
        Resolver { asked: Mutex::new(None), servers: Some(servers), patience }
    }

    /// The way to a target that needs no DNS.
    pub(crate) fn known(target: &Target, means: Means) -> Option<Result<Vec<Route>, ResolveError>> {
        known(target, means)
    }

    /// The way to a target; takes 5 s at most.
    pub(crate) async fn resolve(
        &self,
        target: &Target,
        means: Means,
    ) -> Result<Vec<Route>, ResolveError> {
        let failed = |reason: String| {
            let host = target.name.clone();
            ResolveError::Failed { host, reason }
        };
        let resolver = self.asked().map_err(|error| failed(error.to_string()))?;
        let mut random = StdRng::from_os_rng();
        let located = locate(target, means, &resolver, &mut random);
        let located = tokio::time::timeout(DEADLINE, located).await;
        let located = located.unwrap_or_else(|_| Err(failed("no answer in time".to_owned())));
        if matches!(located, Err(ResolveError::Failed { .. })) {
            *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        located
    }

    fn asked(&self) -> Result<TokioResolver, NetError> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(resolver) = &*asked {
            return Ok(resolver.clone());
        }
        let provider = TokioRuntimeProvider::default();
        let mut builder = match &self.servers {
            Some(servers) => TokioResolver::builder_with_config(servers.clone(), provider),
            None => TokioResolver::builder(provider).unwrap_or_else(|error| {
                tracing::warn!(%error, "/etc/resolv.conf cannot be used; names are those of the hosts file");
                TokioResolver::builder_with_config(ResolverConfig::default(), TokioRuntimeProvider::default())
            }),
        };
        settle(builder.options_mut(), self.patience);
        let resolver = builder.build()?;
        *asked = Some(resolver.clone());
        Ok(resolver)
    }
}

fn settle(options: &mut ResolverOpts, patience: Duration) {
    options.timeout = options.timeout.min(patience);
    options.attempts = options.attempts.min(1);
    options.cache_size = CACHE;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
}

impl Dns for TokioResolver {
    async fn naptr(&self, domain: &str) -> Records<Naptr> {
        let records = self.lookup(absolute(domain), RecordType::NAPTR).await;
        Ok(answers(records)?
            .into_iter()
            .filter_map(|data| match data {
                RData::NAPTR(naptr) => Some(Naptr {
                    order: naptr.order,
                    preference: naptr.preference,
                    flags: String::from_utf8_lossy(&naptr.flags).into_owned(),
                    service: String::from_utf8_lossy(&naptr.services).into_owned(),
                    replacement: naptr.replacement.to_ascii(),
                }),
                _ => None,
            })
            .collect())
    }

    async fn srv(&self, service: &str) -> Records<Srv> {
        let records = self.lookup(absolute(service), RecordType::SRV).await;
        Ok(answers(records)?
            .into_iter()
            .filter_map(|data| match data {
                RData::SRV(srv) => Some(Srv {
                    priority: srv.priority,
                    weight: srv.weight,
                    port: srv.port,
                    target: srv.target.to_ascii(),
                }),
                _ => None,
            })
            .collect())
    }

    async fn addresses(&self, host: &str) -> Records<IpAddr> {
        match self.lookup_ip(host).await {
            Ok(found) => Ok(in_order(found.iter().collect())),
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The records of an answer; that there are none is an answer as well.
fn answers(lookup: Result<Lookup, NetError>) -> Records<RData> {
    match lookup {
        Ok(lookup) => Ok(lookup.answers().iter().map(|record| record.data.clone()).collect()),
        Err(error) if error.is_no_records_found() => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}

/// Services are never looked for in the local domain.
fn absolute(name: &str) -> String {
    if name.ends_with('.') { name.to_owned() } else { format!("{name}.") }
}

/// IPv6 before IPv4, and what this machine has no way to at the end (the rules of
/// RFC 6724 §6 that matter here); otherwise as given.
fn in_order(mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    addresses.sort_by_cached_key(|ip| (!has_way(*ip), ip.is_ipv4()));
    addresses
}

/// Connecting a UDP socket asks the routing table and sends nothing.
fn has_way(ip: IpAddr) -> bool {
    let any: IpAddr =
        if ip.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    UdpSocket::bind((any, 0)).and_then(|socket| socket.connect((ip, 9))).is_ok()
}

#[cfg(test)]
pub(crate) mod tests;
