//! Which of our addresses reaches whom.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Peers whose way was looked up and is remembered.
pub(super) const KNOWN: usize = 4096;

/// What the routing table said.
#[derive(Debug, Default)]
pub(super) struct Ways(HashMap<IpAddr, IpAddr>);

impl Ways {
    /// The address that the system would send from to reach this peer. Connecting
    /// a UDP socket asks the routing table and sends nothing.
    pub(super) fn to(&mut self, peer: IpAddr) -> Option<IpAddr> {
        if let Some(known) = self.0.get(&peer) {
            return Some(*known);
        }
        let any: IpAddr = if peer.is_ipv4() {
            Ipv4Addr::UNSPECIFIED.into()
        } else {
            Ipv6Addr::UNSPECIFIED.into()
        };
        let asked = std::net::UdpSocket::bind((any, 0)).and_then(|socket| {
            socket.connect((peer, 9))?;
            socket.local_addr()
        });
        let way = asked.ok()?.ip().to_canonical();
        if self.0.len() >= KNOWN {
            self.0.clear();
        }
        self.0.insert(peer, way);
        Some(way)
    }
}
