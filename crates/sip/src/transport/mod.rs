//! Transports (RFC 3261 §18): what messages come by and are sent by.
//!
//! The endpoint's task owns [`Transports`] and never waits for a peer: a datagram
//! is sent or dropped, a message for a stream goes into the bounded queue of its
//! connection. Each connection has a small task, which cuts frames and writes its
//! queue; what they read comes through one bounded channel, so that a task that
//! does not keep up slows the peers down.

mod census;
mod connection;
mod establish;
mod framing;
mod keep_alive;
mod limits;
mod listeners;
mod origin;
mod queue;
mod streams;
mod udp;
mod ways;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;

pub(crate) use framing::Broken;
#[cfg(test)]
pub(crate) use framing::{Frame, Framer};
pub(crate) use limits::Timings;
pub(crate) use origin::{ConnectionId, Origin};
pub(crate) use streams::StreamEvent;

use crate::endpoint::Counters;
use crate::tls::Tls;
use crate::{Hop, Network, Transport};
use streams::Streams;
use udp::UdpSockets;
use ways::Ways;

/// Everything that messages come by. Addresses of peers are always canonical:
/// IPv4 is never written as IPv6, whatever the socket.
#[derive(Debug)]
pub(crate) struct Transports {
    udp: UdpSockets,
    streams: Streams,
    /// In the order of the configuration.
    bound: Vec<Hop>,
    ways: Ways,
    /// Datagrams are looked at before streams, next time.
    datagrams_first: bool,
    #[cfg(test)]
    captured: Option<std::collections::VecDeque<(Origin, Bytes)>>,
}

/// Something came.
#[derive(Debug)]
pub(crate) enum Received {
    /// A datagram of that length.
    Datagram(Origin, usize),
    /// Something of a connection.
    Stream(StreamEvent),
}

