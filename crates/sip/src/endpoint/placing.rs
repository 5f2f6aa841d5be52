//! Calls of our own (RFC 3261 §13.2), and their CANCEL (§9.1).

use std::time::Instant;

use bytes::Bytes;

use super::call::{Acknowledged, Call, Cancel, Counterpart, Media, Placed, Standing, Watcher};
use super::client_transactions::{ClientTransaction, Purpose, like_invite, new_branch};
use super::command::Placing;
use super::draft::{Contact, Draft, Sender};
use super::extensions::{ALLOW, SUPPORTED};
use super::incoming::SDP;
use super::invite::new_session;
use super::outgoing::{Progress, RequestError};
use super::sending::{Outcome, Wanted};
use super::session_timer::Session;
use super::task::Task;
use super::timers::Target;
use crate::dialog::{Dialog, MIN_SE, SessionExpires, SessionTimer, Tag};
use crate::sdp::{OwnKeys, read_answer, write_offer};
use crate::transaction::{Key, TIMER_B};
use crate::transport::Origin;
use crate::wire::{Method, Response};

/// Branches of a fork whose 2xx are acknowledged; more are none we asked for.
const BRANCHES: usize = 16;
/// What a cancelled call ends with.
const TERMINATED: &str = "Request Terminated";

impl Task {
    /// Sends the INVITE of a call.
    pub(super) fn place(&mut self, placing: Placing, now: Instant) {
        let Placing { tag, call_id, invite: wanted, progress } = placing;
        let sender =
            Sender { name: wanted.from_name.as_deref(), uri: Some(&wanted.from), tag, call_id };
        let Ok(mut draft) = Draft::new(Method::INVITE, &wanted.uri, &wanted.uri, sender) else {
            let _unheard = progress.send(Progress::Refused(400, "Bad URI".to_owned()));
            return;
        };
        draft.contact = Contact::Here;
        draft.credentials = wanted.credentials;
        draft.destination = wanted.destination;
        draft.header("Allow", ALLOW);
        draft.header("Supported", SUPPORTED);
        let expires =
            SessionExpires { interval: self.config.session_expires.max(MIN_SE), refresher: None };
        draft.header("Session-Expires", expires.to_string());
        for (name, value) in &wanted.headers {
            draft.header(name, value);
        }
        let session = new_session();
        let keys = OwnKeys::fresh(wanted.srtp);
        let described = write_offer(wanted.rtp, session, 1, &keys);
        draft.body(SDP, described.clone().into_bytes());
        let placed = Placed {
            sent: None,
            progress,
            rtp: wanted.rtp,
            keys,
            session,
            described,
            ringing: false,
            cancel: None,
            early: Vec::new(),
        };
        self.keep_call(tag, Call::Placed(Box::new(placed)));
        self.send_outside(tag, draft, Wanted::Call, now);
    }

    /// The house, or the end of its handle, wants a placed call to end.
    pub(super) fn cancel(&mut self, tag: Tag, reason: Option<String>, now: Instant) {
        let Some(Call::Placed(placed)) = self.calls.get_mut(&tag) else { return };
        if placed.cancel.is_some() {
            return;
        }
        placed.cancel = Some(Cancel { reason, give_up: None });
        match &placed.sent {
            Some(sent) if sent.proceeding => self.send_cancel(tag, now),
            Some(_) => {}
            None => self.give_up_placing(tag, Progress::Refused(487, TERMINATED.to_owned())),
        }
    }

    /// It was cancelled: no further INVITE of it goes out.
    pub(super) fn is_cancelled(&self, tag: Tag) -> bool {
        let call = self.calls.get(&tag);
        matches!(call, Some(Call::Placed(placed)) if placed.cancel.is_some())
    }

    /// Ends a placed call that nobody answered, and says how.
    pub(super) fn give_up_placing(&mut self, tag: Tag, how: Progress) {
        self.outbound.requests.remove(&tag);
        if let Some(Call::Placed(placed)) = self.take_call(tag) {
            if let Some(sent) = &placed.sent {
                self.drop_client(&sent.key);
            }
            let _unheard = placed.progress.send(how);
        }
    }

