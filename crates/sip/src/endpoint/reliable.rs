//! Reliable provisional responses (RFC 3262): our 180 to a peer that requires
//! them, with its PRACK, and our PRACK to those of a call that we placed.

use std::time::Instant;

use ringpost_model::RemoteAudio;

use super::answer::Answer;
use super::call::{Call, Offered};
use super::client_transactions::{Purpose, new_branch};
use super::extensions::ALLOW;
use super::incoming::Incoming;
use super::task::Task;
use super::update::{put_description, retry_soon};
use crate::dialog::{Dialog, Due, Provisional, RAck, Tag, names};
use crate::sdp::read_answer;
use crate::transaction::Key;
use crate::wire::{Method, Request, Response};

/// Early dialogs of one placed call that are kept; a fork with more of them is
/// none that we asked for.
const FORKS: usize = 16;

/// An early dialog of a call that we placed.
#[derive(Debug)]
pub(super) struct Early {
    pub(super) dialog: Dialog,
    /// The last RSeq that was acknowledged.
    rseq: u32,
    /// The answer to our offer, where a reliable response had it already.
    pub(super) audio: Option<RemoteAudio>,
}

/// What an INVITE asks of our provisional responses.
pub(super) fn required(invite: &Request) -> Option<Provisional> {
    let required = names(&invite.headers, "Require", "100rel");
    let (number, _) = invite.cseq().ok().filter(|_| required)?;
    // Room for many more above it (§3).
    Some(Provisional::new(number, rand::random_range(1..1 << 30)))
}

impl Task {
    /// 180 as the peer requires it; `false`: it requires nothing.
    pub(super) fn ring_reliably(&mut self, tag: Tag, now: Instant) -> bool {
        let Some(Call::Offered(offered)) = self.calls.get(&tag) else { return false };
        let Some(reliable) = &offered.reliable else { return false };
        // Without an offer in the INVITE ours would have to be in the 180 (§5).
        let rseq = reliable.next_rseq().filter(|_| offered.offer.is_some());
        let (invite, origin) = (offered.invite.clone(), offered.origin);
        let Some(rseq) = rseq else { return true };
        let ringing = Answer::new(180)
            .header("Contact", self.contact(origin))
            .header("Allow", ALLOW)
            .header("Require", "100rel")
            .header("RSeq", rseq.to_string());
        let Some(response) = self.response(&invite, &ringing) else { return true };
        let bytes = self.send(&invite, &response, now);
        if let Some(Call::Offered(mut offered)) = self.take_call(tag) {
            if let Some(reliable) = &mut offered.reliable {
                reliable.sent(bytes, now);
            }
            self.keep_call(tag, Call::Offered(offered));
        }
        true
    }

    /// Repeats our 180; after 64*T1 without PRACK the INVITE is refused (§3).
    pub(super) fn reliable_deadline(&mut self, tag: Tag, now: Instant) {
        let Some(Call::Offered(offered)) = self.calls.get_mut(&tag) else { return };
        let Some(reliable) = &mut offered.reliable else { return };
        let invite = offered.invite.clone();
        match reliable.handle_deadline(now) {
            Due::Nothing => {}
            Due::Resend(bytes) => {
                if let Some(origin) = self.way_back(&invite) {
                    self.counters.retransmissions_sent.add();
                    self.send_response(origin, bytes);
                }
            }
            Due::GiveUp => self.end_offered(tag, &invite, &Answer::new(504), false, now),
        }
    }

    /// PRACK: 200 to the one that is waited for, 481 to every other (§3).
    pub(super) fn handle_prack(&mut self, tag: Tag, incoming: &Incoming) -> Result<(), Answer> {
        let rack = incoming.request.headers.get("RAck").and_then(RAck::read);
        let Some(call) = self.take_call(tag) else { return Err(Answer::new(481)) };
        let mut call = call;
        let reliable = match &mut call {
            Call::Offered(offered) => offered.reliable.as_mut(),
            Call::Standing(standing) => standing.reliable.as_mut(),
            Call::Placed(_) | Call::Ending(_) => None,
        };
        let fits = reliable.zip(rack).is_some_and(|(reliable, rack)| reliable.acknowledge(rack));
        let answered = if fits { self.pracked(&mut call, incoming) } else { Err(Answer::new(481)) };
        self.keep_call(tag, call);
        answered
    }

    /// 200 to a PRACK, with our answer to what it offers (§5).
    fn pracked(&mut self, call: &mut Call, incoming: &Incoming) -> Result<(), Answer> {
        let change = self.read_change(incoming)?;
        let (mut news, mut body) = (Vec::new(), Vec::new());
        if let Some(offer) = change.offer {
            match call {
                // The offer of the INVITE goes first.
                Call::Offered(_) => return Err(retry_soon()),
                Call::Standing(standing) if standing.media.offered.is_some() => {
                    return Err(Answer::new(491));
                }
                Call::Standing(standing) => body = standing.media.answer(offer, &mut news),
                Call::Placed(_) | Call::Ending(_) => {}
            }
        }
        if let Some(mut response) = self.response(&incoming.key, &Answer::new(200)) {
            put_description(&mut response, body);
            self.send(&incoming.key, &response, incoming.now);
        }
        for signal in news {
            call.signal(signal);
        }
        Ok(())
    }

    /// A provisional response to our INVITE; a reliable one gets its PRACK, each
    /// RSeq once and in order (§4).
    pub(super) fn handle_provisional(&mut self, tag: Tag, response: &Response, now: Instant) {
        let rseq = response.headers.get("RSeq").and_then(|text| text.trim().parse::<u32>().ok());
        let required = names(&response.headers, "Require", "100rel");
        let Some(rseq) = rseq.filter(|_| required && response.status > 100) else { return };
        let Some(Call::Placed(placed)) = self.calls.get_mut(&tag) else { return };
        let Some(sent) = &placed.sent else { return };
        let Ok(dialog) = Dialog::answered(&sent.invite, response) else { return };
        let Ok((number, _)) = sent.invite.cseq() else { return };
        let peer = sent.destination;
        let same = |early: &Early| early.dialog.remote_tag() == dialog.remote_tag();
        let known = placed.early.iter().position(same);
        if known.is_none() {
            if placed.early.len() >= FORKS {
                return;
            }
            let before = rseq.saturating_sub(1);
            placed.early.push(Early { dialog, rseq: before, audio: None });
        }
        let known = known.unwrap_or(placed.early.len() - 1);
        let Some(early) = placed.early.get_mut(known) else { return };
        // One that was acknowledged comes again, or one before it is missing.
        if early.rseq.checked_add(1) != Some(rseq) {
            return;
        }
        early.rseq = rseq;
        if early.audio.is_none() && !response.body.is_empty() {
            early.audio = read_answer(&response.body, &placed.keys).ok();
        }
        let mut prack = early.dialog.request(Method::PRACK);
        prack.headers.push("RAck", format!("{rseq} {number} INVITE"));
        let next = early.dialog.next_hop().into_owned();
        let hop = self.hop_to(&next, peer);
        let branch = new_branch();
        self.put_via(&mut prack.headers, &branch, hop);
        let key = Key::client(&branch, &Method::PRACK);
        self.start_client(key, &prack, hop, Purpose::Nobody, now);
    }
}

impl Offered {
    /// What stays of our reliable responses once the final one goes: nothing is
    /// repeated, a late PRACK is still answered.
    pub(super) fn last_reliable(&mut self) -> Option<Provisional> {
        let mut reliable = self.reliable.take()?;
        reliable.stop();
        Some(reliable)
    }
}
