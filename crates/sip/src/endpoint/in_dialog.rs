//! What happens within a call that stands: ACK, BYE of both sides, INFO, and the
//! 200 that nobody acknowledges (RFC 3261 §12.2, §13.3.1.4, §15).

use std::time::Instant;

use super::answer::Answer;
use super::arrival::Signal;
use super::call::{Call, Standing, Watcher};
use super::client_transactions::{Purpose, new_branch};
use super::incoming::{Incoming, try_later};
use super::outgoing::{Progress, RequestError};
use super::server_transactions::add_capabilities;
use super::task::Task;
use super::timers::Target;
use crate::dialog::{Due, Tag};
use crate::party;
use crate::transaction::Key;
use crate::transport::Origin;
use crate::wire::{Method, Request};

impl Task {
    /// A new request with a tag in To.
    pub(super) fn handle_in_dialog(&mut self, tag: Tag, incoming: Incoming) -> Result<(), Answer> {
        let request = incoming.request.clone();
        let no_dialog = || Answer::new(481);
        let known = self.calls.get(&tag).ok_or_else(no_dialog)?;
        let may_speak = self.may_speak_in(known, incoming.peer);
        let call = self.calls.get_mut(&tag).ok_or_else(no_dialog)?;
        let ending = matches!(call, Call::Ending(_));
        let dialog = call.dialog().filter(|dialog| dialog.holds(&request));
        let dialog = dialog.ok_or_else(no_dialog)?;
        may_speak?;
        if !dialog.take_cseq(request.cseq()?.0) {
            return Err(Answer::new(500).reason("CSeq Out Of Order"));
        }
        if request.method == Method::BYE {
            self.handle_bye(tag, &incoming);
            return Ok(());
        }
        // After our BYE the dialog is gone for everything but the peer's own.
        if ending {
            return Err(no_dialog());
        }
        self.follow(tag, incoming.origin);
        if request.method == Method::INVITE {
            self.handle_reinvite(tag, &incoming)
        } else if request.method == Method::UPDATE {
            self.handle_update(tag, &incoming)
        } else if request.method == Method::PRACK {
            self.handle_prack(tag, &incoming)
        } else if request.method == Method::OPTIONS {
            let Some(mut response) = self.response(&incoming.key, &Answer::new(200)) else {
                return Ok(());
            };
            add_capabilities(&mut response);
            self.send(&incoming.key, &response, incoming.now);
            Ok(())
        } else if incoming.body.is_empty() {
            // An INFO with nothing in it asks whether the call still stands (RFC 2976 §2.2).
            self.respond(&incoming.key, &Answer::new(200), incoming.now);
            Ok(())
        } else if self.closing.is_some() {
            Err(try_later())
        } else {
            self.handle_info(incoming, true)
        }
    }

    /// 200 at once; then the house is told.
    fn handle_bye(&mut self, tag: Tag, incoming: &Incoming) {
        let elsewhere = party::answered_elsewhere(&incoming.request);
        self.respond(&incoming.key, &Answer::new(200), incoming.now);
        let Some(call) = self.take_call(tag) else { return };
        match call {
            Call::Standing(standing) => {
                standing.watcher.hung_up(elsewhere || standing.is_taken(incoming.now));
                self.forget_watched(&standing.watcher);
                self.leave_refresh(&standing.session, incoming.now);
            }
            // BYE to an early dialog ends the INVITE as well (§15).
            Call::Offered(ref offered) => {
                let invite = offered.invite.clone();
                self.keep_call(tag, call);
                self.end_offered(tag, &invite, &Answer::new(487), elsewhere, incoming.now);
            }
            Call::Placed(_) | Call::Ending(_) => self.keep_call(tag, call),
        }
    }

    /// An ACK to one of our 2xx. There is no answer to an ACK, so what does not
    /// fit is dropped.
    pub(super) fn handle_ack(&mut self, incoming: &Incoming) {
        let Incoming { request, body, origin, now, .. } = incoming;
        let tag = request.tag_in_to().and_then(|tag| Tag::read(&tag));
        let (Some(tag), Ok((cseq, _))) = (tag, request.cseq()) else { return };
        let known = self.calls.get(&tag);
        if known.is_none_or(|call| self.may_speak_in(call, incoming.peer).is_err()) {
            return;
        }
        let Some(Call::Standing(standing)) = self.calls.get_mut(&tag) else { return };
        let ours = standing.dialog.holds(request);
        let acknowledges =
            |unacked: &mut super::call::Unacked| ours && unacked.response.is_acknowledged_by(cseq);
        if standing.unacked.take_if(acknowledges).is_none() {
            self.counters.retransmissions_received.add();
            return;
        }
        let first = !std::mem::replace(&mut standing.confirmed, true);
        self.follow(tag, *origin);
        let Some(Call::Standing(standing)) = self.calls.get_mut(&tag) else { return };
        let answer = standing.media.answered(body);
        let answer = answer.map(|audio| self.allowed_audio(audio, *origin));
        let Some(Call::Standing(standing)) = self.calls.get_mut(&tag) else { return };
        if let Some(audio) = answer {
            for news in standing.media.renegotiate(audio) {
                standing.watcher.signal(news);
            }
        }
        if first {
            standing.acknowledged = Some(*now);
            standing.watcher.signal(Signal::Acknowledged);
        }
        if standing.hang_up {
            self.bye(tag, *now);
        } else if standing.media.remote.is_none() {
            // Our offer has no answer that we can speak: there is no session (§13.2.2.4).
            self.lose(tag, *now);
        }
    }

