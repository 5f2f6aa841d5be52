//! What comes in: calls, reports and OPTIONS, and the handles to answer them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use ringpost_model::{Party, RemoteAudio};
use tokio::sync::mpsc;

use super::answer::Answer;
use super::command::{Command, Commands};
use crate::SrtpPolicy;
use crate::dialog::Tag;
use crate::transaction::Key;

/// Something new that a peer wants of us.
#[derive(Debug)]
pub enum Arrival {
    /// An INVITE that opens a call.
    Call(IncomingCall),
    /// An INFO, which may report a missed call.
    Report(IncomingReport),
    /// An OPTIONS outside of a dialog.
    Options(IncomingOptions),
}

/// A call that waits to be answered or refused.
#[derive(Debug)]
pub struct IncomingCall {
    /// What the INVITE said.
    pub invitation: Invitation,
    /// What the peer does from now on. Closes when the dialog is gone.
    pub signals: mpsc::UnboundedReceiver<Signal>,
    /// What we can do.
    pub control: CallControl,
}

/// What an INVITE said, read and checked.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Where the INVITE came from.
    pub peer: SocketAddr,
    /// The name of the [`Peer`](crate::Peer) that it is from.
    pub peer_name: Arc<str>,
    /// That peer's sound may come from any source.
    pub nat: bool,
    /// Whether sound of that peer is encrypted. `audio` fits it already.
    pub srtp: SrtpPolicy,
    /// The socket of ours it came to; its address may be unspecified.
    pub local: SocketAddr,
    /// The address of ours that reaches the peer.
    pub local_ip: IpAddr,
    /// SIP Call-ID.
    pub call_id: String,
    /// Call-ID, Ms-Conversation-ID, Session-ID…: raw values without duplicates,
    /// by which another ear may know this call.
    pub identifiers: Vec<String>,
    /// P-Asserted-Identity, else Remote-Party-ID, where the peer is believed in
    /// them, else From.
    pub caller: Party,
    /// From Diversion and History-Info, as far as the peer is believed in them,
    /// oldest first.
    pub diversions: Vec<Party>,
    /// Target of RFC 4458, Request-URI, To; in this order.
    pub addressed: Vec<Party>,
    /// The Request-URI asks for voice mail at once (`opaque=app:voicemail`).
    pub straight_to_voice_mail: bool,
    /// The audio stream to be agreed; `None`: nothing that we can speak, or
    /// nothing was offered, see `late_offer`.
    pub audio: Option<RemoteAudio>,
    /// The INVITE offered nothing: [`CallControl::answer`] sends our offer, and
    /// the peer's audio comes with [`Signal::MediaMoved`] before
    /// [`Signal::Acknowledged`].
    pub late_offer: bool,
    /// When the INVITE was read.
    pub received: Instant,
}

/// What the peer of a call did. All of it is already answered on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// CANCEL before our answer: the INVITE got its 487. It may have overtaken
    /// a [`CallControl::answer`], which then had no effect.
    Cancelled {
        /// Reason says that somebody else took the call (RFC 3326).
        elsewhere: bool,
    },
    /// The ACK to our 200 came: the call stands.
    Acknowledged,
    /// No ACK within timer H, of a caller who said nothing more. The dialog stays until the house hangs up.
    NotAcknowledged,
    /// BYE; or the call is lost: no session refresh came (RFC 4028), or the ACK
    /// after a late offer brought no answer that we can speak.
    HungUp {
        /// Reason says that somebody else took the call (RFC 3326).
        elsewhere: bool,
    },
    /// A re-INVITE or UPDATE put us on hold.
    Held,
    /// A re-INVITE or UPDATE took us from hold.
    Resumed,
    /// A re-INVITE or UPDATE moved the peer's end of the audio stream, or it is
    /// known now, after a late offer.
    MediaMoved(RemoteAudio),
    /// A peer that is believed names another caller, as after a transfer.
    CallerChanged(Party),
}

/// Commands for one call; never waits. When the last clone is dropped, a call
/// that is neither answered nor refused gets 500, and one that stands gets BYE.
#[derive(Debug, Clone)]
pub struct CallControl(Arc<Holder>);

/// Ties the life of a call to the handles that can end it.
#[derive(Debug)]
pub(crate) struct Holder {
    tag: Tag,
    commands: Commands,
}

impl Holder {
    pub(crate) fn new(tag: Tag, commands: Commands) -> Self {
        Self { tag, commands }
    }

    /// Sends the command made for this call. A closed endpoint has no calls.
    pub(crate) fn send(&self, command: impl FnOnce(Tag) -> Command) {
        let _closed = self.commands.send(command(self.tag));
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.send(Command::Abandon);
    }
}

impl CallControl {
    pub(crate) fn new(tag: Tag, commands: Commands) -> Self {
        Self(Arc::new(Holder::new(tag, commands)))
    }

    /// Sends 180 Ringing; reliably where the peer requires that (RFC 3262). A peer
    /// that requires it and leaves the offer to us gets none: the offer would
    /// have to be in it.
    pub fn ring(&self) {
        self.0.send(Command::Ring);
    }

    /// Sends 200 with our SDP answer, or our offer where the INVITE had none;
    /// `rtp` is our end of the audio stream.
    /// The 200 is repeated until [`Signal::Acknowledged`] or
    /// [`Signal::NotAcknowledged`].
    pub fn answer(&self, rtp: SocketAddr) {
        self.0.send(|tag| Command::Answer(tag, rtp));
    }

    /// Sends a final response of 300 to 699 and ends the call.
    pub fn refuse(&self, answer: Answer) {
        self.0.send(|tag| Command::Refuse(tag, answer));
    }

    /// Sends BYE, once the ACK came or timer H ran out (RFC 3261 §15). Nothing
    /// happens on a call that was not answered.
    pub fn hang_up(&self) {
        self.0.send(Command::HangUp);
    }
}

/// An INFO, inside or outside of a dialog, of any content type. Peer and
/// framing are checked; whether it may report, and what, is the house's affair.
#[derive(Debug)]
pub struct IncomingReport {
    /// Where it came from.
    pub peer: SocketAddr,
    /// As [`Invitation::peer_name`].
    pub peer_name: Arc<str>,
    /// Content-Type as it stood; empty where there was none.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
    /// SIP Call-ID.
    pub call_id: String,
    /// As [`Invitation::identifiers`].
    pub identifiers: Vec<String>,
    /// As [`Invitation::caller`].
    pub caller: Party,
    /// As [`Invitation::diversions`].
    pub diversions: Vec<Party>,
    /// As [`Invitation::addressed`].
    pub addressed: Vec<Party>,
    /// It came inside a dialog of a call.
    pub in_dialog: bool,
    /// The answer goes here.
    pub responder: Responder,
}

/// An OPTIONS outside of a dialog.
#[derive(Debug)]
pub struct IncomingOptions {
    /// The user in the Request-URI, where there is one.
    pub called: Option<Party>,
    /// The answer goes here; Allow, Accept and Supported are added to a 200.
    pub responder: Responder,
}

/// The answer to one request. Dropped without an answer, it sends 500.
#[derive(Debug)]
pub struct Responder {
    key: Option<Key>,
    commands: Commands,
}

impl Responder {
    pub(crate) fn new(key: Key, commands: Commands) -> Self {
        Self { key: Some(key), commands }
    }

    /// Sends the final response; never waits.
    pub fn respond(mut self, answer: Answer) {
        self.send(answer);
    }

    fn send(&mut self, answer: Answer) {
        if let Some(key) = self.key.take() {
            let _closed = self.commands.send(Command::Respond(key, answer));
        }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.send(Answer::new(500));
    }
}
