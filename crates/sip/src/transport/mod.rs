//! Transports (RFC 3261 §18): what messages come by and are sent by.

mod origin;
mod udp;
mod ways;

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;

pub(crate) use origin::Origin;

use crate::{Hop, Transport};
use udp::UdpSockets;
use ways::Ways;

/// Everything that messages come by. Addresses of peers are always canonical:
/// IPv4 is never written as IPv6, whatever the socket.
#[derive(Debug)]
pub(crate) struct Transports {
    udp: UdpSockets,
    ways: Ways,
    #[cfg(test)]
    captured: Option<std::collections::VecDeque<(Origin, Bytes)>>,
}

impl Transports {
    /// Binds every address, or says which one could not be bound.
    pub(crate) async fn bind(hops: &[Hop]) -> Result<Self, (Hop, io::Error)> {
        let mut udp = UdpSockets::default();
        for hop in hops {
            let bound = match hop.transport {
                Transport::Udp => udp.bind(hop.addr).await,
                Transport::Tcp | Transport::Tls => Err(io::ErrorKind::Unsupported.into()),
            };
            bound.map_err(|error| (*hop, error))?;
        }
        Ok(Self {
            udp,
            ways: Ways::default(),
            #[cfg(test)]
            captured: None,
        })
    }

    /// No socket at all: [`Self::sent`] has what would have gone out, and the
    /// address of ours is 192.0.2.1:5060, whatever the transport.
    #[cfg(test)]
    pub(crate) fn captured() -> Self {
        let captured = Some(std::collections::VecDeque::new());
        Self { udp: UdpSockets::default(), ways: Ways::default(), captured }
    }

    /// What a captured one has sent and nobody has taken yet.
    #[cfg(test)]
    pub(crate) fn sent(&mut self) -> &mut std::collections::VecDeque<(Origin, Bytes)> {
        self.captured.get_or_insert_default()
    }

    /// The addresses bound, in the order of the configuration.
    pub(crate) fn local_addrs(&self) -> Vec<Hop> {
        self.udp.local_addrs().map(Hop::udp).collect()
    }

    /// Our end of that way, as it was bound.
    pub(crate) fn local(&self, origin: Origin) -> SocketAddr {
        #[cfg(test)]
        if self.captured.is_some() {
            return SocketAddr::from(([192, 0, 2, 1], 5060));
        }
        self.udp.local(origin.socket)
    }

    /// The address and port of ours that the peer at the other end can reach.
    pub(crate) fn reply_addr(&mut self, origin: Origin) -> SocketAddr {
        let local = self.local(origin);
        if !local.ip().is_unspecified() {
            return local;
        }
        let ip = self.ways.to(origin.source.ip()).unwrap_or(local.ip());
        SocketAddr::new(ip, local.port())
    }

    /// The way to a peer; `None`: no socket of ours reaches it.
    pub(crate) fn towards(&mut self, hop: Hop) -> Option<Origin> {
        let Hop { transport, addr } = hop;
        #[cfg(test)]
        if self.captured.is_some() {
            return Some(Origin { socket: 0, source: addr, transport, connection: None });
        }
        match transport {
            Transport::Udp => {
                let socket = self.udp.towards(addr.ip(), self.ways.to(addr.ip()))?;
                Some(Origin::udp(socket, addr))
            }
            Transport::Tcp | Transport::Tls => None,
        }
    }

    /// The connection of that way is open.
    pub(crate) fn is_live(&self, origin: Origin) -> bool {
        origin.connection.is_some()
    }

    /// Waits for the next datagram; meanwhile sends what waits.
    pub(crate) async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<(Origin, usize)> {
        std::future::poll_fn(|context| self.udp.poll_receive(context, buffer)).await
    }

    /// A datagram that is already there.
    pub(crate) fn try_receive(&mut self, buffer: &mut [u8]) -> Option<(Origin, usize)> {
        self.udp.try_receive(buffer)
    }

    /// Sends at once, or as soon as there is room.
    ///
    /// # Errors
    /// What the system says of a message that can never be sent.
    pub(crate) fn send(&mut self, origin: Origin, bytes: Bytes) -> io::Result<()> {
        #[cfg(test)]
        if let Some(sent) = &mut self.captured {
            sent.push_back((origin, bytes));
            return Ok(());
        }
        match origin.transport {
            Transport::Udp => self.udp.send(origin.socket, bytes, origin.source),
            Transport::Tcp | Transport::Tls => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

/// IPv4 is never written as IPv6; an IPv6 address keeps its scope.
fn canonical(addr: SocketAddr) -> SocketAddr {
    match addr.ip().to_canonical() {
        ip @ std::net::IpAddr::V4(_) => SocketAddr::new(ip, addr.port()),
        std::net::IpAddr::V6(_) => addr,
    }
}
