//! The endpoint: one task that owns the sockets, the transactions and the calls.
//! Handles send it commands and never wait for it.

mod admission;
mod answer;
mod arrival;
mod backlog;
mod call;
mod client_transactions;
mod command;
mod crowd;
mod draft;
mod ending;
mod extensions;
mod hops;
mod in_dialog;
mod incoming;
mod invite;
mod notify;
mod outbound;
mod outgoing;
mod peers;
mod pings;
mod placing;
mod proof;
mod refusals;
mod registering;
mod registration;
mod reinvite;
mod reliable;
mod reports;
mod requests;
mod sending;
mod server_transactions;
mod session_timer;
mod statistics;
mod stream_events;
mod tables;
mod task;
#[cfg(test)]
mod tests;
mod timers;
mod traced;
mod update;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

pub use answer::Answer;
pub use arrival::{
    Arrival, CallControl, IncomingCall, IncomingOptions, IncomingReport, Invitation, Responder,
    Signal,
};
pub use crowd::Door;
pub use notify::MessageWaiting;
pub use outgoing::{
    OutgoingCall, OutgoingControl, OutgoingInfo, OutgoingInvite, Progress, RequestError,
};
pub use registration::{Registration, RegistrationHandle, RegistrationState};
pub(crate) use statistics::Counters;
pub use statistics::{Requests, Responses, Statistics};

use command::{Command, Commands, Placing};
use peers::PeerCounts;
use task::Task;

use crate::dialog::Tag;
use crate::tls::{Tls, watch};
use crate::trace::{Store, Traced};
use crate::transport::{Timings, Transports};
use crate::{Hop, Peer, PeerState, Strangers, TlsError, TlsFiles, Transport};

/// Arrivals that wait for the house; more are answered by 503.
const WAITING_ARRIVALS: usize = 4096;

/// What an endpoint has to know.
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: Vec<Hop>,
    /// Certificates; needed where `listen` has TLS or peers are reached by it.
    pub tls: TlsFiles,
    /// Who may send requests; the first that fits counts.
    pub peers: Vec<Peer>,
    /// What everybody else hears.
    pub strangers: Strangers,
    /// Value of Server and User-Agent.
    pub server: String,
    /// Memory for the messages that [`Endpoint::trace`] shows, in bytes; 0: none.
    pub trace_bytes: usize,
    /// The session interval that we ask for (RFC 4028), at least 90 s: in calls of
    /// our own, and of a caller that knows session timers and asks for none.
    pub session_expires: Duration,
    /// Where TLS handshakes are computed, each of which takes as long as several
    /// calls; `None`: in the runtime that the endpoint is bound in.
    pub handshakes: Option<Handle>,
}

impl EndpointConfig {
    /// Half an hour, as RFC 4028 §4 recommends.
    pub const SESSION_EXPIRES: Duration = Duration::from_secs(1800);
}

/// Why an endpoint could not be started.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// An address that could not be listened on.
    #[error("cannot listen on {hop}: {source}")]
    Address {
        /// As configured.
        hop: Hop,
        /// What the system says.
        source: io::Error,
    },
    /// TLS is to be listened on with nothing to show.
    #[error(
        "cannot listen on {0} without a certificate; give a certificate and its key for SIP's TLS"
    )]
    NoCertificate(Hop),
    /// The files of TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A handle to a running endpoint; cheap to clone. Once all handles and all
/// calls are dropped, the endpoint ends.
#[derive(Debug, Clone)]
pub struct Endpoint {
    commands: Commands,
    local_addrs: Arc<[Hop]>,
    counters: Arc<Counters>,
    traced: Arc<Store>,
    peers: Arc<PeerCounts>,
    tls: Arc<Tls>,
    door: Door,
}

impl Endpoint {
    /// Binds all sockets and starts the task that serves them. Needs to be called
    /// within a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// The first address that cannot be bound, or unusable files of TLS.
    pub async fn bind(
        config: EndpointConfig,
    ) -> Result<(Endpoint, mpsc::Receiver<Arrival>), BindError> {
        Self::bind_with(config, WAITING_ARRIVALS, Timings::default()).await
    }

