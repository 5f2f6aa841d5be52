//! Every connection that stands or is being opened, and who may have one.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use super::census::Census;
use super::connection::{Connection, End, Event, Role};
use super::establish::{accept, open};
use super::limits::{EVENTS, Timings};
use super::listeners::{Accepted, Listeners};
use super::queue::{Queue, queue};
use super::{ConnectionId, Origin};
use crate::endpoint::Counters;
use crate::tls::Tls;
use crate::{Hop, Network, Transport};

/// The connections of an endpoint, in and out.
#[derive(Debug)]
pub(super) struct Streams {
    listeners: Listeners,
    admitted: Vec<Network>,
    tls: Arc<Tls>,
    timings: Timings,
    counters: Arc<Counters>,
    known: HashMap<ConnectionId, Known>,
    by_peer: HashMap<Hop, Vec<ConnectionId>>,
    census: Census,
    /// Names by which TLS peers were last reached, for when they are again.
    names: HashMap<SocketAddr, Arc<str>>,
    /// Closed by us for what they did; the endpoint's task hears of it later.
    failed: VecDeque<ConnectionId>,
    last: u64,
    to_us: mpsc::Sender<Event>,
    from_connections: mpsc::Receiver<Event>,
    tasks: JoinSet<()>,
}

/// What the endpoint's task keeps of a connection.
#[derive(Debug)]
struct Known {
    origin: Origin,
    local: SocketAddr,
    role: Role,
    queue: Queue,
    /// Whom the peer has proved to be (RFC 5922 §7.1).
    certificate: Vec<String>,
    /// Whom we wanted to reach; it was compared with the certificate.
    reached: Option<Arc<str>>,
    task: AbortHandle,
}

/// What came of connections.
#[derive(Debug)]
pub(crate) enum StreamEvent {
    /// One message.
    Message(Origin, Bytes),
    /// A stream that cannot be read any further; it waits to be closed.
    Broken(Origin, super::Broken),
    /// Nothing was heard for long. Close it, where nothing is expected of it.
    Idle(ConnectionId),
    /// It is gone, or could not be opened: requests on it have failed.
    Failed(ConnectionId),
    /// Somebody outside the peers' networks got no connection.
    Refused(Origin),
}

impl Streams {
    pub(super) fn new(
        admitted: Vec<Network>,
        tls: Arc<Tls>,
        timings: Timings,
        counters: Arc<Counters>,
    ) -> Self {
        let (to_us, from_connections) = mpsc::channel(EVENTS);
        Self {
            listeners: Listeners::new(),
            admitted,
            tls,
            timings,
            counters,
            known: HashMap::new(),
            by_peer: HashMap::new(),
            census: Census::default(),
            names: HashMap::new(),
            failed: VecDeque::new(),
            last: 0,
            to_us,
            from_connections,
            tasks: JoinSet::new(),
        }
    }

    /// Listens on one more address and says which it became.
    pub(super) async fn bind(&mut self, hop: Hop) -> io::Result<SocketAddr> {
        self.listeners.bind(hop).await
    }

    /// Our end of that way.
    pub(super) fn local(&self, origin: Origin) -> Option<SocketAddr> {
        let known = origin.connection.and_then(|id| self.known.get(&id));
        let listener = || self.listeners.hop(origin.socket).map(|hop| hop.addr);
        known.map(|known| known.local).or_else(listener)
    }

    /// The listener of that transport which suits that peer best.
    pub(super) fn listener(
        &self,
        transport: Transport,
        peer: IpAddr,
        way: Option<IpAddr>,
    ) -> Option<(usize, SocketAddr)> {
        self.listeners.best(transport, peer, way)
    }

    pub(super) fn is_live(&self, id: ConnectionId) -> bool {
        self.known.get(&id).is_some_and(|known| !known.queue.is_closed())
    }

    pub(super) fn certificate_names(&self, id: ConnectionId) -> &[String] {
        self.known.get(&id).map_or(&[], |known| &known.certificate)
    }

    /// The connection to that peer, opened where there is none. `name`: whom its
    /// certificate has to name.
    pub(super) fn towards(
        &mut self,
        hop: Hop,
        name: Option<&str>,
        way: Option<IpAddr>,
    ) -> Option<Origin> {
        let name = match name {
            Some(name) => Some(Arc::from(name.to_ascii_lowercase())),
            None => self.names.get(&hop.addr).cloned(),
        };
        self.reusable(hop, name.as_deref()).or_else(|| self.open(hop, name, way))
    }

