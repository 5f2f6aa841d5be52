//! Requests of our own: calls (RFC 3261 §13.2, CANCEL by §9.1) and INFO.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::call::{Acknowledged, Call, Cancel, Media, Placed, Standing, Watcher};
use super::client_transactions::{Purpose, like_invite, new_branch};
use super::command::Placing;
use super::incoming::{ALLOW, SDP};
use super::invite::new_session;
use super::new_call_id;
use super::outgoing::{OutgoingInfo, Progress, RequestError};
use super::task::Task;
use super::timers::Target;
use crate::Hop;
use crate::dialog::{Dialog, Tag};
use crate::sdp::{OwnKeys, read_answer, write_offer};
use crate::transaction::{Key, TIMER_B};
use crate::transport::Origin;
use crate::wire::{Headers, Method, Request, Response, Uri};

/// Branches of a fork whose 2xx are acknowledged; more are none we asked for.
const BRANCHES: usize = 16;

impl Task {
    /// Sends the INVITE of a call.
    pub(super) fn place(&mut self, placing: Placing, now: Instant) {
        let Placing { tag, call_id, invite: wanted, progress } = placing;
        let refused = |status, reason: &str| {
            let _unheard = progress.send(Progress::Refused(status, reason.to_owned()));
        };
        let Some(destination) = self.destination(Hop::udp(wanted.destination)) else {
            return refused(503, "No Socket Reaches The Destination");
        };
        let from = from(wanted.from_name.as_deref(), &wanted.from, tag);
        let lines = [("From", from), ("Call-ID", call_id), ("CSeq", "1 INVITE".to_owned())];
        let Ok(mut invite) = out_of_dialog(Method::INVITE, &wanted.uri, lines) else {
            return refused(400, "Bad URI");
        };
        invite.headers.push("Contact", self.contact(destination));
        invite.headers.push("Allow", ALLOW);
        for (name, value) in &wanted.headers {
            invite.headers.push(name, value.as_str());
        }
        invite.headers.set("Content-Type", SDP);
        let session = new_session();
        let keys = OwnKeys::fresh(wanted.srtp);
        invite.body = write_offer(wanted.rtp, session, 1, &keys).into_bytes();
        let branch = new_branch();
        self.put_via(&mut invite.headers, &branch, destination);
        let key = Key::client(&branch, &Method::INVITE);
        let invite = Arc::new(invite);
        let purpose = Purpose::Invite { tag, invite: invite.clone(), acks: Vec::new() };
        let placed = Placed {
            key: key.clone(),
            invite: invite.clone(),
            destination,
            progress,
            rtp: wanted.rtp,
            keys,
            session,
            proceeding: false,
            ringing: false,
            cancel: None,
        };
        self.keep_call(tag, Call::Placed(Box::new(placed)));
        self.start_client(key, &invite, destination, purpose, now);
    }

    /// The house, or the end of its handle, wants a placed call to end.
    pub(super) fn cancel(&mut self, tag: Tag, reason: Option<String>, now: Instant) {
        let Some(Call::Placed(placed)) = self.calls.get_mut(&tag) else { return };
        if placed.cancel.is_some() {
            return;
        }
        placed.cancel = Some(Cancel { reason, give_up: None });
        if placed.proceeding {
            self.send_cancel(tag, now);
        }
    }

    /// Sends CANCEL, once a provisional response allows it.
    fn send_cancel(&mut self, tag: Tag, now: Instant) {
        let Some(Call::Placed(placed)) = self.calls.get_mut(&tag) else { return };
        let Some(cancel) = placed.cancel.as_mut().filter(|cancel| cancel.give_up.is_none()) else {
            return;
        };
        let give_up = now + TIMER_B;
        cancel.give_up = Some(give_up);
        let mut request = like_invite(&placed.invite, Method::CANCEL);
        if let Some(reason) = &cancel.reason {
            request.headers.push("Reason", reason.as_str());
        }
        let Ok(via) = placed.invite.via() else { return };
        let key = Key::client(&via.branch().unwrap_or_default(), &Method::CANCEL);
        let destination = placed.destination;
        self.timers.arm(give_up, Target::Call(tag));
        self.start_client(key, &request, destination, Purpose::Nobody, now);
    }

    /// A response to our INVITE that is no repeat; of 2xx also the repeats.
    pub(super) fn handle_invite_response(
        &mut self,
        key: &Key,
        tag: Tag,
        response: &Response,
        now: Instant,
    ) {
        match response.status {
            ..200 => {
                let Some(Call::Placed(placed)) = self.calls.get_mut(&tag) else { return };
                placed.proceeding = true;
                if response.status > 100 && !std::mem::replace(&mut placed.ringing, true) {
                    let _unheard = placed.progress.send(Progress::Ringing);
                }
                self.send_cancel(tag, now);
            }
            200..300 => self.handle_two_hundred(key, tag, response, now),
            300.. => {
                if let Some(Call::Placed(placed)) = self.take_call(tag) {
                    let refused = Progress::Refused(response.status, response.reason.clone());
                    let _unheard = placed.progress.send(refused);
                }
            }
        }
    }