    /// Sends CANCEL, once a provisional response allows it.
    fn send_cancel(&mut self, tag: Tag, now: Instant) {
        let Some(Call::Placed(placed)) = self.calls.get_mut(&tag) else { return };
        let unsent = placed.cancel.as_mut().filter(|cancel| cancel.give_up.is_none());
        let (Some(cancel), Some(sent)) = (unsent, &placed.sent) else { return };
        let give_up = now + TIMER_B;
        cancel.give_up = Some(give_up);
        let mut request = like_invite(&sent.invite, Method::CANCEL);
        if let Some(reason) = &cancel.reason {
            request.headers.push("Reason", reason.as_str());
        }
        let Ok(via) = sent.invite.via() else { return };
        let key = Key::client(&via.branch().unwrap_or_default(), &Method::CANCEL);
        let destination = sent.destination;
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
        let placed = match self.calls.get_mut(&tag) {
            Some(Call::Placed(placed)) => Some(placed),
            _ => None,
        };
        let current =
            placed.filter(|placed| placed.sent.as_ref().is_some_and(|sent| sent.key == *key));
        match (response.status, current) {
            (..200, Some(placed)) => {
                if let Some(sent) = &mut placed.sent {
                    sent.proceeding = true;
                }
                if response.status > 100 && !std::mem::replace(&mut placed.ringing, true) {
                    let _unheard = placed.progress.send(Progress::Ringing);
                }
                self.outside_response(tag, key, response, now);
                self.handle_provisional(tag, response, now);
                self.send_cancel(tag, now);
            }
            (..200, None) => self.cancel_late(key, now),
            (200..300, current) => {
                let wanted = current.is_some();
                self.handle_two_hundred(key, tag, wanted, response, now);
            }
            (300.., _) => self.outside_response(tag, key, response, now),
        }
    }

    /// A try that was given up rings after all.
    fn cancel_late(&mut self, key: &Key, now: Instant) {
        let Some(transaction) = self.client.get(key) else { return };
        let Purpose::Invite { invite, .. } = &transaction.purpose else { return };
        let Ok(via) = invite.via() else { return };
        let cancel = Key::client(&via.branch().unwrap_or_default(), &Method::CANCEL);
        let Some(destination) = self.placed_peer(key) else { return };
        let request = like_invite(invite, Method::CANCEL);
        if !self.client.contains_key(&cancel) {
            self.start_client(cancel, &request, destination, Purpose::Nobody, now);
        }
    }

    /// Every 2xx gets its ACK; the first makes the call, others of a fork are
    /// hung up at once (§13.2.2.4).
    fn handle_two_hundred(
        &mut self,
        key: &Key,
        tag: Tag,
        wanted: bool,
        response: &Response,
        now: Instant,
    ) {
        let Some(transaction) = self.client.get(key) else { return };
        let Purpose::Invite { invite, acks, .. } = &transaction.purpose else { return };
        let Ok(mut dialog) = Dialog::answered(invite, response) else {
            // Nothing else would ever end the call.
            if wanted {
                self.give_up_placing(tag, Progress::Refused(502, "Bad Response".to_owned()));
            }
            return;
        };
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
            Some(Call::Placed(placed)) if wanted => {
                let sending = self.outbound.requests.remove(&tag);
                dialog.keep_credentials(sending.and_then(|sending| sending.draft.credentials));
                self.answered(tag, *placed, dialog, (peer, response), now);
            }
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
        let Some(number) = self.client.get(key).and_then(ClientTransaction::number) else { return };
        let mut ack = dialog.ack(number);
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
        mut dialog: Dialog,
        (destination, response): (Origin, &Response),
        now: Instant,
    ) {
        let Placed { progress, rtp, keys, session, described, cancel, early, .. } = placed;
        let early = early.iter().find(|early| early.dialog.remote_tag() == dialog.remote_tag());
        let mut audio = read_answer(&response.body, &keys);
        if let Some(early) = early {
            dialog.continue_from(&early.dialog);
            // A reliable response had the answer already (RFC 3262 §5).
            audio = audio.or_else(|fault| early.audio.ok_or(fault));
        }
        let told = match (&audio, cancel) {
            (_, Some(_)) => Progress::Refused(487, TERMINATED.to_owned()),
            (Ok(audio), None) => Progress::Answered(*audio),
            (Err(_), None) => Progress::Refused(488, "Not Acceptable Here".to_owned()),
        };
        let Some(remote) = audio.ok().filter(|_| matches!(told, Progress::Answered(_))) else {
            let _unheard = progress.send(told);
            self.end_at_once(tag, dialog, destination, now);
            return;
        };
        let _unheard = progress.send(told);
        let mut counterpart = Counterpart::default();
        counterpart.note_allow(&response.headers);
        let timer = SessionTimer::answered(&response.headers, None, now);
        let standing = Standing {
            dialog,
            peer: destination,
            watcher: Watcher::Client(progress),
            counterpart,
            session: Session::new(timer),
            reliable: None,
            media: Media {
                rtp,
                remote: Some(remote),
                offered: None,
                session,
                version: 1,
                described,
            },
            unacked: None,
            confirmed: true,
            acknowledged: Some(now),
            taken: false,
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

    /// No hop answered it by 2xx.
    pub(super) fn placing_ended(&mut self, tag: Tag, outcome: Outcome) {
        let Some(Call::Placed(placed)) = self.take_call(tag) else { return };
        let told = match outcome {
            Ok(response) => Progress::Refused(response.status, response.reason),
            Err(RequestError::TimedOut) => Progress::TimedOut,
            // A fault on the way counts as 503 (§8.1.3.1).
            Err(error) => Progress::Refused(503, error.to_string()),
        };
        let _unheard = placed.progress.send(told);
    }
}
