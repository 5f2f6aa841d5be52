//! Our BYE, where the peer wants it proved as the INVITE was (RFC 3261 §22.2).

use std::time::Instant;

use super::call::Call;
use super::client_transactions::Purpose;
use super::task::Task;
use crate::dialog::Tag;
use crate::digest::{authorize, challenges, choose};
use crate::transaction::Key;
use crate::wire::{Method, Response};

impl Task {
    /// Answers the challenge, once. `false`: there is none, or nothing to answer
    /// it by, and the call is over whatever the peer thinks of it.
    pub(super) fn prove_bye(
        &mut self,
        tag: Tag,
        key: &Key,
        response: &Response,
        now: Instant,
    ) -> bool {
        if !matches!(response.status, 401 | 407) {
            return false;
        }
        let (Some(peer), Some(Call::Ending(dialog))) =
            (self.placed_peer(key), self.calls.get_mut(&tag))
        else {
            return false;
        };
        let offered = challenges(&response.headers);
        let (Some(challenge), Some(credentials)) = (choose(&offered), dialog.take_credentials())
        else {
            return false;
        };
        let mut bye = dialog.request(Method::BYE);
        let about = (bye.method.as_str(), bye.uri.as_str(), bye.body.as_slice());
        let cnonce = format!("{:032x}", rand::random::<u128>());
        let value = authorize(challenge, &credentials, about, &cnonce, 1);
        bye.headers.push(challenge.answered_in(), value);
        self.send_bye(&mut bye, peer, Purpose::Bye(tag), now);
        true
    }
}
