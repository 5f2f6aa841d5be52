//! The server: every room wired to the next, one way through the house.

mod arrivals;
mod call_loop;
mod counted;
mod filing;
pub mod greetings;
mod http;
mod live;
mod node;
mod own_thread;
pub mod people;
pub mod post;
mod recovery;
mod registrations;
mod report;
mod sweep;
mod trace;
mod turned_away;
mod waiting;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ringpost_delivery::{Journal, JournalError, JournalSettings, RetrySchedule};
use ringpost_directory::{Contacts, DirectoryError, LdapSource};
use ringpost_lookup::Source;
use ringpost_media::{Engine, EngineConfig, MediaError};
use ringpost_sip::{BindError, Endpoint, EndpointConfig, Hop};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

use self::greetings::Greetings;
pub use self::http::recorder;
pub use self::live::LiveCall;
use self::live::LiveCalls;
pub use self::node::{Node, new_id, now};
use self::own_thread::OwnThread;
use self::trace::Notes;
use self::turned_away::TurnedAway;
use crate::config::Settings;
use crate::state_folder::{StateError, StateFolder};

/// Part of the stop that is left for the mail in hand, at most.
const LAST_MAILS: Duration = Duration::from_secs(2);

/// The part of the trace's memory that is for notes beside its messages.
const NOTES_PART: usize = 4;

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The state folder.
    #[error(transparent)]
    State(#[from] StateError),
    /// Journal and outbox.
    #[error("the journal cannot be opened: {0}")]
    Journal(#[from] JournalError),
    /// Contacts or LDAP settings.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The media engine.
    #[error("the sound cannot be started: {0}")]
    Media(#[from] MediaError),
    /// A SIP address.
    #[error(transparent)]
    Sip(#[from] BindError),
    /// A thread of its own for a part of the server.
    #[error("there are not enough threads for the server: {0}")]
    Thread(io::Error),
    /// The admin interface.
    #[error("http.listen: {address} cannot be listened on: {source}")]
    Http {
        /// As configured.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// A server that runs.
pub struct Running {
    node: Arc<Node>,
    http: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    finish: watch::Sender<bool>,
    arrivals: JoinHandle<()>,
    post: JoinHandle<()>,
    others: Vec<JoinHandle<()>>,
    _calls: OwnThread,
    _mail: OwnThread,
    _filing: OwnThread,
    _state: StateFolder,
}

/// Starts everything; what a crash left behind is filed before the first call
/// is taken.
///
/// # Errors
/// [`StartError`], a sentence for the operator.
pub async fn start(settings: Settings) -> Result<Running, StartError> {
    let state = StateFolder::take(&settings.state_dir)?;
    // Its clock takes a while to be set, which the disk takes as well.
    let recorder = spawn_blocking(recorder);
    // Its writer and the thread of the database take turns with each statement.
    let filing = OwnThread::start("journal", 0).map_err(StartError::Thread)?;
    let (journal, sources) = tokio::try_join!(journal(&settings, &filing), async {
        sources(&settings).await.map_err(StartError::from)
    })?;
    let engine = Engine::start(EngineConfig {
        workers: settings.media_workers,
        ports: settings.media_ports.clone(),
        recordings: settings.recordings(),
    })?;
    let http = listen_http(settings.http).await?;
    // SIP and all calls: a message that comes, the task of its call and the answer
    // run one after the other. What waits for disks and other servers, and TLS
    // handshakes, which compute for long, have the threads of the command's runtime.
    let calls = OwnThread::start("calls", 0).map_err(StartError::Thread)?;
    let bound = calls.spawn(Endpoint::bind(EndpointConfig {
        listen: settings.sip_listen.clone(),
        tls: settings.sip_tls.clone(),
        peers: settings.peers.clone(),
        strangers: settings.strangers,
        server: concat!("Ringpost/", env!("CARGO_PKG_VERSION")).to_owned(),
        trace_bytes: settings.trace_bytes,
        session_expires: settings.session_expires,
        handshakes: Some(Handle::current()),
    }));
    let (endpoint, arrivals) =
        bound.await.map_err(|broken| StartError::Thread(io::Error::other(broken)))??;
    let (stop, stopping) = watch::channel(false);
    let (finish, finishing) = watch::channel(false);
    let node = Arc::new(Node {
        notes: Notes::new(settings.trace_bytes / NOTES_PART),
        greetings: Greetings::new(settings.greetings()),
        live: LiveCalls::new(
            settings.limits.calls,
            settings.limits.subscriber_calls,
            endpoint.door(),
        ),
        turned_away: TurnedAway::default(),
        journal,
        engine,
        endpoint,
        sources,
        stopping,
        settings,
    });
    // Without it there are no metrics and everything else.
    let _none = recorder.await;
    http::start_counters(&node);
    let mut others = vec![
        tokio::spawn(sweep::run(node.clone())),
        tokio::spawn(waiting::run(node.clone())),
        tokio::spawn(http::sum_up()),
        tokio::spawn(turned_away::run(node.clone())),
    ];
    others.extend(registrations::start(&node));
    let http = http.and_then(|listener| {
        let address = listener.local_addr().ok();
        let node = node.clone();
        others.push(tokio::spawn(async move {
            if let Err(error) = http::run(node, listener).await {
                tracing::error!(%error, "the admin interface ended");
            }
        }));
        address
    });
    // Nobody has to wait for it, then.
    spawn_blocking(greetings::built_in);
    let mail = OwnThread::start("mail", post::NICE).map_err(StartError::Thread)?;
    Ok(Running {
        arrivals: calls.spawn(arrivals::run(node.clone(), arrivals)),
        post: mail.spawn(post::run(node.clone(), finishing)),
        node,
        http,
        stop,
        finish,
        others,
        _calls: calls,
        _mail: mail,
        _filing: filing,
        _state: state,
    })
}

impl Running {
    /// Where SIP is listened on, with the real ports.
    pub fn sip_addresses(&self) -> Vec<Hop> {
        self.node.endpoint.local_addrs()
    }

    /// Where the admin interface is.
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.http
    }

    /// Journal and outbox, for whoever runs the server inside himself.
    pub fn journal(&self) -> &Journal {
        &self.node.journal
    }

    /// Reads the certificates of `[sip.tls]` anew; calls and connections go on.
    pub fn reload_certificates(&self) {
        match self.node.endpoint.reload_tls() {
            Ok(()) => tracing::info!("the certificates were read anew"),
            Err(error) => tracing::error!(%error, "the certificates stay as they were"),
        }
    }

    /// Waits until a part that must run for ever has ended by itself.
    pub async fn broken(&mut self) -> &'static str {
        tokio::select! {
            _ = &mut self.arrivals => "the taking of calls",
            _ = &mut self.post => "the sending of mail",
        }
    }

    /// Ends in order, within `limits.stop_seconds`: no new calls, running ones
    /// are ended and filed, mail in hand is settled, the rest stays in the outbox.
    pub async fn stop(self) {
        let stop = self.node.settings.limits.stop;
        let until = Instant::now() + stop;
        let last_mails = LAST_MAILS.min(stop / 4);
        let left =
            |keep: Duration| until.saturating_duration_since(Instant::now()).saturating_sub(keep);
        tracing::info!(calls = self.node.live.count(), "stopping");
        let _ = self.stop.send(true);
        let _ = tokio::time::timeout(left(last_mails), self.node.live.ended()).await;
        self.node.endpoint.close(left(last_mails).min(Duration::from_secs(1))).await;
        let _ = self.finish.send(true);
        if !self.post.is_finished() {
            let _ = tokio::time::timeout(left(Duration::ZERO), self.post).await;
        }
        self.arrivals.abort();
        for other in self.others {
            other.abort();
        }
        self.node.engine.stop();
        let _ = tokio::time::timeout(
            left(Duration::ZERO).max(Duration::from_millis(500)),
            self.node.journal.clone().close(),
        )
        .await;
        tracing::info!("stopped");
    }
}

/// Opens the journal and files what a crash left behind.
async fn journal(settings: &Settings, thread: &OwnThread) -> Result<Journal, StartError> {
    let writer = Some(thread.tasks());
    let journal =
        Journal::open(JournalSettings { writer, ..journal_settings(settings) }).await?;
    recovery::recover(&journal, &settings.recordings(), &settings.limits).await?;
    Ok(journal)
}

/// What the journal needs of the configuration.
pub fn journal_settings(settings: &Settings) -> JournalSettings {
    JournalSettings {
        dir: settings.state_dir.clone(),
        keep_ledger: settings.keep_ledger,
        retry: RetrySchedule::default(),
        lease: post::lease(settings),
        notifications_per_hour: settings.limits.notifications_per_hour,
        postmaster: settings.letterhead.postmaster.clone(),
        writer: None,
    }
}

/// Opens the contacts store and, where there is one, the directory.
///
/// # Errors
/// The store cannot be opened, or the directory's settings make no sense.
/// A directory that is merely down is no error.
pub async fn sources(settings: &Settings) -> Result<Vec<Arc<dyn Source>>, DirectoryError> {
    let mut sources: Vec<Arc<dyn Source>> = Vec::new();
    if let Some(ldap) = &settings.ldap {
        sources.push(Arc::new(LdapSource::new(ldap.clone(), settings.plan.clone())?));
    }
    sources.push(Arc::new(Contacts::open(&settings.people_db(), settings.plan.clone()).await?));
    Ok(sources)
}

async fn listen_http(address: Option<SocketAddr>) -> Result<Option<TcpListener>, StartError> {
    let Some(address) = address else { return Ok(None) };
    TcpListener::bind(address)
        .await
        .map(Some)
        .map_err(|source| StartError::Http { address, source })
}