    async fn bind_with(
        config: EndpointConfig,
        waiting: usize,
        timings: Timings,
    ) -> Result<(Endpoint, mpsc::Receiver<Arrival>), BindError> {
        let counters = Arc::new(Counters::default());
        let tls = Tls::read(config.tls.clone(), config.handshakes.clone())?;
        let admitted = config.peers.iter().flat_map(|peer| peer.networks.iter().copied());
        let (admitted, shared) = (admitted.collect(), counters.clone());
        let mut transports = Transports::new(admitted, tls.clone(), timings, shared);
        for hop in &config.listen {
            if hop.transport == Transport::Tls && !config.tls.can_listen() {
                return Err(BindError::NoCertificate(*hop));
            }
            let bound = transports.bind(*hop).await;
            bound.map_err(|source| BindError::Address { hop: *hop, source })?;
        }
        let local_addrs = transports.local_addrs().into();
        let (commands, orders) = mpsc::unbounded_channel();
        let (arrivals, arrived) = mpsc::channel(waiting);
        let weak = commands.downgrade();
        let task = Task::new(config, transports, counters.clone(), arrivals, weak);
        let (traced, peers) = (task.traced.clone(), task.peers.clone());
        let door = task.crowd.door.clone();
        tokio::spawn(watch(Arc::downgrade(&tls)));
        let endpoint = Endpoint { commands, local_addrs, counters, traced, peers, tls, door };
        tokio::spawn(task.run(orders));
        Ok((endpoint, arrived))
    }

    /// Reads the files of TLS anew; connections that stand are left alone. The
    /// endpoint does so by itself, too, half a minute after they have changed.
    ///
    /// # Errors
    /// What is wrong with them; the old certificate stays in use.
    pub fn reload_tls(&self) -> Result<(), TlsError> {
        self.tls.reload()
    }

    /// The bound addresses, in the order of the configuration.
    pub fn local_addrs(&self) -> Vec<Hop> {
        self.local_addrs.to_vec()
    }

    /// Places a call. On a closed endpoint its progress is empty.
    pub fn place(&self, invite: OutgoingInvite) -> OutgoingCall {
        let tag = Tag::random();
        let call_id = new_call_id();
        let (progress, told) = mpsc::unbounded_channel();
        let placing = Placing { tag, call_id: call_id.clone(), invite, progress };
        let _closed = self.commands.send(Command::Place(Box::new(placing)));
        let control = OutgoingControl::new(tag, self.commands.clone());
        OutgoingCall { progress: told, control, call_id }
    }

    /// Sends an INFO outside of a dialog and gives the status of the final
    /// response, whatever it is.
    ///
    /// # Errors
    /// No final response came, or the request could not be sent.
    pub async fn request_info(&self, info: OutgoingInfo) -> Result<u16, RequestError> {
        let (done, status) = oneshot::channel();
        let command = Command::Info(Box::new(info), done);
        self.commands.send(command).map_err(|_| RequestError::Closed)?;
        status.await.unwrap_or(Err(RequestError::Closed))
    }

    /// Tells a telephone or a phone system how many messages wait (RFC 3842), and
    /// gives the status of its final response, whatever it is.
    ///
    /// # Errors
    /// No final response came, or the request could not be sent.
    pub async fn notify_message_waiting(
        &self,
        waiting: MessageWaiting,
    ) -> Result<u16, RequestError> {
        let (done, status) = oneshot::channel();
        let command = Command::Notify(Box::new(waiting), done);
        self.commands.send(command).map_err(|_| RequestError::Closed)?;
        status.await.unwrap_or(Err(RequestError::Closed))
    }

    /// Registers with a phone system and keeps that up until the handle is dropped
    /// or the endpoint closes.
    pub fn register(&self, wanted: Registration) -> RegistrationHandle {
        RegistrationHandle::new(wanted, self.commands.clone())
    }

    /// Takes registrations back, answers everything new by 503 with Retry-After from now on, waits until
    /// calls and transactions have ended, `within` at most, and closes the sockets.
    pub async fn close(&self, within: Duration) {
        let (done, closed) = oneshot::channel();
        if self.commands.send(Command::Close(within, done)).is_ok() {
            // Dropped instead of sent means closed, too.
            let _closed = closed.await;
        }
    }

    /// The messages with that Call-ID that are still kept, oldest first. Whoever
    /// asks does the reading; the endpoint does not wait for it.
    pub fn trace(&self, call_id: &str) -> Vec<Traced> {
        self.traced.call(call_id)
    }

    /// Call-IDs of kept messages that begin so, newest first, sixteen at most.
    pub fn traced_calls(&self, beginning: &str) -> Vec<String> {
        self.traced.calls(beginning)
    }

    /// How it stands with each peer, in the order of the configuration.
    pub fn peers(&self) -> Vec<PeerState> {
        self.peers.read()
    }

    /// Where the house says whether it has room for calls.
    pub fn door(&self) -> Door {
        self.door.clone()
    }

    /// A reading of the counters.
    pub fn statistics(&self) -> Statistics {
        self.counters.read()
    }
}

/// A Call-ID that nobody guesses (RFC 3261 §8.1.1.4).
fn new_call_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}
