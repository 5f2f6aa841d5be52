//! Ends of calls that neither side asked for: the end of closing, and a fault of
//! our own.

use std::time::Instant;

use super::answer::Answer;
use super::call::Call;
use super::incoming::try_later;
use super::outgoing::Progress;
use super::task::{Task, guarded};
use crate::dialog::Tag;
use crate::transaction::Key;
use crate::wire::{Message, read_datagram};

impl Task {
    /// Closing has taken as long as it may: what still stands gets its BYE, also
    /// where no ACK came (RFC 3261 §15), and nobody waits for the answers.
    pub(super) fn farewell(&mut self, now: Instant) {
        let tags: Vec<Tag> = self.calls.keys().copied().collect();
        for tag in tags {
            match self.calls.get(&tag) {
                Some(Call::Offered(_)) => self.refuse(tag, try_later(), now),
                Some(Call::Standing(_)) => self.bye(tag, now),
                Some(Call::Placed(_)) => self.cancel(tag, None, now),
                Some(Call::Ending(_)) | None => {}
            }
        }
    }

    /// An event of that call broke inside: nobody knows what the call is in, so
    /// it ends, and both sides hear of it.
    pub(super) fn fault(&mut self, tag: Tag, now: Instant) {
        guarded(|| match self.calls.get(&tag) {
            Some(Call::Offered(_)) => self.refuse(tag, Answer::new(500), now),
            Some(Call::Standing(_)) => self.lose(tag, now),
            Some(Call::Placed(_)) => {
                let reason = "Server Internal Error".to_owned();
                self.give_up_placing(tag, Progress::Refused(500, reason));
            }
            Some(Call::Ending(_)) | None => {}
        });
    }

    /// The same of a message: its call ends, and a request gets its 500.
    pub(super) fn fault_in_message(&mut self, bytes: &[u8], now: Instant) {
        let mut tags = Vec::new();
        guarded(|| {
            let Ok(Some(Message::Request(request))) = read_datagram(bytes) else { return };
            let to = request.tag_in_to().and_then(|tag| Tag::read(&tag));
            tags.extend(to);
            let key = request.via().and_then(|via| Key::server(&request, &via));
            let Ok(key) = key else { return };
            if let Some(known) = self.server.get(&key) {
                tags.push(known.tag);
                self.respond(&key, &Answer::new(500), now);
            }
        });
        for tag in tags {
            self.fault(tag, now);
        }
    }
}
