//! The endpoint: one task that owns the sockets, the transactions and the calls.
//! Handles send it commands and never wait for it.

mod admission;
mod answer;
mod arrival;
mod call;
mod client_transactions;
mod command;
mod in_dialog;
mod incoming;
mod invite;
mod outgoing;
mod peers;
mod placing;
mod refusals;
mod reinvite;
mod reports;
mod requests;
mod server_transactions;
mod statistics;
mod task;
#[cfg(test)]
mod tests;
mod timers;
mod traced;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

pub use answer::Answer;
pub use arrival::{
    Arrival, CallControl, IncomingCall, IncomingOptions, IncomingReport, Invitation, Responder,
    Signal,
};
pub use outgoing::{
    OutgoingCall, OutgoingControl, OutgoingInfo, OutgoingInvite, Progress, RequestError,
};
pub use statistics::{Requests, Responses, Statistics};

use command::{Command, Commands, Placing};
use peers::PeerCounts;
use statistics::Counters;
use task::Task;

use crate::dialog::Tag;
use crate::trace::{Store, Traced};
use crate::transport::Transports;
use crate::{Hop, Peer, PeerState, Strangers, TlsFiles};

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
}

/// An address that could not be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {hop}: {source}")]
pub struct BindError {
    /// As configured.
    pub hop: Hop,
    /// What the system says.
    pub source: io::Error,
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
}

impl Endpoint {
    /// Binds all sockets and starts the task that serves them. Needs to be called
    /// within a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// The first address that cannot be bound.
    pub async fn bind(
        config: EndpointConfig,
    ) -> Result<(Endpoint, mpsc::Receiver<Arrival>), BindError> {
        Self::bind_with(config, WAITING_ARRIVALS).await
    }

    async fn bind_with(
        config: EndpointConfig,
        waiting: usize,
    ) -> Result<(Endpoint, mpsc::Receiver<Arrival>), BindError> {
        let transports = Transports::bind(&config.listen)
            .await
            .map_err(|(hop, source)| BindError { hop, source })?;
        let local_addrs = transports.local_addrs().into();
        let (commands, orders) = mpsc::unbounded_channel();
        let (arrivals, arrived) = mpsc::channel(waiting);
        let counters = Arc::new(Counters::default());
        let weak = commands.downgrade();
        let task = Task::new(config, transports, counters.clone(), arrivals, weak);
        let (traced, peers) = (task.traced.clone(), task.peers.clone());
        let endpoint = Endpoint { commands, local_addrs, counters, traced, peers };
        tokio::spawn(task.run(orders));
        Ok((endpoint, arrived))
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

    /// Answers everything new by 503 with Retry-After from now on, waits until
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

    /// A reading of the counters.
    pub fn statistics(&self) -> Statistics {
        self.counters.read()
    }
}

/// A Call-ID that nobody guesses (RFC 3261 §8.1.1.4).
fn new_call_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}
