//! INVITE within a call (RFC 3261 §14.2): hold, resume, another address of the
//! peer. Our own end of the audio stream never moves.

use super::answer::Answer;
use super::arrival::Signal;
use super::call::Call;
use super::incoming::{Incoming, RETRY_AFTER};
use super::task::Task;
use crate::dialog::Tag;
use crate::sdp::{OwnKeys, read_offer, write_offer};

impl Task {
    /// Answered at once, then the house is told what is new.
    pub(super) fn handle_reinvite(&mut self, tag: Tag, incoming: &Incoming) -> Result<(), Answer> {
        match self.calls.get(&tag) {
            Some(Call::Standing(standing)) if standing.unacked.is_some() => {
                // Our 200 is still on its way (RFC 5407 §3.1.4).
                return Err(Answer::new(491));
            }
            Some(Call::Standing(_)) => {}
            // The first INVITE has no answer yet (§14.2).
            _ => return Err(Answer::new(500).retry_after(RETRY_AFTER)),
        }
        let offer = incoming.session_description()?.map(read_offer).transpose()?;
        let policy = self.srtp_policy(incoming.origin);
        let audio = match &offer {
            Some(offer) => Some(offer.audio(policy).ok_or_else(|| Answer::new(488))?),
            None => None,
        };
        let audio = audio.map(|audio| self.allowed_audio(audio, incoming.origin));
        let Some(Call::Standing(mut standing)) = self.take_call(tag) else { return Ok(()) };
        standing.dialog.refresh_target(&incoming.request);
        let media = &mut standing.media;
        media.version += 1;
        let (rtp, session, version) = (media.rtp, media.session, media.version);
        let mut news: Vec<Signal> = Vec::new();
        let body = match (offer, audio) {
            (Some(offer), Some(audio)) => {
                news = media.renegotiate(audio);
                offer.answer(rtp, &media.remote, session, version)
            }
            _ => write_offer(rtp, session, version, &OwnKeys::current(media.remote.srtp)),
        };
        let unacked = self.send_two_hundred(&incoming.key, incoming.origin, body, incoming.now);
        standing.unacked = unacked.map(|mut unacked| {
            unacked.expects_answer = audio.is_none();
            unacked
        });
        for signal in news {
            standing.watcher.signal(signal);
        }
        self.keep_call(tag, Call::Standing(standing));
        Ok(())
    }
}
