//! Client transactions: starting and driving them, and whom a response is for.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::call::Acknowledged;
use super::outgoing::RequestError;
use super::session_timer::Refresh;
use super::task::Task;
use super::timers::Target;
use crate::Hop;
use crate::dialog::Tag;
use crate::transaction::{
    Action, InviteClient, InviteClientEvent, Key, MAGIC_COOKIE, NonInviteClient,
    NonInviteClientEvent,
};
use crate::transport::{ConnectionId, Origin};
use crate::wire::{Headers, Method, Request, Response};

/// A request that went out.
#[derive(Debug)]
pub(super) struct ClientTransaction {
    machine: Machine,
    /// Our socket, and the peer.
    pub(super) destination: Origin,
    pub(super) purpose: Purpose,
}

#[derive(Debug)]
enum Machine {
    Invite(InviteClient),
    NonInvite(NonInviteClient),
}

/// Who wants the response.
#[derive(Debug)]
pub(super) enum Purpose {
    /// The call of that tag; `acks` holds the ACK to each 2xx that came.
    Invite { tag: Tag, invite: Arc<Request>, acks: Vec<Acknowledged> },
    /// The call of that tag, whose session we refresh.
    Refresh(Refresh),
    /// The end of the call of that tag.
    Bye(Tag),
    /// The request outside of a dialog of that tag.
    Outside(Tag),
    /// Nobody: CANCEL, PRACK, or BYE to a branch that was not wanted.
    Nobody,
}

#[derive(Debug)]
enum ClientEvent {
    Invite(InviteClientEvent),
    NonInvite(NonInviteClientEvent),
    Deadline,
    TransportError,
    Abandoned,
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

    fn handle(&mut self, event: ClientEvent, now: Instant, out: &mut Vec<Action>) {
        match self {
            Machine::Invite(machine) => {
                let event = match event {
                    ClientEvent::Invite(event) => event,
                    ClientEvent::Deadline => InviteClientEvent::Deadline,
                    ClientEvent::TransportError => InviteClientEvent::TransportError,
                    ClientEvent::Abandoned => InviteClientEvent::Abandoned,
                    ClientEvent::NonInvite(_) => return,
                };
                machine.handle(event, now, out);
            }
            Machine::NonInvite(machine) => {
                let event = match event {
                    ClientEvent::NonInvite(event) => event,
                    ClientEvent::Deadline => NonInviteClientEvent::Deadline,
                    ClientEvent::TransportError => NonInviteClientEvent::TransportError,
                    ClientEvent::Invite(_) | ClientEvent::Abandoned => return,
                };
                machine.handle(event, now, out);
            }
        }
    }
}

impl Purpose {
    /// The INVITE, where it is one.
    fn invite(&self) -> Option<&Arc<Request>> {
        match self {
            Purpose::Invite { invite, .. } => Some(invite),
            Purpose::Refresh(refresh) => refresh.invite.as_ref(),
            Purpose::Bye(_) | Purpose::Outside(_) | Purpose::Nobody => None,
        }
    }
}

impl ClientTransaction {
    /// The CSeq number of an INVITE.
    pub(super) fn number(&self) -> Option<u32> {
        self.purpose.invite()?.cseq().ok().map(|(number, _)| number)
    }
}

impl Task {
    /// Puts our Via on top, with that branch (RFC 3261 §8.1.1.7, RFC 3581 §3).
    pub(super) fn put_via(&mut self, headers: &mut Headers, branch: &str, destination: Origin) {
        let addr = self.transports.reply_addr(destination);
        let transport = destination.transport.in_via();
        let mut with_via = Headers::default();
        with_via.push("Via", format!("SIP/2.0/{transport} {addr};rport;branch={branch}"));
        for (name, value) in headers.iter() {
            with_via.push(name, value);
        }
        with_via.push("User-Agent", self.config.server.as_str());
        *headers = with_via;
    }

    /// Sends a request that has its Via, and keeps its transaction.
    pub(super) fn start_client(
        &mut self,
        key: Key,
        request: &Request,
        destination: Origin,
        purpose: Purpose,
        now: Instant,
    ) {
        let bytes = Bytes::from(request.to_bytes());
        let mut actions = std::mem::take(&mut self.actions);
        let reliable = destination.transport.is_reliable();
        let machine = if request.method == Method::INVITE {
            Machine::Invite(InviteClient::new(bytes, reliable, now, &mut actions))
        } else {
            Machine::NonInvite(NonInviteClient::new(bytes, reliable, now, &mut actions))
        };
        if let Some(deadline) = machine.deadline() {
            self.timers.arm(deadline, Target::Client(key.clone()));
        }
        self.pending += 1;
        self.client.insert(key.clone(), ClientTransaction { machine, destination, purpose });
        self.obey(&key, &mut actions, now);
        self.actions = actions;
    }