    /// A connection that stands, by whoever it was opened (RFC 5923). One of TLS
    /// only where the peer is known to be who is meant.
    fn reusable(&self, hop: Hop, name: Option<&str>) -> Option<Origin> {
        let ids = self.by_peer.get(&hop)?;
        let fits = |known: &&Known| match (hop.transport, name) {
            _ if known.role == Role::Stranger || known.queue.is_closed() => false,
            (Transport::Tls, Some(name)) => {
                known.reached.as_deref() == Some(name)
                    || known.certificate.iter().any(|known| known.eq_ignore_ascii_case(name))
            }
            _ => true,
        };
        let known = ids.iter().rev().filter_map(|id| self.known.get(id));
        known.clone().find(fits).map(|known| known.origin)
    }

    fn open(&mut self, hop: Hop, name: Option<Arc<str>>, way: Option<IpAddr>) -> Option<Origin> {
        if let Some(reason) = self.census.refusal(Role::Opened, hop.transport, hop.addr.ip()) {
            tracing::warn!(reason, "no further connection is opened");
            return None;
        }
        let listener = self.listener(hop.transport, hop.addr.ip(), way);
        let from = listener.map(|(_, addr)| addr.ip()).filter(|ip| !ip.is_unspecified()).or(way);
        let (socket, local) = super::establish::socket(hop.addr, from)
            .inspect_err(|error| tracing::debug!(%error, "no connection can be opened"))
            .ok()?;
        if let Some(name) = &name {
            if self.names.len() >= super::ways::KNOWN {
                self.names.clear();
            }
            self.names.insert(hop.addr, name.clone());
        }
        let (transport, source) = (hop.transport, hop.addr);
        let origin = Origin {
            socket: listener.map_or(usize::MAX, |(index, _)| index),
            source,
            transport,
            connection: Some(self.next_id()),
        };
        let tls = self.tls.clone();
        let wanted = name.clone();
        self.start(origin, local, Role::Opened, name, move |connection| {
            open(connection, socket, tls, wanted)
        });
        Some(origin)
    }

    fn next_id(&mut self) -> ConnectionId {
        self.last += 1;
        ConnectionId(self.last)
    }

    /// Takes a stream that came, or drops it at once.
    fn admit(&mut self, accepted: Accepted) -> Option<StreamEvent> {
        let Accepted { listener, stream, source } = accepted;
        let Hop { transport, .. } = self.listeners.hop(listener)?;
        let ip = source.ip();
        let is_peer = self.admitted.iter().any(|network| network.contains(ip));
        let role = if is_peer { Role::Accepted } else { Role::Stranger };
        let refused = self.census.refusal(role, transport, ip);
        let local = stream.local_addr().map(super::canonical);
        let (None, Ok(local)) = (refused, local) else {
            self.counters.connections_refused.add();
            tracing::debug!(reason = refused, "a connection is refused");
            let origin = Origin { socket: listener, source, transport, connection: None };
            return (!is_peer).then_some(StreamEvent::Refused(origin));
        };
        self.counters.connections_accepted.add();
        let connection = Some(self.next_id());
        let origin = Origin { socket: listener, source, transport, connection };
        let tls = self.tls.clone();
        self.start(origin, local, role, None, move |connection| accept(connection, stream, tls));
        None
    }

