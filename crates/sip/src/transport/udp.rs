//! The UDP sockets of an endpoint.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

use super::{Origin, canonical};

/// Datagrams that wait for room in a socket's buffer; more are dropped, as the
/// network would do, and the transactions send again.
const BACKLOG: usize = 4096;
/// Room for datagrams that come while we are busy, in bytes; the system may
/// give less. Its own choice holds about 90 requests, a twentieth of a second.
const RECEIVE_BUFFER: usize = 4 << 20;

/// All of them.
#[derive(Debug, Default)]
pub(super) struct UdpSockets {
    listeners: Vec<Listener>,
    backlog: VecDeque<(usize, Bytes, SocketAddr)>,
    /// Which socket is asked first, so that a busy one starves no other.
    turn: usize,
}

#[derive(Debug)]
struct Listener {
    socket: UdpSocket,
    local: SocketAddr,
}

impl UdpSockets {
    /// Binds one more and says which address it became.
    pub(super) async fn bind(&mut self, addr: SocketAddr) -> io::Result<SocketAddr> {
        let socket = UdpSocket::bind(addr).await?;
        if let Err(error) = set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER) {
            tracing::debug!(%error, "the receive buffer keeps its size");
        }
        // The first send is then not kept waiting for the driver.
        socket.writable().await?;
        let local = socket.local_addr()?;
        self.listeners.push(Listener { socket, local });
        Ok(local)
    }

    fn local_addrs(&self) -> impl Iterator<Item = SocketAddr> + Clone {
        self.listeners.iter().map(|listener| listener.local)
    }

    /// The address of one socket as it was bound.
    pub(super) fn local(&self, socket: usize) -> Option<SocketAddr> {
        self.listeners.get(socket).map(|listener| listener.local)
    }

    /// The next datagram; meanwhile sends what waits.
    pub(super) fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(Origin, usize)>> {
        let _: Poll<()> = self.poll_flush(context);
        let count = self.listeners.len();
        for step in 0..count {
            let index = (self.turn + step) % count;
            let Some(listener) = self.listeners.get(index) else { continue };
            let mut read = ReadBuf::new(buffer);
            if let Poll::Ready(result) = listener.socket.poll_recv_from(context, &mut read) {
                self.turn = index + 1;
                let length = read.filled().len();
                let origin = |source| Origin::udp(index, canonical(source));
                return Poll::Ready(result.map(|source| (origin(source), length)));
            }
        }
        Poll::Pending
    }

    /// A datagram that is already there.
    pub(super) fn try_receive(&mut self, buffer: &mut [u8]) -> Option<(Origin, usize)> {
        let count = self.listeners.len();
        for step in 0..count {
            let index = (self.turn + step) % count;
            let Some(listener) = self.listeners.get(index) else { continue };
            if let Ok((length, source)) = listener.socket.try_recv_from(buffer) {
                self.turn = index + 1;
                return Some((Origin::udp(index, canonical(source)), length));
            }
        }
        None
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
    /// the very address that the system would use (`way`) before one bound to all.
    pub(super) fn towards(&self, peer: IpAddr, way: Option<IpAddr>) -> Option<usize> {
        best(self.local_addrs(), peer, way)
    }
}

/// Which of these addresses of ours suits that peer best.
pub(super) fn best(
    ours: impl Iterator<Item = SocketAddr> + Clone,
    peer: IpAddr,
    way: Option<IpAddr>,
) -> Option<usize> {
    let fits = |wanted: &dyn Fn(IpAddr) -> bool| ours.clone().position(|local| wanted(local.ip()));
    fits(&|ip| Some(ip) == way)
        .or_else(|| fits(&|ip| ip.is_unspecified() && ip.is_ipv4() == peer.is_ipv4()))
        .or_else(|| fits(&|ip| ip.is_ipv4() == peer.is_ipv4()))
        .or_else(|| fits(&|ip| ip.is_unspecified() && ip.is_ipv6()))
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
