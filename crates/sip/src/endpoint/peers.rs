//! The peers, by number: which of them a message is from, and what is counted of
//! each.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::{Peer, PeerState};

/// A peer's place in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PeerId(usize);

/// Why a message is from no peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stranger {
    /// Its source is in nobody's networks.
    Address,
    /// Its source is in a peer's networks, which shows another certificate.
    Certificate,
}

/// The first peer that both source and certificate fit. A peer whose networks
/// fit and whose certificate does not is passed over.
pub(super) fn find(peers: &[Peer], source: IpAddr, names: &[String]) -> Result<PeerId, Stranger> {
    let mut stranger = Stranger::Address;
    for (index, peer) in peers.iter().enumerate() {
        if !is_in(&peer.networks, source) {
            continue;
        }
        let wanted = &peer.certificate_names;
        if wanted.is_empty() || wanted.iter().any(|wanted| names.iter().any(|n| same(wanted, n))) {
            return Ok(PeerId(index));
        }
        stranger = Stranger::Certificate;
    }
    Err(stranger)
}

/// Is the address in one of these networks?
pub(super) fn is_in(networks: &[crate::Network], ip: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(ip))
}

/// Domain names, compared as RFC 5922 §7.2 asks: the whole name, in any letters,
/// no wildcards. In certificates they stand bare or as `sip:` URIs (§7.1).
fn same(wanted: &str, shown: &str) -> bool {
    bare(wanted) == bare(shown)
}

/// The domain alone, in small letters.
pub(super) fn bare(name: &str) -> String {
    let name = name.trim_end_matches('.');
    name.strip_prefix("sip:").unwrap_or(name).to_ascii_lowercase()
}

/// What is counted of each peer; written by the endpoint's task, read by anybody.
#[derive(Debug)]
pub(crate) struct PeerCounts(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    name: Arc<str>,
    live_calls: AtomicU64,
    requests: AtomicU64,
    reached: Mutex<Reached>,
}

/// What OPTIONS has shown.
#[derive(Debug, Clone, Copy, Default)]
struct Reached {
    reachable: Option<bool>,
    changed: Option<Instant>,
    round_trip: Option<Duration>,
}

impl PeerCounts {
    pub(crate) fn new(peers: &[Peer]) -> Self {
        let entry = |peer: &Peer| Entry {
            name: peer.name.as_str().into(),
            live_calls: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            reached: Mutex::default(),
        };
        Self(peers.iter().map(entry).collect())
    }

    /// In the order of the configuration.
    pub(crate) fn read(&self) -> Vec<PeerState> {
        let state = |entry: &Entry| {
            let reached = *entry.reached.lock().unwrap_or_else(PoisonError::into_inner);
            PeerState {
                name: entry.name.clone(),
                live_calls: entry.live_calls.load(Ordering::Relaxed),
                requests: entry.requests.load(Ordering::Relaxed),
                reachable: reached.reachable,
                changed: reached.changed,
                round_trip: reached.round_trip,
            }
        };
        self.0.iter().map(state).collect()
    }

    pub(super) fn name(&self, of: PeerId) -> Option<Arc<str>> {
        self.0.get(of.0).map(|entry| entry.name.clone())
    }

    pub(super) fn live_calls(&self, of: PeerId) -> u64 {
        self.0.get(of.0).map_or(0, |entry| entry.live_calls.load(Ordering::Relaxed))
    }

    pub(super) fn request(&self, of: PeerId) {
        if let Some(entry) = self.0.get(of.0) {
            entry.requests.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A call of one peer became a call of the other, or of none. Both may be
    /// the same.
    pub(super) fn call_moved(&self, before: Option<PeerId>, after: Option<PeerId>) {
        let entry = |of: Option<PeerId>| of.and_then(|of| self.0.get(of.0));
        if let Some(entry) = entry(after) {
            entry.live_calls.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(entry) = entry(before) {
            entry.live_calls.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The peer at that place of the configuration answers OPTIONS, after that
    /// time, or does not; `true` where that is news.
    pub(crate) fn note_reachable(
        &self,
        index: usize,
        reachable: bool,
        round_trip: Option<Duration>,
        now: Instant,
    ) -> bool {
        let Some(entry) = self.0.get(index) else { return false };
        let mut known = entry.reached.lock().unwrap_or_else(PoisonError::into_inner);
        let news = known.reachable != Some(reachable);
        let changed = if news { Some(now) } else { known.changed };
        *known = Reached { reachable: Some(reachable), changed, round_trip };
        news
    }
}

impl PeerId {
    pub(super) const fn index(self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(networks: &[&str], names: &[&str]) -> Peer {
        let networks = networks.iter().map(|text| text.parse().unwrap()).collect();
        let certificate_names = names.iter().map(ToString::to_string).collect();
        Peer { certificate_names, ..Peer::trusted("x", networks) }
    }

    #[test]
    fn the_first_that_fits_by_network_and_certificate_is_it() {
        let peers = [
            peer(&["192.0.2.0/28"], &["sbc.example.com", "sip:edge.example.com"]),
            peer(&["192.0.2.0/24", "2001:db8::/32"], &[]),
            peer(&["198.51.100.0/24"], &["sbc.example.com"]),
            peer(&["0.0.0.0/0"], &["pbx.example.com"]),
        ];
        let (address, certificate) = (Err(Stranger::Address), Err(Stranger::Certificate));
        let table: [(&str, &[&str], _); 12] = [
            ("192.0.2.1", &["sbc.example.com"], Ok(PeerId(0))),
            ("192.0.2.1", &["other.example.com", "SBC.Example.com."], Ok(PeerId(0))),
            ("192.0.2.1", &["edge.example.com"], Ok(PeerId(0))),
            ("192.0.2.1", &["sip:sbc.example.com"], Ok(PeerId(0))),
            ("192.0.2.1", &["*.example.com"], Ok(PeerId(1))),
            ("192.0.2.1", &[], Ok(PeerId(1))),
            ("192.0.2.99", &["sbc.example.com"], Ok(PeerId(1))),
            ("2001:db8::1", &[], Ok(PeerId(1))),
            ("198.51.100.1", &["pbx.example.com"], Ok(PeerId(3))),
            ("198.51.100.1", &["evil.example.com"], certificate),
            ("198.51.100.1", &[], certificate),
            ("2001:db9::1", &["sbc.example.com"], address),
        ];
        for (source, names, found) in table {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            assert_eq!(find(&peers, source.parse().unwrap(), &names), found, "{source} {names:?}");
        }
    }

    #[test]
    fn what_is_counted_is_read() {
        let counts = PeerCounts::new(&[peer(&[], &[]), peer(&[], &[])]);
        let now = Instant::now();
        counts.request(PeerId(1));
        counts.call_moved(None, Some(PeerId(1)));
        counts.call_moved(Some(PeerId(1)), Some(PeerId(1)));
        assert_eq!(counts.live_calls(PeerId(1)), 1);
        assert!(counts.note_reachable(0, true, None, now));
        assert!(!counts.note_reachable(0, true, None, now + std::time::Duration::from_secs(1)));
        assert!(!counts.note_reachable(2, true, None, now));
        let states = counts.read();
        assert_eq!((states[0].reachable, states[0].changed), (Some(true), Some(now)));
        assert_eq!((states[1].requests, states[1].live_calls, states[1].reachable), (1, 1, None));
        counts.call_moved(Some(PeerId(1)), None);
        assert_eq!(counts.live_calls(PeerId(1)), 0);
    }
}
