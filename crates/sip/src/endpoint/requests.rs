//! Datagrams in, and the checks that every request goes through (RFC 3261 §8.2).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::answer::Answer;
use super::extensions;
use super::incoming::{Incoming, try_later};
use super::server_transactions::{ServerEvent, way_back};
use super::task::Task;
use crate::dialog::Tag;
use crate::transaction::Key;
use crate::transport::Origin;
use crate::wire::{Malformed, Message, Method, Request, Via, read_datagram};

/// Server transactions at once, of which each lives for half a minute after its
/// answer: as many as four thousand calls in a second make, and some 200 MB.
pub(super) const TRANSACTIONS: usize = if cfg!(test) { 4096 } else { 262_144 };

impl Task {
    /// One datagram, whatever is in it.
    pub(super) fn handle_datagram(&mut self, bytes: &[u8], origin: Origin, now: Instant) {
        match read_datagram(bytes) {
            Ok(None) => {}
            Ok(Some(Message::Response(response))) => self.handle_response(response, now),
            Ok(Some(Message::Request(request))) => {
                if let Err(fault) = self.handle_request(request, origin, now) {
                    self.counters.malformed.add();
                    tracing::debug!(%fault, "a request that cannot be read");
                }
            }
            Err(fault) => self.handle_malformed(&fault, origin, now),
        }
    }

    /// 400 to a peer; a stranger who cannot even speak hears nothing.
    pub(super) fn handle_malformed(&mut self, fault: &Malformed, origin: Origin, now: Instant) {
        self.counters.malformed.add();
        tracing::debug!(%fault, "a message that cannot be read");
        if self.peer(origin).is_none() {
            self.note_stranger(origin, None, now);
            return;
        }
        let Some(mut response) = fault.answer(origin.source) else { return };
        let Ok(back) = response.via().map(|via| way_back(&via, origin)) else { return };
        let untagged = response.tag_in_to().is_none();
        if let Some(to) = response.headers.get("To").filter(|_| untagged) {
            let to = format!("{to};tag={}", Tag::of(response.headers.get("Call-ID")));
            response.headers.set("To", to);
        }
        response.headers.push("Server", self.config.server.as_str());
        self.counters.response(response.status);
        let bytes = Bytes::from(response.to_bytes());
        self.send_response(back, bytes);
    }

    fn handle_request(
        &mut self,
        mut request: Request,
        origin: Origin,
        now: Instant,
    ) -> Result<(), Malformed> {
        let body = std::mem::take(&mut request.body);
        let request = Arc::new(request);
        let via = request.via()?;
        let key = Key::server(&request, &via)?;
        let peer = self.peer_id(origin).ok();
        if peer.is_none() && !self.is_of_known_call(&request, origin) {
            self.handle_stranger(&request, &via, origin, now);
            return Ok(());
        }
        if self.server.contains_key(&key) {
            let request = request.clone();
            self.handle_known(Incoming { request, body, key, origin, peer, now });
            return Ok(());
        }
        if !self.is_authentic(&request, peer, (&via, origin), now) {
            return Ok(());
        }
        self.count(&request.method);
        if let Some(peer) = peer {
            self.peers.request(peer);
        }
        let incoming = Incoming { request: request.clone(), body, key, origin, peer, now };
        if request.method == Method::ACK {
            self.handle_ack(&incoming);
            return Ok(());
        }
        let full = self.server.len() >= TRANSACTIONS && !self.is_awaited(&incoming.request, &via);
        if full || self.turns_away(&incoming) {
            self.answer_statelessly(&incoming.request, &try_later(), &via, origin);
            return Ok(());
        }
        let key = incoming.key.clone();
        self.open_server(&key, request.clone(), &via, origin);
        let answered = if incoming.request.method == Method::CANCEL {
            self.handle_cancel(&incoming, &via)
        } else {
            self.handle_new(incoming)
        };
        if let Err(answer) = answered {
            self.respond(&key, &answer, now);
        }
        Ok(())
    }

    /// It is about a call that there is, which has to come to its end under any
    /// load.
    fn is_awaited(&self, request: &Request, via: &Via<'_>) -> bool {
        if request.method == Method::CANCEL {
            return Key::cancelled(request, via)
                .is_ok_and(|invite| self.server.contains_key(&invite));
        }
        let tag = request.tag_in_to().and_then(|tag| Tag::read(&tag));
        tag.is_some_and(|tag| self.calls.contains_key(&tag))
    }

    /// A repeat, or the ACK to one of our final responses.
    fn handle_known(&mut self, incoming: Incoming) {
        let is_ack = incoming.request.method == Method::ACK;
        let event = if is_ack { ServerEvent::Ack } else { ServerEvent::Request };
        let delivered = self.drive_server(&incoming.key, event, incoming.now);
        if is_ack {
            self.counters.ack.add();
            // The ACK to a 2xx with the branch of its INVITE, as of old (RFC 2543).
            if delivered {
                self.handle_ack(&incoming);
            }
        } else {
            self.counters.retransmissions_received.add();
        }
    }

    /// The checks in the order of RFC 3261 §8.2, then the method's own way.
    fn handle_new(&mut self, incoming: Incoming) -> Result<(), Answer> {
        let request = &incoming.request;
        extensions::check(request)?;
        if self.is_loop(request) {
            return Err(Answer::new(482));
        }
        if let Some(tag) = request.tag_in_to() {
            let tag = Tag::read(&tag).ok_or_else(|| Answer::new(481))?;
            return self.handle_in_dialog(tag, incoming);
        }
        if [Method::BYE, Method::UPDATE, Method::PRACK].contains(&request.method) {
            return Err(Answer::new(481));
        }
        if !self.note_ongoing(&incoming.key, Key::merged(request)?) {
            return Err(Answer::new(482));
        }
        if self.closing.is_some() {
            return Err(try_later());
        }
        if request.method == Method::INVITE {
            self.has_room(incoming.peer)?;
            self.handle_invite(incoming)
        } else if request.method == Method::INFO {
            self.handle_info(incoming, false)
        } else {
            self.handle_options(incoming)
        }
    }

    fn count(&self, method: &Method) {
        let counters = &self.counters;
        let counter = match method.as_str() {
            "INVITE" => &counters.invite,
            "ACK" => &counters.ack,
            "CANCEL" => &counters.cancel,
            "BYE" => &counters.bye,
            "OPTIONS" => &counters.options,
            "INFO" => &counters.info,
            _ => &counters.other,
        };
        counter.add();
    }
}
