//! What we send on our own account: calls and reports.

use std::net::SocketAddr;

use ringpost_model::RemoteAudio;
use tokio::sync::mpsc;

use super::arrival::Holder;
use super::command::{Command, Commands};
use crate::dialog::Tag;
use crate::{Credentials, Hop, ResolveError, SrtpPolicy};

/// A call to be placed.
#[derive(Debug, Clone)]
pub struct OutgoingInvite {
    /// Where the INVITE is sent to; `None`: where its URI leads (RFC 3263). Over
    /// TLS the certificate has to name the URI's host in either case.
    pub destination: Option<Hop>,
    /// Request-URI and To.
    pub uri: String,
    /// SIP URI of From.
    pub from: String,
    /// Display name of From.
    pub from_name: Option<String>,
    /// Further headers, in the order they are sent.
    pub headers: Vec<(String, String)>,
    /// Our end of the audio stream.
    pub rtp: SocketAddr,
    /// What is offered: plain sound, both (RFC 8643), or encrypted sound only.
    pub srtp: SrtpPolicy,
    /// What a challenge is answered by (RFC 3261 §22).
    pub credentials: Option<Credentials>,
}

/// A call that we placed.
#[derive(Debug)]
pub struct OutgoingCall {
    /// What becomes of it. Closes when the call is over.
    pub progress: mpsc::UnboundedReceiver<Progress>,
    /// What we can do.
    pub control: OutgoingControl,
    /// The SIP Call-ID it was given.
    pub call_id: String,
}

/// A step of a call that we placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// 180 or another provisional response above 100; said once.
    Ringing,
    /// 200 with the peer's audio; the ACK is on its way.
    Answered(RemoteAudio),
    /// A final response of 300 or above, with its reason phrase; a redirection is
    /// not followed. 487 also where our CANCEL crossed the answer and the call was
    /// ended at once by BYE, 503 where the INVITE could not be sent or its URI
    /// leads nowhere, 488 where the answer's SDP could not be read.
    Refused(u16, String),
    /// The peer sent BYE.
    HungUp,
    /// Nobody answered within timer B, or none to a CANCEL within 64*T1.
    TimedOut,
}

/// Commands for a call that we placed; never waits. Dropping it ends the call.
#[derive(Debug)]
pub struct OutgoingControl(Holder);

impl OutgoingControl {
    pub(crate) fn new(tag: Tag, commands: Commands) -> Self {
        Self(Holder::new(tag, commands))
    }

    /// Sends CANCEL, as soon as a provisional response allows it (RFC 3261 §9.1).
    /// An answer that crosses it is acknowledged and hung up. Nothing happens on
    /// a call that was answered.
    pub fn cancel(&self) {
        self.0.send(|tag| Command::Cancel(tag, None));
    }

    /// As [`Self::cancel`], with a Reason header (RFC 3326), such as
    /// `SIP;cause=200;text="Call completed elsewhere"`.
    pub fn cancel_with_reason(&self, reason: &str) {
        let reason = reason.to_owned();
        self.0.send(|tag| Command::Cancel(tag, Some(reason)));
    }

    /// Sends BYE; on a call that was not answered the same as [`Self::cancel`].
    pub fn hang_up(&self) {
        self.0.send(Command::HangUp);
    }
}

/// An INFO outside of a dialog.
#[derive(Debug, Clone)]
pub struct OutgoingInfo {
    /// Where the INFO is sent to; `None`: where its URI leads (RFC 3263).
    pub destination: Option<Hop>,
    /// Request-URI and To.
    pub uri: String,
    /// SIP URI of From.
    pub from: String,
    /// SIP Call-ID; `None`: a new one.
    pub call_id: Option<String>,
    /// Content-Type of the body.
    pub content_type: String,
    /// Further headers, in the order they are sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// What a challenge is answered by (RFC 3261 §22).
    pub credentials: Option<Credentials>,
}

/// Why a request got no final response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Timer F ran out, or the patience of whoever asked.
    #[error("no answer came in time; check address and port, and that the peer is running")]
    TimedOut,
    /// No socket of ours reaches the destination, or sending failed.
    #[error(
        "the request could not be sent; check that the peer listens there, that its certificate \
         is good, and that an address of sip.listen reaches it"
    )]
    Unreachable,
    /// The Request-URI leads nowhere.
    #[error(transparent)]
    Unresolved(#[from] ResolveError),
    /// Thousands of requests wait for an answer already.
    #[error("too many requests are under way; try again later")]
    Busy,
    /// The Request-URI or From is no URI.
    #[error("the address is no SIP URI")]
    InvalidUri,
    /// The endpoint was closed.
    #[error("the SIP endpoint is closed")]
    Closed,
}
