//! Server transactions: making them, driving them, answering by them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::answer::Answer;
use super::extensions::{ALLOW, SUPPORTED};
use super::incoming::SDP;
use super::task::Task;
use super::timers::Target;
use crate::dialog::Tag;
use crate::transaction::{
    Action, InviteServer, InviteServerEvent, Key, NonInviteServer, NonInviteServerEvent,
};
use crate::transport::Origin;
use crate::wire::{Method, Request, Response, Via, response_to};

/// A request that came in, for as long as it may come again.
#[derive(Debug)]
pub(super) struct ServerTransaction {
    machine: Machine,
    /// Where responses go.
    way_back: Origin,
    /// What responses are made from, and where it came from; gone with the final one.
    request: Option<(Arc<Request>, SocketAddr)>,
    /// Our tag in To; of an INVITE also the name of its call.
    pub(super) tag: Tag,
    /// Its place in [`Task::ongoing`].
    merged: Option<Key>,
}

#[derive(Debug)]
enum Machine {
    Invite(InviteServer),
    NonInvite(NonInviteServer),
}

/// What may come over the wire or from the clock.
#[derive(Debug, Clone)]
pub(super) enum ServerEvent {
    Request,
    Ack,
    Respond { status: u16, bytes: Bytes },
    Deadline,
}

impl ServerTransaction {
    pub(super) fn is_proceeding(&self) -> bool {
        match &self.machine {
            Machine::Invite(machine) => machine.is_proceeding(),
            Machine::NonInvite(machine) => machine.is_pending(),
        }
    }
}

impl Machine {
    fn deadline(&self) -> Option<Instant> {
        match self {
            Machine::Invite(machine) => machine.deadline(),
            Machine::NonInvite(machine) => machine.deadline(),
        }
    }

    fn is_pending(&self) -> bool {
        match self {
            Machine::Invite(machine) => machine.is_pending(),
            Machine::NonInvite(machine) => machine.is_pending(),
        }
    }

    fn handle(&mut self, event: ServerEvent, now: Instant, out: &mut Vec<Action>) {
        match self {
            Machine::Invite(machine) => {
                let event = match event {
                    ServerEvent::Request => InviteServerEvent::Request,
                    ServerEvent::Ack => InviteServerEvent::Ack,
                    ServerEvent::Respond { status, bytes } => {
                        InviteServerEvent::Respond { status, bytes }
                    }
                    ServerEvent::Deadline => InviteServerEvent::Deadline,
                };
                machine.handle(event, now, out);
            }
            Machine::NonInvite(machine) => {
                let event = match event {
                    ServerEvent::Request => NonInviteServerEvent::Request,
                    ServerEvent::Respond { status, bytes } => {
                        NonInviteServerEvent::Respond { status, bytes }
                    }
                    ServerEvent::Deadline => NonInviteServerEvent::Deadline,
                    ServerEvent::Ack => return,
                };
                machine.handle(event, now, out);
            }
        }
    }
}

impl Task {
    /// Makes the transaction of a new request.
    pub(super) fn open_server(
        &mut self,
        key: &Key,
        request: Arc<Request>,
        via: &Via<'_>,
        origin: Origin,
    ) {
        let reliable = origin.transport.is_reliable();
        let machine = if request.method == Method::INVITE {
            Machine::Invite(InviteServer::new(reliable))
        } else {
            Machine::NonInvite(NonInviteServer::new(reliable))
        };
        let way_back = way_back(via, origin);
        let (request, tag) = (Some((request, origin.source)), Tag::random());
        let opened = ServerTransaction { machine, way_back, request, tag, merged: None };
        self.server.insert(key.clone(), Box::new(opened));
        self.pending += 1;
    }

    /// Notes that the same request by another way is a merged one; `false`: this
    /// is the one (RFC 3261 §8.2.2.2).
    pub(super) fn note_ongoing(&mut self, key: &Key, merged: Key) -> bool {
        if self.ongoing.contains_key(&merged) {
            return false;
        }
        if let Some(transaction) = self.server.get_mut(key) {
            transaction.merged = Some(merged.clone());
            self.ongoing.insert(merged, key.clone());
        }
        true
    }

    /// The request has ended: should it come again, it is a new one.
    pub(super) fn forget_ongoing(&mut self, key: &Key) {
        let merged = self.server.get_mut(key).and_then(|transaction| transaction.merged.take());
        if let Some(merged) = merged {
            self.ongoing.remove(&merged);
        }
    }

