//! UPDATE (RFC 3311), and what it has in common with a re-INVITE: a new offer,
//! a session refresh, another target, another caller.

use ringpost_model::RemoteAudio;

use super::answer::Answer;
use super::arrival::Signal;
use super::call::{Call, Counterpart, Media};
use super::extensions::{ALLOW, SUPPORTED};
use super::incoming::{Incoming, SDP};
use super::task::Task;
use crate::dialog::{Agreed, Disagreed, MIN_SE, Tag};
use crate::party;
use crate::sdp::{Offer, read_offer};
use crate::wire::Response;

/// What a request within a call asks for, read and found good.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) offer: Option<(Offer, RemoteAudio)>,
    pub(super) agreed: Option<Agreed>,
}

impl Task {
    /// Reads a re-INVITE, UPDATE or PRACK before anything is changed by it.
    pub(super) fn read_change(&self, incoming: &Incoming) -> Result<Change, Answer> {
        let offer = incoming.session_description()?.map(read_offer).transpose()?;
        let offer = match offer {
            Some(offer) => {
                let policy = self.srtp_policy(incoming.origin);
                let audio = offer.audio(policy).ok_or_else(|| Answer::new(488))?;
                Some((offer, self.allowed_audio(audio, incoming.origin)))
            }
            None => None,
        };
        Ok(Change { offer, agreed: self.agree(incoming)? })
    }

    /// UPDATE, answered at once; then the house is told what is new.
    pub(super) fn handle_update(&mut self, tag: Tag, incoming: &Incoming) -> Result<(), Answer> {
        let change = self.read_change(incoming)?;
        match self.calls.get(&tag) {
            // The offer of the INVITE has no answer yet, or there was none (§5.2).
            Some(Call::Offered(_)) if change.offer.is_some() => return Err(retry_soon()),
            Some(Call::Standing(standing))
                if change.offer.is_some() && standing.media.offered.is_some() =>
            {
                return Err(Answer::new(491));
            }
            Some(Call::Offered(_) | Call::Standing(_)) => {}
            Some(Call::Placed(_) | Call::Ending(_)) | None => return Err(Answer::new(481)),
        }
        let contact = self.contact(incoming.origin);
        let mut answer = Answer::new(200).header("Contact", contact).header("Allow", ALLOW);
        answer = answer.header("Supported", SUPPORTED);
        let (mut news, mut body) = (Vec::new(), Vec::new());
        let Some(mut call) = self.take_call(tag) else { return Ok(()) };
        match &mut call {
            Call::Offered(offered) => {
                offered.dialog.refresh_target(incoming.request.contact().ok().flatten());
                news.extend(self.caller_changed(&mut offered.counterpart, incoming));
            }
            Call::Standing(standing) => {
                standing.dialog.refresh_target(incoming.request.contact().ok().flatten());
                news.extend(self.caller_changed(&mut standing.counterpart, incoming));
                standing.session.settled(change.agreed, incoming.now);
                answer.headers.extend(change.agreed.iter().flat_map(Agreed::headers));
                if let Some(offer) = change.offer {
                    body = standing.media.answer(offer, &mut news);
                }
            }
            Call::Placed(_) | Call::Ending(_) => {}
        }
        for signal in news {
            call.signal(signal);
        }
        self.keep_call(tag, call);
        if let Some(mut response) = self.response(&incoming.key, &answer) {
            put_description(&mut response, body);
            self.send(&incoming.key, &response, incoming.now);
        }
        Ok(())
    }

    /// The session timer that follows from a request; 422 where the interval that
    /// it asks for is too small (RFC 4028 §9).
    pub(super) fn agree(&self, incoming: &Incoming) -> Result<Option<Agreed>, Answer> {
        let agreed = Agreed::to(&incoming.request.headers, self.config.session_expires);
        agreed.map_err(|disagreed| match disagreed {
            Disagreed::TooSmall => Answer::new(422).header("Min-SE", MIN_SE.as_secs().to_string()),
            Disagreed::Unreadable(fault) => fault.into(),
        })
    }

    /// A peer that is believed may name another caller, as after a transfer; it
    /// names none in a request without an identity.
    pub(super) fn caller_changed(
        &self,
        counterpart: &mut Counterpart,
        incoming: &Incoming,
    ) -> Option<Signal> {
        let request = &incoming.request;
        counterpart.note_allow(&request.headers);
        let believed = self.terms(incoming.peer).believed;
        let has = |name| request.headers.get(name).is_some();
        let named = (believed.asserted_identity && has("P-Asserted-Identity"))
            || (believed.remote_party_id && has("Remote-Party-ID"));
        if !named {
            return None;
        }
        let caller = party::caller(request, believed);
        if caller == counterpart.caller {
            return None;
        }
        counterpart.caller = caller.clone();
        Some(Signal::CallerChanged(caller))
    }
}

impl Media {
    /// Our answer to an offer within the call; our own end never moves.
    pub(super) fn answer(
        &mut self,
        (offer, audio): (Offer, RemoteAudio),
        news: &mut Vec<Signal>,
    ) -> Vec<u8> {
        self.version += 1;
        news.extend(self.renegotiate(audio));
        let settled = self.remote.unwrap_or(audio);
        let sdp = offer.answer(self.rtp, &settled, self.session, self.version);
        self.describe(sdp)
    }
}

/// Adds our session description, where there is one.
pub(super) fn put_description(response: &mut Response, body: Vec<u8>) {
    if !body.is_empty() {
        response.headers.set("Content-Type", SDP);
        response.body = body;
    }
}

/// An earlier request of the peer has no answer yet (RFC 3261 §14.2, RFC 3311
/// §5.2): 0 to 10 seconds, so that both sides do not meet again.
pub(super) fn retry_soon() -> Answer {
    Answer::new(500).retry_after(rand::random_range(0..=10))
}
