//! The task itself: waiting, and handing each event to where it belongs.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::EndpointConfig;
use super::admission::REALM;
use super::arrival::Arrival;
use super::backlog::Backlog;
use super::call::Call;
use super::client_transactions::ClientTransaction;
use super::command::{Command, Commands};
use super::crowd::Crowd;
use super::outbound::Outbound;
use super::peers::{PeerCounts, PeerId};
use super::refusals::Refusals;
use super::server_transactions::ServerTransaction;
use super::statistics::Counters;
use super::timers::{Target, Timers};
use crate::dialog::Tag;
use crate::digest::Verifier;
use crate::trace::Store;
use crate::transaction::{Action, Key};
use crate::transport::{Origin, Received, Transports};

/// The largest datagram there is.
const DATAGRAM: usize = 65_535;
/// Messages, and commands, that are handled before the other gets its turn.
pub(super) const TURN: usize = 64;

/// Everything that the endpoint keeps. Its behaviour stands in the files beside
/// this one, one subject each.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) config: EndpointConfig,
    pub(super) transports: Transports,
    pub(super) counters: Arc<Counters>,
    pub(super) traced: Arc<Store>,
    pub(super) peers: Arc<PeerCounts>,
    pub(super) verifier: Verifier,
    pub(super) refusals: Refusals,
    pub(super) crowd: Crowd,
    pub(super) backlog: Backlog,
    pub(super) timers: Timers,
    /// In boxes: a map that grows moves all it has.
    pub(super) server: HashMap<Key, Box<ServerTransaction>>,
    pub(super) client: HashMap<Key, ClientTransaction>,
    pub(super) outbound: Outbound,
    /// Server transactions that a merged request would belong to.
    pub(super) ongoing: HashMap<Key, Key>,
    pub(super) calls: HashMap<Tag, Call>,
    /// Transactions that wait for an answer, ours or the peer's.
    pub(super) pending: usize,
    pub(super) live_calls: u64,
    pub(super) arrivals: mpsc::Sender<Arrival>,
    pub(super) closing: Option<Closing>,
    /// Room for what a machine wants, kept from event to event.
    pub(super) actions: Vec<Action>,
    /// When the tables were last looked at for room to give back.
    pub(super) tidied: Option<Instant>,
    /// Weak, so that the task ends with the last handle.
    commands: mpsc::WeakUnboundedSender<Command>,
}

/// No new requests; an end in sight.
#[derive(Debug)]
pub(super) struct Closing {
    until: Instant,
    done: Vec<oneshot::Sender<()>>,
}

enum Wake {
    Received(std::io::Result<Received>),
    Commands(usize),
    Deadline,
    Backlog,
}

impl Task {
    pub(super) fn new(
        config: EndpointConfig,
        transports: Transports,
        counters: Arc<Counters>,
        arrivals: mpsc::Sender<Arrival>,
        commands: mpsc::WeakUnboundedSender<Command>,
    ) -> Self {
        Self {
            traced: Arc::new(Store::new(config.trace_bytes)),
            peers: Arc::new(PeerCounts::new(&config.peers)),
            verifier: Verifier::new(REALM, rand::random(), Instant::now()),
            refusals: Refusals::default(),
            crowd: Crowd::default(),
            backlog: Backlog::default(),
            config,
            transports,
            counters,
            timers: Timers::default(),
            server: HashMap::new(),
            client: HashMap::new(),
            outbound: Outbound::new(),
            ongoing: HashMap::new(),
            calls: HashMap::new(),
            pending: 0,
            live_calls: 0,
            arrivals,
            closing: None,
            actions: Vec::new(),
            tidied: None,
            commands,
        }
    }