    /// The house hangs up: BYE as soon as it may go.
    pub(super) fn hang_up(&mut self, tag: Tag, now: Instant) {
        match self.calls.get_mut(&tag) {
            Some(Call::Standing(standing)) if standing.confirmed => self.bye(tag, now),
            Some(Call::Standing(standing)) => standing.hang_up = true,
            Some(Call::Placed(_)) => self.cancel(tag, None, now),
            Some(Call::Offered(_) | Call::Ending(_)) | None => {}
        }
    }

    /// Nobody holds the call any more, be it by a fault: it must not go on.
    pub(super) fn abandon(&mut self, tag: Tag, now: Instant) {
        if matches!(self.calls.get(&tag), Some(Call::Offered(_))) {
            self.refuse(tag, Answer::new(500), now);
        } else {
            self.hang_up(tag, now);
        }
    }

    /// Sends BYE. The call is over with that, whatever comes back (§15.1.1).
    pub(super) fn bye(&mut self, tag: Tag, now: Instant) {
        let Some(call) = self.take_call(tag) else { return };
        let Call::Standing(standing) = call else {
            self.keep_call(tag, call);
            return;
        };
        let Standing { mut dialog, peer, watcher, session, .. } = *standing;
        self.forget_watched(&watcher);
        self.leave_refresh(&session, now);
        let mut bye = dialog.request(Method::BYE);
        let hop = self.hop(&dialog, peer);
        self.keep_call(tag, Call::Ending(Box::new(dialog)));
        self.send_bye(&mut bye, hop, Purpose::Bye(tag), now);
    }

    /// Our BYE found nobody. One that went down with its connection goes out once
    /// more by another; the call is over in any case.
    pub(super) fn bye_failed(&mut self, tag: Tag, peer: Origin, error: RequestError, now: Instant) {
        let Some(Call::Ending(mut dialog)) = self.take_call(tag) else { return };
        if error == RequestError::Unreachable && peer.transport.is_reliable() {
            let mut bye = dialog.request(Method::BYE);
            let hop = self.hop(&dialog, peer);
            self.send_bye(&mut bye, hop, Purpose::Nobody, now);
        }
    }

    /// Sends that BYE by a transaction of its own.
    pub(super) fn send_bye(
        &mut self,
        bye: &mut Request,
        hop: Origin,
        purpose: Purpose,
        now: Instant,
    ) {
        let branch = new_branch();
        self.put_via(&mut bye.headers, &branch, hop);
        self.start_client(Key::client(&branch, &Method::BYE), bye, hop, purpose, now);
    }

    /// The call is over: its INVITE may come again as a new one.
    fn forget_watched(&mut self, watcher: &Watcher) {
        if let Watcher::Server { invite, .. } = watcher {
            self.forget_ongoing(invite);
        }
    }

    /// A deadline of the call itself; then it waits for its next one.
    pub(super) fn call_deadline(&mut self, tag: Tag, now: Instant) {
        let deadline = self.calls.get(&tag).and_then(Call::deadline);
        if deadline.is_some_and(|deadline| deadline <= now) {
            self.reach_deadline(tag, now);
        }
        if let Some(next) = self.calls.get(&tag).and_then(Call::deadline) {
            self.timers.arm(next, Target::Call(tag));
        }
    }

    fn reach_deadline(&mut self, tag: Tag, now: Instant) {
        let Some(call) = self.calls.get_mut(&tag) else { return };
        match call {
            Call::Offered(offered) if offered.expires.is_some_and(|end| end <= now) => {
                let invite = offered.invite.clone();
                self.end_offered(tag, &invite, &Answer::new(487), false, now);
            }
            Call::Offered(offered) => {
                if offered.ring_again.is_some_and(|again| again <= now) {
                    self.ring(tag, now);
                }
                self.reliable_deadline(tag, now);
            }
            Call::Placed(_) => self.give_up_placing(tag, Progress::TimedOut),
            Call::Standing(standing) => {
                let unacked = standing.unacked.as_mut();
                let due = unacked.map(|sent| (sent.origin, sent.response.handle_deadline(now)));
                match due {
                    Some((origin, Due::Resend(bytes))) => {
                        self.counters.retransmissions_sent.add();
                        self.send_response(origin, bytes);
                    }
                    Some((_, Due::GiveUp)) => self.not_acknowledged(tag, now),
                    Some((_, Due::Nothing)) | None => {}
                }
                self.session_deadline(tag, now);
            }
            Call::Ending(_) => {}
        }
    }

    /// 64*T1 without ACK. Of the first 2xx the house decides; a re-INVITE that
    /// is not acknowledged ends the call (§14.2).
    fn not_acknowledged(&mut self, tag: Tag, now: Instant) {
        let Some(Call::Standing(standing)) = self.calls.get_mut(&tag) else { return };
        standing.unacked = None;
        if std::mem::replace(&mut standing.confirmed, true) {
            self.lose(tag, now);
            return;
        }
        if standing.taken {
            standing.watcher.hung_up(true);
            self.bye(tag, now);
            return;
        }
        standing.watcher.signal(Signal::NotAcknowledged);
        if standing.hang_up {
            self.bye(tag, now);
        }
    }
}