impl Transports {
    /// No socket yet. Connections are taken from the `admitted` networks.
    pub(crate) fn new(
        admitted: Vec<Network>,
        tls: Arc<Tls>,
        timings: Timings,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            udp: UdpSockets::default(),
            streams: Streams::new(admitted, tls, timings, counters),
            bound: Vec::new(),
            ways: Ways::default(),
            datagrams_first: false,
            #[cfg(test)]
            captured: None,
        }
    }

    /// Listens on one more address.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) async fn bind(&mut self, hop: Hop) -> io::Result<()> {
        let addr = match hop.transport {
            Transport::Udp => self.udp.bind(hop.addr).await?,
            Transport::Tcp | Transport::Tls => self.streams.bind(hop).await?,
        };
        self.bound.push(Hop { addr, ..hop });
        Ok(())
    }

    /// No socket at all: [`Self::sent`] has what would have gone out, and the
    /// address of ours is 192.0.2.1:5060, whatever the transport.
    #[cfg(test)]
    pub(crate) fn captured() -> Self {
        let tls = Tls::read(crate::TlsFiles::default(), None).unwrap();
        let mut transports =
            Self::new(Vec::new(), tls, Timings::default(), Arc::new(Counters::default()));
        transports.captured = Some(std::collections::VecDeque::new());
        transports
    }

    /// What a captured one has sent and nobody has taken yet.
    #[cfg(test)]
    pub(crate) fn sent(&mut self) -> &mut std::collections::VecDeque<(Origin, Bytes)> {
        self.captured.get_or_insert_default()
    }

    /// The addresses bound, in the order of the configuration.
    pub(crate) fn local_addrs(&self) -> &[Hop] {
        &self.bound
    }

    /// Our end of that way: of a connection the very address, of datagrams the
    /// address as it was bound.
    pub(crate) fn local(&self, origin: Origin) -> SocketAddr {
        #[cfg(test)]
        if self.captured.is_some() {
            return SocketAddr::from(([192, 0, 2, 1], 5060));
        }
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        match origin.transport {
            Transport::Udp => self.udp.local(origin.socket).unwrap_or(unknown),
            Transport::Tcp | Transport::Tls => self.streams.local(origin).unwrap_or(unknown),
        }
    }

    /// The address and port of ours that the peer at the other end can reach: of
    /// streams where we listen, or where we do not, our end of the connection.
    pub(crate) fn reply_addr(&mut self, origin: Origin) -> SocketAddr {
        let local = self.local(origin);
        #[cfg(test)]
        if self.captured.is_some() {
            return local;
        }
        let ip = origin.source.ip();
        let listener = match origin.transport {
            Transport::Udp => local,
            stream => {
                let way = Some(local.ip()).filter(|ip| !ip.is_unspecified());
                let way = way.or_else(|| self.ways.to(ip));
                self.streams.listener(stream, ip, way).map_or(local, |(_, addr)| addr)
            }
        };
        if !listener.ip().is_unspecified() {
            return listener;
        }
        let known = Some(local.ip()).filter(|ip| !ip.is_unspecified());
        let ip = known.or_else(|| self.ways.to(ip)).unwrap_or(listener.ip());
        SocketAddr::new(ip, listener.port())
    }

    /// The address of ours from which that one is reached, by no transport in
    /// particular; `None`: it is out of reach.
    pub(crate) fn way_to(&mut self, ip: std::net::IpAddr) -> Option<std::net::IpAddr> {
        self.ways.to(ip)
    }

    /// The way to a peer, with a connection opened where there is none to reuse;
    /// `None`: nothing of ours reaches it. `name`: the domain that the peer's TLS
    /// certificate has to name; without it the one it was last reached by, or
    /// its address. That a connection fails comes as [`StreamEvent::Failed`].
    pub(crate) fn towards(&mut self, hop: Hop, name: Option<&str>) -> Option<Origin> {
        let Hop { transport, addr } = hop;
        #[cfg(test)]
        if self.captured.is_some() {
            return Some(Origin { socket: 0, source: addr, transport, connection: None });
        }
        let way = self.ways.to(addr.ip());
        match transport {
            Transport::Udp => {
                let socket = self.udp.towards(addr.ip(), way)?;
                Some(Origin::udp(socket, addr))
            }
            Transport::Tcp | Transport::Tls => self.streams.towards(hop, name, way),
        }
    }

    /// The connection of that way is open, or is being opened.
    pub(crate) fn is_live(&self, origin: Origin) -> bool {
        origin.connection.is_some_and(|id| self.streams.is_live(id))
    }

    /// The domains that the peer of a connection has proved by its certificate
    /// (RFC 5922 §7.1), in small letters; empty without one.
    pub(crate) fn certificate_names(&self, connection: ConnectionId) -> &[String] {
        self.streams.certificate_names(connection)
    }

    /// Writes what waits for a connection and ends it.
    pub(crate) fn close(&mut self, connection: ConnectionId) {
        self.streams.close(connection);
    }

    /// The one request of somebody outside the peers' networks is answered.
    pub(crate) fn close_stranger(&mut self, origin: Origin) {
        if let Some(connection) = origin.connection {
            self.streams.close_stranger(connection);
        }
    }

    /// Waits for what comes next; meanwhile sends the datagrams that wait.
    pub(crate) async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        std::future::poll_fn(|context| {
            self.datagrams_first = !self.datagrams_first;
            if self.datagrams_first {
                let datagram = self.udp.poll_receive(context, buffer);
                if let Poll::Ready(received) = datagram {
                    return Poll::Ready(
                        received.map(|(from, length)| Received::Datagram(from, length)),
                    );
                }
                return self.streams.poll(context).map(|event| Ok(Received::Stream(event)));
            }
            if let Poll::Ready(event) = self.streams.poll(context) {
                return Poll::Ready(Ok(Received::Stream(event)));
            }
            let datagram = self.udp.poll_receive(context, buffer);
            datagram.map_ok(|(from, length)| Received::Datagram(from, length))
        })
        .await
    }

    /// What has come already.
    pub(crate) fn try_receive(&mut self, buffer: &mut [u8]) -> Option<Received> {
        self.datagrams_first = !self.datagrams_first;
        if !self.datagrams_first
            && let Some(event) = self.streams.try_next()
        {
            return Some(Received::Stream(event));
        }
        if let Some((from, length)) = self.udp.try_receive(buffer) {
            return Some(Received::Datagram(from, length));
        }
        self.streams.try_next().map(Received::Stream)
    }

    /// Sends at once, or as soon as there is room, and says by which way: where
    /// a connection is gone, another one to the same address, old or new.
    ///
    /// # Errors
    /// The message can never be sent.
    pub(crate) fn send(&mut self, origin: Origin, bytes: Bytes) -> io::Result<Origin> {
        #[cfg(test)]
        if let Some(sent) = &mut self.captured {
            sent.push_back((origin, bytes));
            return Ok(origin);
        }
        match origin.transport {
            Transport::Udp => {
                self.udp.send(origin.socket, bytes, origin.source)?;
                Ok(origin)
            }
            Transport::Tcp | Transport::Tls => {
                let way = self.ways.to(origin.source.ip());
                self.streams.send(origin, bytes, way)
            }
        }
    }

    /// Closes all sockets; connections write what waits first.
    pub(crate) async fn shut(self) {
        drop(self.udp);
        self.streams.shut().await;
    }
}

/// IPv4 is never written as IPv6; an IPv6 address keeps its scope.
fn canonical(addr: SocketAddr) -> SocketAddr {
    match addr.ip().to_canonical() {
        ip @ std::net::IpAddr::V4(_) => SocketAddr::new(ip, addr.port()),
        std::net::IpAddr::V6(_) => addr,
    }
}

#[cfg(test)]
mod tests;
