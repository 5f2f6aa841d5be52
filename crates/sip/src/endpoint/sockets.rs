//! The UDP sockets of an endpoint, and which of our addresses reaches whom.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

use crate::{Hop, Transport};

/// Datagrams that wait for room in a socket's buffer; more are dropped, as the
/// network would do, and the transactions send again.
const BACKLOG: usize = 4096;
/// Room for datagrams that come while we are busy, in bytes; the system may
/// give less. Its own choice holds about 90 requests, a twentieth of a second.
const RECEIVE_BUFFER: usize = 4 << 20;
/// Peers whose way was looked up and is remembered.
const KNOWN_WAYS: usize = 4096;

/// All sockets. Addresses of peers are always canonical: IPv4 is never written
/// as IPv6, whatever the socket.
#[derive(Debug)]
pub(super) struct Sockets {
    listeners: Vec<Listener>,
    backlog: VecDeque<(usize, Bytes, SocketAddr)>,
    /// Which socket is asked first, so that a busy one starves no other.
    turn: usize,
    ways: HashMap<IpAddr, IpAddr>,
}

#[derive(Debug)]
struct Listener {
    socket: UdpSocket,
    local: SocketAddr,
}

/// Where a datagram came from and to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    /// Which of our sockets it came to.
    pub(super) socket: usize,
    /// The peer.
    pub(super) source: SocketAddr,
}

impl Sockets {
    /// Binds every address, or says which one could not be bound.
    pub(super) async fn bind(hops: &[Hop]) -> Result<Self, (Hop, io::Error)> {
        let mut listeners = Vec::with_capacity(hops.len());
        for hop in hops {
            let bound = async {
                if hop.transport != Transport::Udp {
                    return Err(io::ErrorKind::Unsupported.into());
                }
                let socket = UdpSocket::bind(hop.addr).await?;
                if let Err(error) = set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER) {
                    tracing::debug!(%error, "the receive buffer keeps its size");
                }
                // The first send is then not kept waiting for the driver.
                socket.writable().await?;
                let local = socket.local_addr()?;
                Ok(Listener { socket, local })
            };
            listeners.push(bound.await.map_err(|error| (*hop, error))?);
        }
        Ok(Self { listeners, backlog: VecDeque::new(), turn: 0, ways: HashMap::new() })
    }

    pub(super) fn local_addrs(&self) -> Vec<Hop> {
        self.listeners.iter().map(|listener| Hop::udp(listener.local)).collect()
    }

    /// The address of one socket as it was bound.
    pub(super) fn local(&self, socket: usize) -> SocketAddr {
        let unknown = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        self.listeners.get(socket).map_or(unknown, |listener| listener.local)
    }

    /// Waits for the next datagram; meanwhile sends what waits.
    pub(super) async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<(Origin, usize)> {
        std::future::poll_fn(|context| {
            self.poll_backlog(context);
            self.poll_receive(context, buffer)
        })
        .await
    }

    /// A datagram that is already there.
    pub(super) fn try_receive(&mut self, buffer: &mut [u8]) -> Option<(Origin, usize)> {
        let count = self.listeners.len();
        for step in 0..count {
            let index = (self.turn + step) % count;
            let Some(listener) = self.listeners.get(index) else { continue };
            if let Ok((length, source)) = listener.socket.try_recv_from(buffer) {
                self.turn = index + 1;
                return Some((Origin { socket: index, source: canonical(source) }, length));
            }
        }
        None
    }

    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(Origin, usize)>> {
        let count = self.listeners.len();
        for step in 0..count {
            let index = (self.turn + step) % count;
            let Some(listener) = self.listeners.get(index) else { continue };
            let mut read = ReadBuf::new(buffer);
            if let Poll::Ready(result) = listener.socket.poll_recv_from(context, &mut read) {
                self.turn = index + 1;
                let length = read.filled().len();
                let origin = |source| Origin { socket: index, source: canonical(source) };
                return Poll::Ready(result.map(|source| (origin(source), length)));
            }
        }
        Poll::Pending
    }

    fn poll_backlog(&mut self, context: &mut Context<'_>) {
        let _: Poll<()> = self.poll_flush(context);
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Some((socket, bytes, to)) = self.backlog.front() {
            if let Some(listener) = self.listeners.get(*socket) {
                let to = listener.reachable(*to);
                if let Err(error) = ready!(listener.socket.poll_send_to(context, bytes, to)) {
                    tracing::debug!(%error, "a delayed SIP message could not be sent");
                }
            }
            self.backlog.pop_front();
        }
        Poll::Ready(())
    }

    /// Sends at once, or as soon as there is room.
    ///
    /// # Errors
    /// What the system says of a datagram that can never be sent.
    pub(super) fn send(&mut self, socket: usize, bytes: Bytes, to: SocketAddr) -> io::Result<()> {
        let listener = self.listeners.get(socket).ok_or(io::ErrorKind::NotConnected)?;
        if self.backlog.is_empty() {
            match listener.socket.try_send_to(&bytes, listener.reachable(to)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done.map(|_| ()),
            }
        }
        if self.backlog.len() < BACKLOG {
            self.backlog.push_back((socket, bytes, to));
        }
        Ok(())
    }

    /// The socket by which a peer is reached: one of its family, and one bound to
    /// the very address that the system would use before one bound to all.
    pub(super) fn towards(&mut self, peer: SocketAddr) -> Option<usize> {
        let way = self.way_to(peer.ip());
        let fits = |wanted: &dyn Fn(IpAddr) -> bool| {
            self.listeners.iter().position(|listener| wanted(listener.local.ip()))
        };
        fits(&|ip| Some(ip) == way)
            .or_else(|| fits(&|ip| ip.is_unspecified() && ip.is_ipv4() == peer.is_ipv4()))
            .or_else(|| fits(&|ip| ip.is_ipv4() == peer.is_ipv4()))
            .or_else(|| fits(&|ip| ip.is_unspecified() && ip.is_ipv6()))
    }

    /// The address and port of ours that a peer can answer to.
    pub(super) fn reply_addr(&mut self, socket: usize, peer: IpAddr) -> SocketAddr {
        let local = self.local(socket);
        if !local.ip().is_unspecified() {
            return local;
        }
        SocketAddr::new(self.way_to(peer).unwrap_or(local.ip()), local.port())
    }

    /// The address that the system would send from to reach this peer. Connecting
    /// a UDP socket asks the routing table and sends nothing.
    fn way_to(&mut self, peer: IpAddr) -> Option<IpAddr> {
        if let Some(known) = self.ways.get(&peer) {
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
        if self.ways.len() >= KNOWN_WAYS {
            self.ways.clear();
        }
        self.ways.insert(peer, way);
        Some(way)
    }
}

impl Listener {
    /// A socket of IPv6 reaches IPv4 by mapped addresses.
    fn reachable(&self, to: SocketAddr) -> SocketAddr {
        match (self.local.ip(), to.ip()) {
            (IpAddr::V6(_), IpAddr::V4(ip)) => {
                SocketAddr::new(ip.to_ipv6_mapped().into(), to.port())
            }
            _ => to,
        }
    }
}

fn canonical(addr: SocketAddr) -> SocketAddr {
    match addr.ip().to_canonical() {
        ip @ IpAddr::V4(_) => SocketAddr::new(ip, addr.port()),
        // An IPv6 address keeps its scope.
        IpAddr::V6(_) => addr,
    }
}
