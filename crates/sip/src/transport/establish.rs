//! From a socket to a connection that stands.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};

use super::canonical;
use super::connection::{Connection, End, Event};
use crate::Transport;
use crate::tls::Tls;

/// Silence after which the system asks whether the peer is there, and how often.
const ASK_AFTER: Duration = Duration::from_secs(60);
const ASK_EVERY: Duration = Duration::from_secs(10);
const ASK: u32 = 3;
/// What was sent and is not acknowledged for so many milliseconds breaks it:
/// the system's own quarter of an hour is longer than any call waits.
const UNACKNOWLEDGED: u32 = 30_000;

/// A socket that has its address before it is connected, for the Via of what is
/// sent first.
pub(super) fn socket(
    peer: SocketAddr,
    from: Option<IpAddr>,
) -> io::Result<(TcpSocket, SocketAddr)> {
    let socket = if peer.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.bind(match (from, peer) {
        (Some(IpAddr::V6(ip)), SocketAddr::V6(peer)) => {
            SocketAddrV6::new(ip, 0, 0, peer.scope_id()).into()
        }
        (Some(ip @ IpAddr::V4(_)), SocketAddr::V4(_)) => SocketAddr::new(ip, 0),
        (_, SocketAddr::V4(_)) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        (_, SocketAddr::V6(_)) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    })?;
    let local = canonical(socket.local_addr()?);
    Ok((socket, local))
}

/// Serves a stream that came, after the TLS handshake where it is one of TLS.
pub(super) async fn accept(connection: Connection, stream: TcpStream, tls: Arc<Tls>) -> End {
    tune(&stream);
    if connection.origin.transport == Transport::Tcp {
        return connection.serve(stream).await;
    }
    match timeout(connection.timings.handshake, tls.accept(stream)).await {
        Ok(Ok((stream, names))) => {
            let opened = Event::Opened(connection.id, names);
            let _closing = connection.events.send(opened).await;
            connection.serve(stream).await
        }
        Ok(Err(error)) => {
            let source = connection.origin.source.ip();
            // Who looks whether the port is open closes without a word.
            if error.kind() == ErrorKind::UnexpectedEof {
                tracing::debug!(%source, "a TLS handshake was broken off");
            } else {
                tracing::info!(%source, %error, "a TLS handshake failed");
            }
            End::Handshake
        }
        Err(_) => End::Handshake,
    }
}

/// Connects, and serves the stream.
pub(super) async fn open(
    connection: Connection,
    socket: TcpSocket,
    tls: Arc<Tls>,
    name: Option<Arc<str>>,
) -> End {
    let peer = connection.origin.source;
    let deadline = Instant::now() + connection.timings.handshake;
    let stream = match timeout_at(deadline, socket.connect(peer)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(%error, "a peer cannot be connected to");
            return End::Unreachable;
        }
        Err(_) => return End::Unreachable,
    };
    tune(&stream);
    if connection.origin.transport == Transport::Tcp {
        return connection.serve(stream).await;
    }
    match timeout_at(deadline, tls.connect(stream, name.as_deref(), peer.ip())).await {
        Ok(Ok((stream, names))) => {
            let opened = Event::Opened(connection.id, names);
            let _closing = connection.events.send(opened).await;
            connection.serve(stream).await
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "a TLS connection to a peer failed");
            End::Handshake
        }
        Err(_) => End::Handshake,
    }
}

/// A message is not kept waiting for a fuller packet, and a peer that is gone
/// is noticed.
fn tune(stream: &TcpStream) {
    let tuned = || -> rustix::io::Result<()> {
        sockopt::set_tcp_nodelay(stream, true)?;
        sockopt::set_socket_keepalive(stream, true)?;
        sockopt::set_tcp_keepidle(stream, ASK_AFTER)?;
        sockopt::set_tcp_keepintvl(stream, ASK_EVERY)?;
        sockopt::set_tcp_keepcnt(stream, ASK)?;
        sockopt::set_tcp_user_timeout(stream, UNACKNOWLEDGED)
    };
    if let Err(error) = tuned() {
        tracing::debug!(%error, "a connection keeps the system's own limits");
    }
}
