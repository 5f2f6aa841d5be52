//! Session refreshes of our own (RFC 4028 §7, §10): by UPDATE where the peer takes
//! it, else by re-INVITE with the description that stands already.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::call::{Call, Standing, Watcher};
use super::client_transactions::{Purpose, new_branch};
use super::extensions::ALLOW;
use super::incoming::SDP;
use super::outgoing::RequestError;
use super::task::Task;
use crate::dialog::{Agreed, Dialog, Refused, SessionDue, SessionTimer, Tag};
use crate::transaction::Key;
use crate::transport::Origin;
use crate::wire::{Headers, Method, Request, Response};

/// What a call knows of its session timer.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// `None`: no timer was agreed.
    timer: Option<SessionTimer>,
    /// Our refresh that has no final response.
    ours: Option<Ours>,
    /// The peer refused UPDATE, whatever its Allow says.
    by_invite: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Ours {
    Update,
    /// By that client transaction.
    Invite(Key),
}

/// A refresh of ours under way, as its transaction keeps it.
#[derive(Debug)]
pub(super) struct Refresh {
    pub(super) tag: Tag,
    /// A re-INVITE; `None`: an UPDATE.
    pub(super) invite: Option<Arc<Request>>,
    /// Its ACK and the way that it took, for repeats of the 2xx (RFC 3261 §13.2.2.4).
    ack: Option<(Bytes, Origin)>,
}

impl Session {
    pub(super) fn new(timer: Option<SessionTimer>) -> Self {
        Self { timer, ..Self::default() }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timer.as_ref().map(SessionTimer::deadline)
    }

    /// A re-INVITE of ours has no final response.
    pub(super) fn invites(&self) -> bool {
        matches!(self.ours, Some(Ours::Invite(_)))
    }

    /// The peer refreshed the session, with a timer or without (§9).
    pub(super) fn settled(&mut self, agreed: Option<Agreed>, now: Instant) {
        self.timer = agreed.map(|agreed| agreed.timer(now));
    }
}

impl Task {
    /// The time of the session timer, where it has come.
    pub(super) fn session_deadline(&mut self, tag: Tag, now: Instant) {
        let Some(Call::Standing(standing)) = self.calls.get_mut(&tag) else { return };
        let Some(timer) = &mut standing.session.timer else { return };
        match timer.handle_deadline(now) {
            SessionDue::Nothing => {}
            SessionDue::Refresh => self.refresh(tag, now),
            SessionDue::Expired => {
                tracing::info!("a call ends because its session was not refreshed in time");
                self.lose(tag, now);
            }
        }
    }

    fn refresh(&mut self, tag: Tag, now: Instant) {
        let Some(call) = self.take_call(tag) else { return };
        let Call::Standing(mut standing) = call else { return self.keep_call(tag, call) };
        let by_update = standing.counterpart.updates && !standing.session.by_invite;
        let Some(timer) = &mut standing.session.timer else {
            return self.keep_call(tag, Call::Standing(standing));
        };
        // One INVITE at a time, whosoever it is (RFC 3261 §14.1).
        if !by_update && standing.unacked.is_some() {
            timer.again(Duration::from_secs(1), now);
            return self.keep_call(tag, Call::Standing(standing));
        }
        let headers = timer.request_headers();
        let method = if by_update { Method::UPDATE } else { Method::INVITE };
        let branch = new_branch();
        let key = Key::client(&branch, &method);
        let ours = if by_update { Ours::Update } else { Ours::Invite(key.clone()) };
        standing.session.ours = Some(ours);
        let mut request = standing.dialog.request(method);
        let hop = self.hop(&standing.dialog, standing.peer);
        request.headers.push("Contact", self.contact(hop));
        request.headers.push("Allow", ALLOW);
        for (name, value) in headers {
            request.headers.push(name, value);
        }
        if !by_update {
            request.headers.push("Content-Type", SDP);
            request.body = standing.media.offer_again(true);
        }
        self.keep_call(tag, Call::Standing(standing));
        self.put_via(&mut request.headers, &branch, hop);
        let request = Arc::new(request);
        let invite = (!by_update).then(|| request.clone());
        let purpose = Purpose::Refresh(Refresh { tag, invite, ack: None });
        self.start_client(key, &request, hop, purpose, now);
    }