    /// Gives the transaction an event; `true`: the message that came with it is
    /// for whoever uses the transaction.
    pub(super) fn drive_server(&mut self, key: &Key, event: ServerEvent, now: Instant) -> bool {
        let Some(transaction) = self.server.get_mut(key) else { return false };
        let way_back = transaction.way_back;
        let mut actions = std::mem::take(&mut self.actions);
        let machine = &mut transaction.machine;
        let (before, pending) = (machine.deadline(), machine.is_pending());
        machine.handle(event, now, &mut actions);
        if pending && !machine.is_pending() {
            self.pending = self.pending.saturating_sub(1);
        }
        let deadline = machine.deadline().filter(|after| Some(*after) != before);
        if let Some(deadline) = deadline {
            self.timers.arm(deadline, Target::Server(key.clone()));
        }
        let mut delivered = false;
        for action in actions.drain(..) {
            match action {
                Action::Send(bytes) => self.send_response(way_back, bytes),
                Action::Resend(bytes) => {
                    self.counters.retransmissions_sent.add();
                    self.send_response(way_back, bytes);
                }
                Action::Deliver => delivered = true,
                Action::TimedOut => tracing::debug!("no ACK came to a refused INVITE"),
                Action::Unreachable => {}
                Action::Terminated => {
                    self.forget_ongoing(key);
                    self.server.remove(key);
                }
            }
        }
        self.actions = actions;
        delivered
    }

    pub(super) fn server_deadline(&mut self, key: &Key, now: Instant) {
        self.drive_server(key, ServerEvent::Deadline, now);
    }

    /// A response for this transaction, to be completed and sent.
    pub(super) fn response(&self, key: &Key, answer: &Answer) -> Option<Response> {
        let transaction = self.server.get(key)?;
        let (request, source) = transaction.request.as_ref()?;
        let tag = transaction.tag.to_string();
        let tag = (answer.status > 100).then_some(tag.as_str());
        Some(self.response_from(request, answer, tag, *source))
    }

    /// A response to a request, whether there is a transaction or not.
    pub(super) fn response_from(
        &self,
        request: &Request,
        answer: &Answer,
        tag: Option<&str>,
        source: SocketAddr,
    ) -> Response {
        let reason = answer.reason.as_deref();
        let mut response = response_to(request, answer.status, reason, tag, source);
        for (name, value) in &answer.headers {
            response.headers.push(name, value.as_str());
        }
        if answer.status > 100 {
            response.headers.push("Server", self.config.server.as_str());
        }
        response
    }

    /// Sends a response; gives its bytes, for one that has to be repeated.
    pub(super) fn send(&mut self, key: &Key, response: &Response, now: Instant) -> Bytes {
        let (status, bytes) = (response.status, Bytes::from(response.to_bytes()));
        self.counters.response(status);
        let event = ServerEvent::Respond { status, bytes: bytes.clone() };
        self.drive_server(key, event, now);
        if status >= 200 {
            if let Some(transaction) = self.server.get_mut(key) {
                transaction.request = None;
            }
            let answered_call = status < 300 && self.is_invite(key);
            // An answered call goes on; its merged twin is refused until it ends.
            if !answered_call {
                self.forget_ongoing(key);
            }
        }
        bytes
    }

    /// Answers with nothing to add.
    pub(super) fn respond(&mut self, key: &Key, answer: &Answer, now: Instant) {
        if let Some(response) = self.response(key, answer) {
            self.send(key, &response, now);
        }
    }

    /// What the house says to an INFO or OPTIONS.
    pub(super) fn respond_finally(&mut self, key: &Key, mut answer: Answer, now: Instant) {
        if !(200..700).contains(&answer.status) {
            tracing::error!(status = answer.status, "no final status; 500 is sent instead");
            answer = Answer::new(500);
        }
        let Some(mut response) = self.response(key, &answer) else { return };
        let options = self.server.get(key).and_then(|transaction| transaction.request.as_ref());
        if answer.status < 300
            && options.is_some_and(|(request, _)| request.method == Method::OPTIONS)
        {
            add_capabilities(&mut response);
        }
        self.send(key, &response, now);
    }

    fn is_invite(&self, key: &Key) -> bool {
        self.server.get(key).is_some_and(|known| matches!(known.machine, Machine::Invite(_)))
    }

    /// The way back of a transaction, for what is repeated outside of it.
    pub(super) fn way_back(&self, key: &Key) -> Option<Origin> {
        self.server.get(key).map(|transaction| transaction.way_back)
    }

    /// A response that is lost is asked for again: nothing else to be done.
    pub(super) fn send_response(&mut self, way_back: Origin, bytes: Bytes) {
        self.trace_sent(&bytes, way_back);
        if let Err(error) = self.transports.send(way_back, bytes) {
            tracing::debug!(%error, "a SIP response could not be sent");
        }
    }
}

/// Where the response to a request goes (RFC 3261 §18.2.2): back by its
/// connection; the address counts once that is gone.
pub(super) fn way_back(via: &Via<'_>, origin: Origin) -> Origin {
    origin.with_source(via.way_back(origin.source, origin.transport))
}

/// What RFC 3261 §11.2 asks for in the 200 to an OPTIONS.
pub(super) fn add_capabilities(response: &mut Response) {
    for (name, value) in [("Allow", ALLOW), ("Accept", SDP), ("Supported", SUPPORTED)] {
        if response.headers.get(name).is_none() {
            response.headers.push(name, value);
        }
    }
}
