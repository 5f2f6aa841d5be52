//! INVITE within a call (RFC 3261 §14.2): hold, resume, another address of the
//! peer. Our own end of the audio stream never moves.

use super::answer::Answer;
use super::arrival::Signal;
use super::call::Call;
use super::incoming::Incoming;
use super::task::Task;
use super::update::retry_soon;
use crate::dialog::Tag;

impl Task {
    /// Answered at once, then the house is told what is new.
    pub(super) fn handle_reinvite(&mut self, tag: Tag, incoming: &Incoming) -> Result<(), Answer> {
        match self.calls.get(&tag) {
            // Our 200 (RFC 5407 §3.1.4) or our own re-INVITE is still on its way.
            Some(Call::Standing(standing))
                if standing.unacked.is_some() || standing.session.invites() =>
            {
                return Err(Answer::new(491));
            }
            Some(Call::Standing(_)) => {}
            // The first INVITE has no answer yet (§14.2).
            _ => return Err(retry_soon()),
        }
        let change = self.read_change(incoming)?;
        let Some(Call::Standing(mut standing)) = self.take_call(tag) else { return Ok(()) };
        standing.dialog.refresh_target(incoming.request.contact().ok().flatten());
        let mut news: Vec<Signal> = Vec::new();
        news.extend(self.caller_changed(&mut standing.counterpart, incoming));
        let body = match change.offer {
            Some(offer) => standing.media.answer(offer, &mut news),
            None => standing.media.offer_again(false),
        };
        standing.session.settled(change.agreed, incoming.now);
        let invite = (&incoming.key, incoming.origin);
        standing.unacked = self.send_two_hundred(invite, body, change.agreed, incoming.now);
        for signal in news {
            standing.watcher.signal(signal);
        }
        self.keep_call(tag, Call::Standing(standing));
        Ok(())
    }
}
