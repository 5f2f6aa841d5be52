//! Where connections come to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::canonical;
use super::udp::best;
use crate::{Hop, Transport};

/// Until the next try where the system cannot accept: it has no files left.
const AGAIN: Duration = Duration::from_millis(100);
/// All that are listened on.
#[derive(Debug)]
pub(super) struct Listeners {
    bound: Vec<Hop>,
    hand_over: mpsc::Sender<Accepted>,
    accepted: mpsc::Receiver<Accepted>,
    tasks: JoinSet<()>,
}

/// A stream that came to a listener.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) listener: usize,
    pub(super) stream: TcpStream,
    pub(super) source: SocketAddr,
}

impl Listeners {
    pub(super) fn new() -> Self {
        // What is not taken yet waits in the system's own queues.
        let (hand_over, accepted) = mpsc::channel(1);
        Self { bound: Vec::new(), hand_over, accepted, tasks: JoinSet::new() }
    }

    /// Listens on one more address and says which it became.
    pub(super) async fn bind(&mut self, hop: Hop) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(hop.addr).await?;
        let addr = listener.local_addr()?;
        self.tasks.spawn(listen(listener, self.bound.len(), self.hand_over.clone()));
        self.bound.push(Hop { addr, ..hop });
        Ok(addr)
    }

    /// One of them, as it was bound.
    pub(super) fn hop(&self, index: usize) -> Option<Hop> {
        self.bound.get(index).copied()
    }

    /// The one of that transport which suits that peer best.
    pub(super) fn best(
        &self,
        transport: Transport,
        peer: IpAddr,
        way: Option<IpAddr>,
    ) -> Option<(usize, SocketAddr)> {
        let of_kind = self.bound.iter().enumerate();
        let mut of_kind = of_kind.filter(|(_, hop)| hop.transport == transport);
        let at = best(of_kind.clone().map(|(_, hop)| hop.addr), peer, way)?;
        of_kind.nth(at).map(|(index, hop)| (index, hop.addr))
    }

    /// The next stream that came.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Accepted>> {
        self.accepted.poll_recv(context)
    }

    /// Closes all of them.
    pub(super) async fn shut(&mut self) {
        self.tasks.shutdown().await;
    }
}

/// Hands over what comes to a listener, for as long as somebody takes it. One
/// stream waits here at most, what comes behind it in the system's queue; a place
/// kept in advance would keep the other listeners from theirs.
async fn listen(listener: TcpListener, index: usize, accepted: mpsc::Sender<Accepted>) {
    loop {
        match listener.accept().await {
            Ok((stream, source)) => {
                let stream = Accepted { listener: index, stream, source: canonical(source) };
                if accepted.send(stream).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}
