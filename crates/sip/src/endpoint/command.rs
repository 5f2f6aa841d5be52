//! What the handles ask of the endpoint's task.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::answer::Answer;
use super::notify::MessageWaiting;
use super::outgoing::{OutgoingInfo, OutgoingInvite, Progress, RequestError};
use super::registration::Wish;
use crate::ResolveError;
use crate::dialog::Tag;
use crate::resolve::Route;
use crate::transaction::Key;

/// The way to the endpoint's task. Unbounded, so that no handle ever waits;
/// what is in it is bounded by the calls and requests that the task gave out.
pub(crate) type Commands = mpsc::UnboundedSender<Command>;

/// One order to the endpoint's task.
#[derive(Debug)]
pub(crate) enum Command {
    /// 180 for a call that came in.
    Ring(Tag),
    /// 200 for a call that came in.
    Answer(Tag, SocketAddr),
    /// A final non-2xx response for a call that came in.
    Refuse(Tag, Answer),
    /// BYE.
    HangUp(Tag),
    /// Nobody holds the call any more.
    Abandon(Tag),
    /// The answer to a request that is no INVITE.
    Respond(Key, Answer),
    /// A call to be placed.
    Place(Box<Placing>),
    /// CANCEL for a call that we placed, with a Reason.
    Cancel(Tag, Option<String>),
    /// An INFO outside of a dialog.
    Info(Box<OutgoingInfo>, oneshot::Sender<Result<u16, RequestError>>),
    /// A NOTIFY of waiting messages.
    Notify(Box<MessageWaiting>, oneshot::Sender<Result<u16, RequestError>>),
    /// A registration to be kept up.
    Register(Box<Wish>),
    /// A registration to be taken back, and who waits for the end of it.
    Deregister(Tag, Option<oneshot::Sender<()>>),
    /// Where the request of that tag may go.
    Resolved(Tag, Result<Vec<Route>, ResolveError>),
    /// Take nothing new, end within this time, then say so.
    Close(Duration, oneshot::Sender<()>),
}

impl Command {
    /// The call that it is about.
    pub(crate) fn tag(&self) -> Option<Tag> {
        match self {
            Command::Ring(tag)
            | Command::Answer(tag, _)
            | Command::Refuse(tag, _)
            | Command::HangUp(tag)
            | Command::Abandon(tag)
            | Command::Cancel(tag, _) => Some(*tag),
            Command::Place(placing) => Some(placing.tag),
            _ => None,
        }
    }
}

/// A call to be placed, with what its handles know already.
#[derive(Debug)]
pub(crate) struct Placing {
    /// Our tag, by which the call is known.
    pub(crate) tag: Tag,
    /// The SIP Call-ID.
    pub(crate) call_id: String,
    /// What the caller asked for.
    pub(crate) invite: OutgoingInvite,
    /// Where its progress is told.
    pub(crate) progress: mpsc::UnboundedSender<Progress>,
}
