//! Registering with a phone system, seen from the house.

use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::command::{Command, Commands};
use super::outgoing::RequestError;
use crate::dialog::Tag;
use crate::{Credentials, Hop};

/// An address of record that calls for us are sent to, at a registrar (RFC 3261
/// §10). What the registrar sends us then comes as from anybody else: it has to be
/// a [`crate::Peer`] as well.
#[derive(Debug, Clone)]
pub struct Registration {
    /// URI of the registrar, such as `sip:pbx.example.com`.
    pub registrar: String,
    /// SIP URI of the address of record.
    pub address_of_record: String,
    /// User part of our Contact, to which calls come; as it stands in a URI.
    pub contact_user: String,
    /// What a challenge is answered by.
    pub credentials: Option<Credentials>,
    /// How long a registration is asked to last; the registrar may choose less. It
    /// is refreshed after 80 to 90 percent of it.
    pub expires: Duration,
    /// Where REGISTER is sent to; `None`: where the registrar's URI leads
    /// (RFC 3263).
    pub destination: Option<Hop>,
}

/// Where a registration stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrationState {
    /// The first REGISTER is under way.
    Registering,
    /// Calls come in until then, or until it is refreshed.
    Registered {
        /// When it ends.
        until: Instant,
    },
    /// The registrar wants none. It is asked again within half an hour.
    Refused {
        /// Status of its answer.
        status: u16,
        /// Its reason phrase.
        reason: String,
    },
    /// The registrar gives no answer. It is asked again after 30 s at most, then
    /// less and less often, and at least every half hour.
    Unreachable(RequestError),
}

/// Keeps up one registration. Dropping it takes the registration back.
#[derive(Debug)]
pub struct RegistrationHandle {
    tag: Tag,
    commands: Commands,
    state: watch::Receiver<RegistrationState>,
}

/// What the endpoint's task needs of it.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) tag: Tag,
    pub(crate) wanted: Registration,
    pub(crate) state: watch::Sender<RegistrationState>,
}

impl RegistrationHandle {
    pub(crate) fn new(wanted: Registration, commands: Commands) -> RegistrationHandle {
        let tag = Tag::random();
        let (told, state) = watch::channel(RegistrationState::Registering);
        let wish = Wish { tag, wanted, state: told };
        let _closed = commands.send(Command::Register(Box::new(wish)));
        RegistrationHandle { tag, commands, state }
    }

    /// Where it stands now.
    pub fn state(&self) -> RegistrationState {
        self.state.borrow().clone()
    }

    /// Waits for the next change, which may have happened already; `None`: the
    /// endpoint was closed. Cancelling it loses nothing.
    pub async fn changed(&mut self) -> Option<RegistrationState> {
        self.state.changed().await.ok()?;
        Some(self.state.borrow_and_update().clone())
    }

    /// Takes the registration back and waits for the registrar's answer, 32 s at
    /// most.
    pub async fn close(self) {
        let (done, gone) = oneshot::channel();
        if self.commands.send(Command::Deregister(self.tag, Some(done))).is_ok() {
            // Dropped instead of sent means gone, too.
            let _gone = gone.await;
        }
    }
}

impl Drop for RegistrationHandle {
    fn drop(&mut self) {
        let _closed = self.commands.send(Command::Deregister(self.tag, None));
    }
}