    fn start<F: Future<Output = End> + Send + 'static>(
        &mut self,
        origin: Origin,
        local: SocketAddr,
        role: Role,
        reached: Option<Arc<str>>,
        run: impl FnOnce(Connection) -> F,
    ) {
        let Some(id) = origin.connection else { return };
        let (queue, waiting) = queue();
        let events = self.to_us.clone();
        let running = run(Connection {
            origin,
            id,
            events: events.clone(),
            queue: waiting,
            timings: self.timings,
            role,
        });
        let task = self.tasks.spawn(async move {
            let end = running.await;
            let _closing = events.send(Event::Closed(id, end)).await;
        });
        let certificate = Vec::new();
        let known = Known { origin, local, role, queue, certificate, reached, task };
        self.known.insert(id, known);
        let hop = Hop { transport: origin.transport, addr: origin.source };
        self.by_peer.entry(hop).or_default().push(id);
        self.census.enter(role, origin.source.ip());
        self.count();
    }

    /// Forgets it; its task writes what waits and ends.
    pub(super) fn close(&mut self, id: ConnectionId) -> Option<AbortHandle> {
        let Known { origin, role, task, .. } = self.known.remove(&id)?;
        let hop = Hop { transport: origin.transport, addr: origin.source };
        if let Some(ids) = self.by_peer.get_mut(&hop) {
            ids.retain(|known| *known != id);
            if ids.is_empty() {
                self.by_peer.remove(&hop);
            }
        }
        self.census.leave(role, origin.source.ip());
        self.count();
        Some(task)
    }

    /// A stranger had its one answer.
    pub(super) fn close_stranger(&mut self, id: ConnectionId) {
        if self.known.get(&id).is_some_and(|known| known.role == Role::Stranger) {
            self.close(id);
        }
    }

    fn count(&self) {
        let open = u64::try_from(self.known.len()).unwrap_or(u64::MAX);
        self.counters.connections.set(open);
    }

    /// Puts a message into the queue of that connection, or of another one to
    /// the same address, and says which it was. A peer that leaves its queue
    /// full loses the connection.
    pub(super) fn send(
        &mut self,
        origin: Origin,
        bytes: Bytes,
        way: Option<IpAddr>,
    ) -> io::Result<Origin> {
        let hop = Hop { transport: origin.transport, addr: origin.source };
        let live = origin.connection.filter(|id| self.is_live(*id));
        let (id, taken) = match live {
            Some(id) => (id, origin),
            None => {
                let other = self.towards(hop, None, way).ok_or(io::ErrorKind::NotConnected)?;
                (other.connection.ok_or(io::ErrorKind::NotConnected)?, other)
            }
        };
        let known = self.known.get(&id).ok_or(io::ErrorKind::NotConnected)?;
        if known.queue.push(bytes) {
            return Ok(taken);
        }
        let source = hop.addr.ip();
        tracing::info!(%source, transport = %hop.transport, "a peer does not read; its connection is closed");
        if let Some(task) = self.close(id) {
            task.abort();
        }
        self.failed.push_back(id);
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    /// What happened, where it concerns the endpoint's task.
    pub(super) fn poll(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<StreamEvent> {
        use std::task::Poll;
        loop {
            if let Some(id) = self.failed.pop_front() {
                return Poll::Ready(StreamEvent::Failed(id));
            }
            // One of each in turn, so that neither starves the other.
            let mut quiet = true;
            if let Poll::Ready(Some(accepted)) = self.listeners.poll(context) {
                if let Some(event) = self.admit(accepted) {
                    return Poll::Ready(event);
                }
                quiet = false;
            }
            if let Poll::Ready(Some(event)) = self.from_connections.poll_recv(context) {
                if let Some(event) = self.take(event) {
                    return Poll::Ready(event);
                }
                quiet = false;
            }
            if quiet {
                return Poll::Pending;
            }
        }
    }

    /// The same of what happened already.
    pub(super) fn try_next(&mut self) -> Option<StreamEvent> {
        if let Some(id) = self.failed.pop_front() {
            return Some(StreamEvent::Failed(id));
        }
        while let Ok(event) = self.from_connections.try_recv() {
            if let Some(event) = self.take(event) {
                return Some(event);
            }
        }
        None
    }

    fn take(&mut self, event: Event) -> Option<StreamEvent> {
        match event {
            Event::Opened(id, names) => {
                if let Some(known) = self.known.get_mut(&id) {
                    known.certificate = names;
                }
                None
            }
            Event::Message(origin, bytes) => Some(StreamEvent::Message(origin, bytes)),
            Event::Broken(origin, broken) => Some(StreamEvent::Broken(origin, broken)),
            Event::Idle(id) => Some(StreamEvent::Idle(id)),
            Event::Closed(id, end) => {
                while self.tasks.try_join_next().is_some() {}
                if end == End::Handshake {
                    self.counters.tls_handshakes_failed.add();
                }
                tracing::debug!(?end, "a connection has ended");
                self.close(id).map(|_ended| StreamEvent::Failed(id))
            }
        }
    }

    /// Stops listening, lets every connection write what waits, and ends them.
    pub(super) async fn shut(mut self) {
        self.listeners.shut().await;
        self.known.clear();
        // Nobody reads what they would say.
        drop(self.from_connections);
        let patience = self.timings.linger * 2;
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        let _aborted = tokio::time::timeout(patience, ended).await;
        self.tasks.shutdown().await;
    }
}
