//! Where requests of a dialog go (RFC 3261 §12.2.1.1), within the networks of the
//! call's peer.

use std::net::{IpAddr, SocketAddr};

use super::call::Call;
use super::task::Task;
use crate::dialog::{Dialog, Tag};
use crate::transport::Origin;
use crate::wire::Uri;
use crate::{Hop, Transport};

impl Task {
    /// Where the next request of a dialog goes: to its route or target, if that
    /// is an address in the peer's networks; else back to where the call is from.
    pub(super) fn hop(&mut self, dialog: &Dialog, peer: Origin) -> Origin {
        self.hop_to(&dialog.next_hop(), peer)
    }

    /// As [`Self::hop`], for that route or target.
    pub(super) fn hop_to(&mut self, uri: &Uri<'_>, peer: Origin) -> Origin {
        let named = uri.host().parse::<IpAddr>().map(|ip| ip.to_canonical());
        let transport = match uri.param("transport") {
            _ if uri.scheme() == "sips" => Some(Transport::Tls),
            Some(name) => Transport::read(&name),
            None => None,
        };
        // Never from an encrypted connection to a plain datagram by silence.
        let transport = transport.unwrap_or(peer.transport);
        let port = uri.port().filter(|port| *port != 0).unwrap_or(transport.default_port());
        let known = |ip: &IpAddr| {
            ip.is_ipv4() == peer.source.is_ipv4()
                && (*ip == peer.source.ip() || self.allows(peer, *ip))
        };
        let Some(ip) = named.as_ref().ok().copied().filter(known) else {
            // Nobody listens where a connection came from, once that is gone.
            if !peer.transport.is_reliable() || self.transports.is_live(peer) {
                return peer;
            }
            let transport = if transport.is_reliable() { transport } else { peer.transport };
            let hop = Hop { transport, addr: SocketAddr::new(peer.source.ip(), port) };
            let name = named.is_err().then(|| uri.host().to_owned());
            return self.connection(hop, name, peer);
        };
        let addr = SocketAddr::new(ip, port);
        if transport == peer.transport && transport == Transport::Udp {
            return peer.with_source(addr);
        }
        // The connection that the peer opened reaches it through any NAT (RFC 5923).
        let same = transport == peer.transport && ip == peer.source.ip();
        if same && self.transports.is_live(peer) {
            return peer;
        }
        self.connection(Hop { transport, addr }, None, peer)
    }

    /// The peer goes on over another connection, now that the call's own is gone:
    /// what we send goes there as well, and reaches it through any NAT.
    pub(super) fn follow(&mut self, tag: Tag, origin: Origin) {
        let peer = self.calls.get(&tag).and_then(Call::origin);
        let gone = peer.is_some_and(|peer| {
            peer.transport == origin.transport
                && peer.transport.is_reliable()
                && !self.transports.is_live(peer)
        });
        if gone && let Some(Call::Standing(standing)) = self.calls.get_mut(&tag) {
            standing.peer = origin;
        }
    }

    /// The way to that place of a peer; where there is none, the one by which the
    /// call came. `name`: the domain that it is known by.
    fn connection(&mut self, hop: Hop, name: Option<String>, peer: Origin) -> Origin {
        let name = name.or_else(|| self.name_in_certificate(peer));
        let name = name.filter(|_| hop.transport == Transport::Tls);
        self.transports.towards(hop, name.as_deref()).unwrap_or(peer)
    }
}