    /// A response came. What belongs to no transaction is dropped (§18.1.2).
    pub(super) fn handle_response(&mut self, response: Response, now: Instant) {
        let (Ok(via), Ok((_, method))) = (response.via(), response.cseq()) else { return };
        let key = Key::client(&via.branch().unwrap_or_default(), &method);
        let Some(transaction) = self.client.get(&key) else { return };
        let event = match (transaction.purpose.invite(), response.status) {
            (Some(_), ..200) => ClientEvent::Invite(InviteClientEvent::Provisional),
            (Some(_), 200..300) => ClientEvent::Invite(InviteClientEvent::Success),
            (Some(invite), 300..) => {
                let ack = Bytes::from(ack_to_refusal(invite, &response).to_bytes());
                ClientEvent::Invite(InviteClientEvent::Refusal { ack })
            }
            (None, ..200) => ClientEvent::NonInvite(NonInviteClientEvent::Provisional),
            (None, 200..) => ClientEvent::NonInvite(NonInviteClientEvent::Final),
        };
        if !self.drive_client(&key, event, now) {
            self.counters.retransmissions_received.add();
            return;
        }
        let Some(transaction) = self.client.get_mut(&key) else { return };
        match &mut transaction.purpose {
            Purpose::Invite { tag, .. } => {
                let tag = *tag;
                self.handle_invite_response(&key, tag, &response, now);
            }
            Purpose::Refresh(_) => self.handle_refresh_response(&key, &response, now),
            Purpose::Bye(tag) if response.status >= 200 => {
                let tag = *tag;
                if !self.prove_bye(tag, &key, &response, now) {
                    self.take_call(tag);
                }
            }
            Purpose::Outside(tag) => {
                let tag = *tag;
                self.outside_response(tag, &key, &response, now);
            }
            Purpose::Bye(_) | Purpose::Nobody => {}
        }
    }

    pub(super) fn client_deadline(&mut self, key: &Key, now: Instant) {
        self.drive_client(key, ClientEvent::Deadline, now);
    }

    /// Nobody waits for this try any more. An INVITE is kept, without repeats, so
    /// that what rings late is cancelled and what answers late is hung up.
    pub(super) fn leave_client(&mut self, key: &Key, now: Instant) {
        match self.client.get(key).map(|known| &known.machine) {
            Some(Machine::Invite(_)) => {
                self.drive_client(key, ClientEvent::Abandoned, now);
            }
            Some(Machine::NonInvite(_)) => self.drop_client(key),
            None => {}
        }
    }

    /// Gives up an INVITE that even its CANCEL did not end.
    pub(super) fn drop_client(&mut self, key: &Key) {
        if self.client.remove(key).is_some_and(|known| known.machine.is_pending()) {
            self.pending = self.pending.saturating_sub(1);
        }
    }

    /// `true`: the response that came with the event is for the purpose.
    fn drive_client(&mut self, key: &Key, event: ClientEvent, now: Instant) -> bool {
        let Some(transaction) = self.client.get_mut(key) else { return false };
        let mut actions = std::mem::take(&mut self.actions);
        let machine = &mut transaction.machine;
        let (before, pending) = (machine.deadline(), machine.is_pending());
        machine.handle(event, now, &mut actions);
        if pending && !machine.is_pending() {
            self.pending = self.pending.saturating_sub(1);
        }
        let deadline = machine.deadline().filter(|after| Some(*after) != before);
        if let Some(deadline) = deadline {
            self.timers.arm(deadline, Target::Client(key.clone()));
        }
        let delivered = self.obey(key, &mut actions, now);
        self.actions = actions;
        delivered
    }

    fn obey(&mut self, key: &Key, actions: &mut Vec<Action>, now: Instant) -> bool {
        let Some(destination) = self.client.get(key).map(|known| known.destination) else {
            actions.clear();
            return false;
        };
        let (mut delivered, mut unsent) = (false, false);
        for action in actions.drain(..) {
            match action {
                Action::Send(bytes) => unsent = !self.send_by(key, destination, bytes),
                Action::Resend(bytes) => {
                    self.counters.retransmissions_sent.add();
                    unsent = !self.send_by(key, destination, bytes);
                }
                Action::Deliver => delivered = true,
                Action::TimedOut => self.request_failed(key, RequestError::TimedOut, now),
                Action::Unreachable => self.request_failed(key, RequestError::Unreachable, now),
                Action::Terminated => {
                    self.client.remove(key);
                }
            }
        }
        if unsent {
            self.drive_client(key, ClientEvent::TransportError, now);
        }
        delivered
    }