    /// Serves until it is closed, or until nobody holds a handle any more.
    pub(super) async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Command>) {
        let mut buffer = vec![0; DATAGRAM];
        let mut batch = Vec::with_capacity(TURN);
        let sleep = tokio::time::sleep_until(far_away().into());
        tokio::pin!(sleep);
        self.start_pings(Instant::now());
        while !self.is_closed(Instant::now()) {
            let next = self.next_deadline();
            if sleep.deadline() != next.into() {
                sleep.as_mut().reset(next.into());
            }
            let wake = tokio::select! {
                received = self.transports.receive(&mut buffer) => Wake::Received(received),
                count = orders.recv_many(&mut batch, TURN) => Wake::Commands(count),
                () = &mut sleep => Wake::Deadline,
                () = std::future::ready(()), if !self.backlog.is_empty() => Wake::Backlog,
            };
            match wake {
                Wake::Received(Ok(received)) => {
                    if self.backlog.is_empty() {
                        self.handle_received(received, &buffer);
                        self.handle_waiting(&mut buffer);
                    } else {
                        self.queue(received, &buffer, Instant::now());
                    }
                }
                // Such as the port unreachable that an earlier datagram came back with.
                Wake::Received(Err(error)) => tracing::debug!(%error, "receiving SIP failed"),
                Wake::Commands(0) => break,
                Wake::Commands(_) => {
                    for command in batch.drain(..) {
                        let (now, tag) = (Instant::now(), command.tag());
                        let whole = guarded(|| self.handle_command(command, now));
                        if let Some(tag) = tag.filter(|_| !whole) {
                            self.fault(tag, now);
                        }
                    }
                }
                Wake::Deadline | Wake::Backlog => {}
            }
            if !self.backlog.is_empty() {
                self.handle_backlog(&mut buffer);
                // Those who share the thread have their turn, too.
                tokio::task::yield_now().await;
            }
            let now = Instant::now();
            self.handle_deadlines(now);
            self.tidy(now);
        }
        guarded(|| self.farewell(Instant::now()));
        let done = self.closing.take().map(|closing| closing.done);
        // The sockets are closed before anybody hears that they are.
        self.into_transports().shut().await;
        for waiting in done.into_iter().flatten() {
            let _gone = waiting.send(());
        }
    }

    /// Everything else is dropped.
    fn into_transports(self) -> Transports {
        self.transports
    }

    /// A way to the task for handles that are given out; `None` once the last
    /// one of the house is gone.
    pub(super) fn commands(&self) -> Option<Commands> {
        self.commands.upgrade()
    }

    /// Puts a call in its place, new or changed, and sees to its next waking.
    pub(super) fn keep_call(&mut self, tag: Tag, call: Call) {
        let after = call.live_server();
        if let Some(deadline) = call.deadline() {
            self.timers.arm(deadline, Target::Call(tag));
        }
        let before = self.calls.insert(tag, call);
        self.count_live(before.and_then(|call| call.live_server()), after);
    }

    /// Takes a call out; [`Self::keep_call`] may put it back.
    pub(super) fn take_call(&mut self, tag: Tag) -> Option<Call> {
        let call = self.calls.remove(&tag)?;
        self.count_live(call.live_server(), None);
        Some(call)
    }

    fn count_live(&mut self, before: Option<Option<PeerId>>, after: Option<Option<PeerId>>) {
        let live = self.live_calls + u64::from(after.is_some());
        self.live_calls = live - u64::from(before.is_some());
        self.counters.live_calls.set(self.live_calls);
        self.peers.call_moved(before.flatten(), after.flatten());
    }

    pub(super) fn handle_received(&mut self, received: Received, buffer: &[u8]) {
        let now = Instant::now();
        match received {
            Received::Datagram(origin, length) => {
                let message = buffer.get(..length).unwrap_or_default();
                self.handle_whole(message, origin, now);
            }
            Received::Stream(event) => {
                guarded(|| self.handle_stream(event, now));
            }
        }
    }

    /// One message, by whichever transport. A fault of ours ends the call that it
    /// is of.
    pub(super) fn handle_whole(&mut self, message: &[u8], origin: Origin, now: Instant) {
        let whole = guarded(|| {
            self.trace_received(message, origin);
            self.handle_datagram(message, origin, now);
        });
        if !whole {
            self.fault_in_message(message, now);
        }
    }

    pub(super) fn handle_command(&mut self, command: Command, now: Instant) {
        match command {
            Command::Ring(tag) => self.ring(tag, now),
            Command::Answer(tag, rtp) => self.answer(tag, rtp, now),
            Command::Refuse(tag, answer) => self.refuse(tag, answer, now),
            Command::HangUp(tag) => self.hang_up(tag, now),
            Command::Abandon(tag) => self.abandon(tag, now),
            Command::Respond(key, answer) => self.respond_finally(&key, answer, now),
            Command::Place(placing) => self.place(*placing, now),
            Command::Cancel(tag, reason) => self.cancel(tag, reason, now),
            Command::Info(info, done) => self.send_info(*info, done, now),
            Command::Resolved(tag, routes) => self.resolved(tag, routes, now),
            Command::Notify(waiting, done) => self.notify_message_waiting(*waiting, done, now),
            Command::Register(wish) => self.register(*wish, now),
            Command::Deregister(tag, done) => self.deregister(tag, done, now),
            Command::Close(within, done) => {
                let until = now + within;
                let closing = self.closing.get_or_insert(Closing { until, done: Vec::new() });
                closing.until = closing.until.min(until);
                closing.done.push(done);
                self.stop_pings(now);
                self.deregister_all(now);
            }
        }
    }

    pub(super) fn handle_deadlines(&mut self, now: Instant) {
        while let Some(target) = self.timers.due(now) {
            let call = if let Target::Call(tag) = &target { Some(*tag) } else { None };
            let whole = guarded(|| match target {
                Target::Server(key) => self.server_deadline(&key, now),
                Target::Client(key) => self.client_deadline(&key, now),
                Target::Registration(tag) => self.registration_deadline(tag, now),
                Target::Ping(index) => self.ping(index, now),
                Target::Request(tag) => self.request_deadline(tag, now),
                Target::Call(tag) => self.call_deadline(tag, now),
            });
            if let Some(tag) = call.filter(|_| !whole) {
                self.fault(tag, now);
            }
        }
    }

    fn next_deadline(&self) -> Instant {
        let closing = self.closing.as_ref().map(|closing| closing.until);
        closing.into_iter().chain(self.timers.next()).min().unwrap_or_else(far_away)
    }

    fn is_closed(&self, now: Instant) -> bool {
        let quiet = self.calls.is_empty() && self.pending == 0 && self.outbound.is_quiet();
        self.closing.as_ref().is_some_and(|closing| quiet || now >= closing.until)
    }
}

/// A panic costs the event that it came from, and no other call. `false`: there
/// was one.
pub(super) fn guarded(event: impl FnOnce()) -> bool {
    let whole = catch_unwind(AssertUnwindSafe(event)).is_ok();
    if !whole {
        tracing::error!("an error of our own in handling a SIP event; the event is lost");
    }
    whole
}

/// Waking for nothing once a day is cheap.
fn far_away() -> Instant {
    Instant::now() + Duration::from_secs(86_400)
}