    /// Every 2xx gets its ACK; the first makes the call, others of a fork are
    /// hung up at once (§13.2.2.4).
    fn handle_two_hundred(&mut self, key: &Key, tag: Tag, response: &Response, now: Instant) {
        let Some(transaction) = self.client.get(key) else { return };
        let Purpose::Invite { invite, acks, .. } = &transaction.purpose else { return };
        let Ok(mut dialog) = Dialog::answered(invite, response) else { return };
        let known = acks.iter().find(|known| known.remote_tag == dialog.remote_tag());
        if let Some(known) = known {
            let (bytes, to) = (known.ack.clone(), known.to);
            self.counters.retransmissions_received.add();
            self.counters.retransmissions_sent.add();
            self.send_request(to, bytes);
            return;
        }
        if acks.len() >= BRANCHES {
            return;
        }
        let Some(peer) = self.placed_peer(key) else { return };
        let hop = self.hop(&dialog, peer);
        self.acknowledge(key, &dialog, hop);
        match self.take_call(tag) {
            Some(Call::Placed(placed)) => self.answered(tag, *placed, dialog, response, now),
            other => {
                if let Some(other) = other {
                    self.keep_call(tag, other);
                }
                let mut bye = dialog.request(Method::BYE);
                self.send_bye(&mut bye, hop, Purpose::Nobody, now);
            }
        }
    }

    fn acknowledge(&mut self, key: &Key, dialog: &Dialog, hop: Origin) {
        let mut ack = dialog.ack();
        self.put_via(&mut ack.headers, &new_branch(), hop);
        let ack = Bytes::from(ack.to_bytes());
        self.send_request(hop, ack.clone());
        if let Some(transaction) = self.client.get_mut(key)
            && let Purpose::Invite { acks, .. } = &mut transaction.purpose
        {
            let remote_tag = dialog.remote_tag().to_owned();
            acks.push(Acknowledged { remote_tag, ack, to: hop });
        }
    }

    /// The call stands, unless it was cancelled meanwhile or cannot be spoken in.
    fn answered(
        &mut self,
        tag: Tag,
        placed: Placed,
        dialog: Dialog,
        response: &Response,
        now: Instant,
    ) {
        let Placed { destination, progress, rtp, keys, session, cancel, .. } = placed;
        let audio = read_answer(&response.body, &keys);
        let told = match (&audio, cancel) {
            (_, Some(_)) => Progress::Refused(487, "Request Terminated".to_owned()),
            (Ok(audio), None) => Progress::Answered(*audio),
            (Err(_), None) => Progress::Refused(488, "Not Acceptable Here".to_owned()),
        };
        let Some(remote) = audio.ok().filter(|_| matches!(told, Progress::Answered(_))) else {
            let _unheard = progress.send(told);
            self.end_at_once(tag, dialog, destination, now);
            return;
        };
        let _unheard = progress.send(told);
        let standing = Standing {
            dialog,
            peer: destination,
            watcher: Watcher::Client(progress),
            media: Media { rtp, remote, session, version: 1 },
            unacked: None,
            confirmed: true,
            hang_up: false,
        };
        self.keep_call(tag, Call::Standing(Box::new(standing)));
    }

    fn end_at_once(&mut self, tag: Tag, mut dialog: Dialog, peer: Origin, now: Instant) {
        let mut bye = dialog.request(Method::BYE);
        let hop = self.hop(&dialog, peer);
        self.keep_call(tag, Call::Ending(Box::new(dialog)));
        self.send_bye(&mut bye, hop, Purpose::Bye(tag), now);
    }

    /// No response at all, or not even sent.
    pub(super) fn placing_failed(&mut self, tag: Tag, error: RequestError) {
        if let Some(Call::Placed(placed)) = self.take_call(tag) {
            let told = match error {
                RequestError::TimedOut => Progress::TimedOut,
                // A fault of the transport counts as 503 (§8.1.3.1).
                _ => Progress::Refused(503, "Could Not Be Sent".to_owned()),
            };
            let _unheard = placed.progress.send(told);
        }
    }

    /// Sends an INFO outside of a dialog.
    pub(super) fn send_info(
        &mut self,
        info: OutgoingInfo,
        done: oneshot::Sender<Result<u16, RequestError>>,
        now: Instant,
    ) {
        let Some(destination) = self.destination(Hop::udp(info.destination)) else {
            let _gone = done.send(Err(RequestError::Unreachable));
            return;
        };
        let call_id = info.call_id.unwrap_or_else(new_call_id);
        let from = from(None, &info.from, Tag::random());
        let lines = [("From", from), ("Call-ID", call_id), ("CSeq", "1 INFO".to_owned())];
        let Ok(mut request) = out_of_dialog(Method::INFO, &info.uri, lines) else {
            let _gone = done.send(Err(RequestError::InvalidUri));
            return;
        };
        for (name, value) in &info.headers {
            request.headers.push(name, value.as_str());
        }
        request.headers.set("Content-Type", info.content_type);
        request.body = info.body;
        let branch = new_branch();
        self.put_via(&mut request.headers, &branch, destination);
        let key = Key::client(&branch, &Method::INFO);
        self.start_client(key, &request, destination, Purpose::Info(Some(done)), now);
    }
}

/// A request outside of a dialog (§8.1.1), still without Via.
fn out_of_dialog(
    method: Method,
    uri: &str,
    lines: [(&str, String); 3],
) -> Result<Request, RequestError> {
    let uri = Uri::read(uri).map_err(|_| RequestError::InvalidUri)?;
    let mut headers = Headers::default();
    headers.push("Max-Forwards", "70");
    headers.push("To", format!("<{uri}>"));
    for (name, value) in lines {
        headers.push(name, value);
    }
    let request = Request { method, uri, headers, body: Vec::new() };
    request.from().map_err(|_| RequestError::InvalidUri)?;
    Ok(request)
}

fn from(name: Option<&str>, uri: &str, tag: Tag) -> String {
    match name {
        Some(name) => {
            let name = name.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{name}\" <{uri}>;tag={tag}")
        }
        None => format!("<{uri}>;tag={tag}"),
    }
}