    /// Sends a message of a transaction, and notes the connection it went by:
    /// whatever becomes of that concerns the transaction.
    fn send_by(&mut self, key: &Key, destination: Origin, bytes: Bytes) -> bool {
        let Some(taken) = self.send_request(destination, bytes) else { return false };
        if let Some(known) = self.client.get_mut(key) {
            known.destination = taken;
        }
        true
    }

    /// `None`: it cannot be sent.
    pub(super) fn send_request(&mut self, destination: Origin, bytes: Bytes) -> Option<Origin> {
        self.trace_sent(&bytes, destination);
        let sent = self.transports.send(destination, bytes);
        sent.inspect_err(|error| tracing::debug!(%error, "a SIP request could not be sent")).ok()
    }

    /// Every request on a connection that is gone has failed (RFC 3261 §17.1.4).
    pub(super) fn connection_failed(&mut self, connection: ConnectionId, now: Instant) {
        let on_it = |known: &ClientTransaction| known.destination.connection == Some(connection);
        let failed = self.client.iter().filter(|(_, known)| on_it(known));
        let failed: Vec<Key> = failed.map(|(key, _)| key.clone()).collect();
        for key in failed {
            self.drive_client(&key, ClientEvent::TransportError, now);
        }
    }

    /// A request waits for its response on that connection.
    pub(super) fn awaits_response_on(&self, connection: ConnectionId) -> bool {
        let mut known = self.client.values().filter(|known| known.machine.is_pending());
        known.any(|known| known.destination.connection == Some(connection))
    }

    fn request_failed(&mut self, key: &Key, error: RequestError, now: Instant) {
        let Some(transaction) = self.client.get_mut(key) else { return };
        match &mut transaction.purpose {
            Purpose::Invite { tag, .. } | Purpose::Outside(tag) => {
                let tag = *tag;
                self.outside_failed(tag, key, error, now);
            }
            Purpose::Refresh(refresh) => {
                let tag = refresh.tag;
                self.refresh_failed(tag, error, now);
            }
            Purpose::Bye(tag) => {
                let (tag, peer) = (*tag, transaction.destination);
                self.bye_failed(tag, peer, error, now);
            }
            Purpose::Nobody => {}
        }
    }

    /// What a connection that is gone says.
    #[cfg(test)]
    pub(super) fn transport_failed(&mut self, key: &Key, now: Instant) {
        self.drive_client(key, ClientEvent::TransportError, now);
    }

    /// The peer of an INVITE of ours.
    pub(super) fn placed_peer(&self, key: &Key) -> Option<Origin> {
        self.client.get(key).map(|transaction| transaction.destination)
    }

    /// The way to a peer.
    pub(super) fn destination(&mut self, hop: Hop) -> Option<Origin> {
        self.transports.towards(hop, None)
    }
}

/// A branch that is unique by itself (RFC 3261 §8.1.1.7).
pub(super) fn new_branch() -> String {
    format!("{MAGIC_COOKIE}{:032x}", rand::random::<u128>())
}

/// The ACK to a final response other than 2xx (RFC 3261 §17.1.1.3).
fn ack_to_refusal(invite: &Request, response: &Response) -> Request {
    let mut ack = like_invite(invite, Method::ACK);
    if let Some(to) = response.headers.get("To") {
        ack.headers.set("To", to);
    }
    ack
}

/// What CANCEL and the ACK to a refusal have of their INVITE (RFC 3261 §9.1,
/// §17.1.1.3): its Request-URI, topmost Via, From, To, Call-ID, CSeq number, Route.
pub(super) fn like_invite(invite: &Request, method: Method) -> Request {
    let mut headers = Headers::default();
    for name in ["Via", "Max-Forwards", "Route", "From", "To", "Call-ID"] {
        for value in invite.headers.all(name) {
            headers.push(name, value);
        }
    }
    let number = invite.cseq().map_or(1, |(number, _)| number);
    headers.push("CSeq", format!("{number} {method}"));
    Request { method, uri: invite.uri.clone(), headers, body: Vec::new() }
}
