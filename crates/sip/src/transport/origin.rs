//! Where a message came from, which is also where one is sent to.

use std::net::SocketAddr;

use crate::Transport;

/// One connection, in or out; never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ConnectionId(pub(super) u64);

/// A peer, and the way between it and us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    /// Which of our listeners of that transport it is about.
    pub(crate) socket: usize,
    /// The peer.
    pub(crate) source: SocketAddr,
    /// How it speaks.
    pub(crate) transport: Transport,
    /// The connection; `None` for datagrams.
    pub(crate) connection: Option<ConnectionId>,
}

impl Origin {
    /// A datagram between one of our UDP sockets and a peer.
    pub(crate) const fn udp(socket: usize, source: SocketAddr) -> Origin {
        Origin { socket, source, transport: Transport::Udp, connection: None }
    }

    /// The same way with another address at its end.
    pub(crate) const fn with_source(self, source: SocketAddr) -> Origin {
        Origin { source, ..self }
    }
}

#[cfg(test)]
impl Origin {
    /// A connection with a peer.
    pub(crate) const fn stream(transport: Transport, source: SocketAddr, id: u64) -> Origin {
        Origin { socket: 0, source, transport, connection: Some(ConnectionId(id)) }
    }
}