    /// A response to our refresh; of 2xx to a re-INVITE also the repeats.
    pub(super) fn handle_refresh_response(&mut self, key: &Key, response: &Response, now: Instant) {
        let Some(Purpose::Refresh(refresh)) = self.client.get(key).map(|known| &known.purpose)
        else {
            return;
        };
        let (tag, invite) = (refresh.tag, refresh.invite.clone());
        if let Some((ack, to)) = refresh.ack.clone() {
            self.counters.retransmissions_received.add();
            self.counters.retransmissions_sent.add();
            self.send_request(to, ack);
            return;
        }
        match response.status {
            ..200 => {}
            200..300 => {
                if let Some(invite) = invite {
                    self.acknowledge_refresh(key, tag, &invite, response);
                }
                self.refreshed(tag, response, now);
            }
            status => self.refresh_refused(tag, status, &response.headers, now),
        }
    }

    /// The ACK goes where the 2xx says that the peer is now (RFC 3261 §12.2.1.2).
    fn acknowledge_refresh(&mut self, key: &Key, tag: Tag, invite: &Request, response: &Response) {
        let Some(peer) = self.placed_peer(key) else { return };
        let Ok((number, _)) = invite.cseq() else { return };
        let dialog: Option<&mut Dialog> = self.calls.get_mut(&tag).and_then(Call::dialog);
        let Some(dialog) = dialog else { return };
        dialog.refresh_target(response.contact().ok().flatten());
        let (mut ack, next) = (dialog.ack(number), dialog.next_hop().into_owned());
        let peer = self.hop_to(&next, peer);
        self.put_via(&mut ack.headers, &new_branch(), peer);
        let ack = Bytes::from(ack.to_bytes());
        self.send_request(peer, ack.clone());
        if let Some(Purpose::Refresh(refresh)) =
            self.client.get_mut(key).map(|known| &mut known.purpose)
        {
            refresh.ack = Some((ack, peer));
        }
    }

    fn refreshed(&mut self, tag: Tag, response: &Response, now: Instant) {
        let Some(call) = self.take_call(tag) else { return };
        let Call::Standing(mut standing) = call else { return self.keep_call(tag, call) };
        let Standing { session, dialog, counterpart, media, peer, .. } = standing.as_mut();
        session.ours = None;
        session.timer = SessionTimer::answered(&response.headers, session.timer.as_ref(), now);
        dialog.refresh_target(response.contact().ok().flatten());
        counterpart.note_allow(&response.headers);
        if let Some(audio) = media.answered(&response.body) {
            let audio = self.allowed_audio(audio, *peer);
            for news in media.renegotiate(audio) {
                standing.watcher.signal(news);
            }
        }
        self.keep_call(tag, Call::Standing(standing));
    }

    fn refresh_refused(&mut self, tag: Tag, status: u16, headers: &Headers, now: Instant) {
        let Some(call) = self.take_call(tag) else { return };
        let Call::Standing(mut standing) = call else { return self.keep_call(tag, call) };
        let was = standing.session.ours.take();
        if matches!(was, Some(Ours::Invite(_))) {
            standing.media.offered = None;
        }
        // Whose Call-ID it is waits longer (RFC 3261 §14.1).
        let glare = match standing.watcher {
            Watcher::Client(_) => rand::random_range(2100..=4000),
            Watcher::Server { .. } => rand::random_range(0..=2000),
        };
        let glare = Duration::from_millis(glare);
        let Some(timer) = &mut standing.session.timer else {
            return self.keep_call(tag, Call::Standing(standing));
        };
        match timer.refused((status, headers), glare, now) {
            Refused::Again => {}
            Refused::AsInvite => {
                let wait = if was == Some(Ours::Update) { Duration::ZERO } else { LATER };
                timer.again(wait, now);
                standing.session.by_invite = true;
            }
            Refused::Over => {
                self.keep_call(tag, Call::Standing(standing));
                return self.lose(tag, now);
            }
        }
        self.keep_call(tag, Call::Standing(standing));
    }

    /// No final response at all counts as 408, a fault of the transport as 503
    /// (RFC 3261 §8.1.3.1).
    pub(super) fn refresh_failed(&mut self, tag: Tag, error: RequestError, now: Instant) {
        let status = if error == RequestError::TimedOut { 408 } else { 503 };
        self.refresh_refused(tag, status, &Headers::default(), now);
    }

    /// The call is over: a re-INVITE of ours that has no answer is waited for no
    /// longer than its end takes to come.
    pub(super) fn leave_refresh(&mut self, session: &Session, now: Instant) {
        if let Some(Ours::Invite(key)) = &session.ours {
            self.leave_client(key, now);
        }
    }

    /// The call is lost by the peer's fault: BYE, and the house hears that it is over.
    pub(super) fn lose(&mut self, tag: Tag, now: Instant) {
        let Some(Call::Standing(standing)) = self.calls.get(&tag) else { return };
        standing.watcher.hung_up(false);
        self.bye(tag, now);
    }
}

/// A peer without re-INVITE cannot be asked differently.
const LATER: Duration = Duration::from_secs(60);
