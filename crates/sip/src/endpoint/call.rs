//! What the endpoint keeps of a call.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use ringpost_model::RemoteAudio;
use tokio::sync::mpsc;

use super::arrival::Signal;
use super::outgoing::Progress;
use super::peers::PeerId;
use crate::dialog::{Dialog, TwoHundred};
use crate::sdp::{Offer, OwnKeys, kept};
use crate::transaction::Key;
use crate::transport::Origin;
use crate::wire::Request;

/// One call, in or out, named by our tag.
#[derive(Debug)]
pub(super) enum Call {
    /// It came in and waits for the house.
    Offered(Box<Offered>),
    /// We placed it and wait for the peer.
    Placed(Box<Placed>),
    /// It was answered.
    Standing(Box<Standing>),
    /// We sent BYE and wait for its response.
    Ending(Box<Dialog>),
}

/// A call that came in and has no final answer yet.
#[derive(Debug)]
pub(super) struct Offered {
    pub(super) invite: Key,
    pub(super) dialog: Dialog,
    pub(super) origin: Origin,
    /// The peer that it counts for.
    pub(super) of: Option<PeerId>,
    pub(super) signals: mpsc::UnboundedSender<Signal>,
    pub(super) offer: Option<Offer>,
    pub(super) audio: Option<RemoteAudio>,
    /// When 180 is sent once more: proxies give up after three minutes without
    /// a response (RFC 3261 §13.3.1.1).
    pub(super) ring_again: Option<Instant>,
}

/// A call that we placed and that has no final answer yet.
#[derive(Debug)]
pub(super) struct Placed {
    /// Its latest INVITE; `None`: nobody knows yet where it goes.
    pub(super) sent: Option<Sent>,
    pub(super) progress: mpsc::UnboundedSender<Progress>,
    pub(super) rtp: SocketAddr,
    /// Our keys in the offer.
    pub(super) keys: OwnKeys,
    pub(super) session: u64,
    pub(super) ringing: bool,
    pub(super) cancel: Option<Cancel>,
}

/// An INVITE of ours under way.
#[derive(Debug)]
pub(super) struct Sent {
    /// Its client transaction.
    pub(super) key: Key,
    pub(super) invite: Arc<Request>,
    pub(super) destination: Origin,
    /// A provisional response came, so CANCEL may go (§9.1).
    pub(super) proceeding: bool,
}

/// What became of the wish to cancel.
#[derive(Debug)]
pub(super) struct Cancel {
    pub(super) reason: Option<String>,
    /// Once it was sent: when waiting for the final response ends.
    pub(super) give_up: Option<Instant>,
}

/// A call that was answered, by either side.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) dialog: Dialog,
    /// Where the peer's INVITE came from, or ours went to.
    pub(super) peer: Origin,
    pub(super) watcher: Watcher,
    pub(super) media: Media,
    /// Our 2xx that waits for its ACK.
    pub(super) unacked: Option<Unacked>,
    /// The ACK to the first 2xx came or will not come: BYE may go (§15).
    pub(super) confirmed: bool,
    /// The house wants to hang up as soon as it may.
    pub(super) hang_up: bool,
}

/// A 2xx of ours under way.
#[derive(Debug)]
pub(super) struct Unacked {
    pub(super) response: TwoHundred,
    pub(super) origin: Origin,
    /// Our 2xx held an offer, so the ACK holds the answer.
    pub(super) expects_answer: bool,
}

/// The one audio stream.
#[derive(Debug)]
pub(super) struct Media {
    pub(super) rtp: SocketAddr,
    pub(super) remote: RemoteAudio,
    pub(super) session: u64,
    pub(super) version: u64,
}

/// Who is told of a call.
#[derive(Debug)]
pub(super) enum Watcher {
    /// It came in by that INVITE server transaction and counts for that peer.
    Server { invite: Key, of: Option<PeerId>, signals: mpsc::UnboundedSender<Signal> },
    /// We placed it.
    Client(mpsc::UnboundedSender<Progress>),
}

/// An acknowledged 2xx: a repeat of it gets the same ACK (§13.2.2.4).
#[derive(Debug)]
pub(super) struct Acknowledged {
    pub(super) remote_tag: String,
    pub(super) ack: Bytes,
    pub(super) to: Origin,
}

impl Call {
    /// When the call itself wants to be woken.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Call::Offered(offered) => offered.ring_again,
            Call::Placed(placed) => placed.cancel.as_ref().and_then(|cancel| cancel.give_up),
            Call::Standing(standing) => {
                standing.unacked.as_ref().map(|unacked| unacked.response.deadline())
            }
            Call::Ending(_) => None,
        }
    }

    /// The dialog, where there is one.
    pub(super) fn dialog(&mut self) -> Option<&mut Dialog> {
        match self {
            Call::Offered(offered) => Some(&mut offered.dialog),
            Call::Standing(standing) => Some(&mut standing.dialog),
            Call::Ending(dialog) => Some(dialog),
            Call::Placed(_) => None,
        }
    }

    /// The other side, where requests of the call may come from.
    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.origin().map(|origin| origin.source)
    }

    /// The way to the other side.
    pub(super) fn origin(&self) -> Option<Origin> {
        match self {
            Call::Placed(placed) => placed.sent.as_ref().map(|sent| sent.destination),
            Call::Standing(standing) => Some(standing.peer),
            Call::Offered(offered) => Some(offered.origin),
            Call::Ending(_) => None,
        }
    }

    /// Where it came in and is not over: of which peer.
    pub(super) fn live_server(&self) -> Option<Option<PeerId>> {
        match self {
            Call::Offered(offered) => Some(offered.of),
            Call::Standing(standing) => match &standing.watcher {
                Watcher::Server { of, .. } => Some(*of),
                Watcher::Client(_) => None,
            },
            Call::Placed(_) | Call::Ending(_) => None,
        }
    }
}

impl Watcher {
    /// Tells a call that came in; one that we placed has no such signals. That
    /// nobody listens any more is no fault.
    pub(super) fn signal(&self, signal: Signal) {
        if let Watcher::Server { signals, .. } = self {
            let _unheard = signals.send(signal);
        }
    }

    /// The peer ended the call.
    pub(super) fn hung_up(&self, elsewhere: bool) {
        match self {
            Watcher::Server { signals, .. } => {
                let _unheard = signals.send(Signal::HungUp { elsewhere });
            }
            Watcher::Client(progress) => {
                let _unheard = progress.send(Progress::HungUp);
            }
        }
    }
}

impl Media {
    /// Takes what a re-INVITE settled and says what is new for the house.
    pub(super) fn renegotiate(&mut self, mut remote: RemoteAudio) -> Vec<Signal> {
        // Hold by 0.0.0.0 names no place to send to: the old one is kept.
        if remote.rtp.ip().is_unspecified() {
            remote.rtp = self.remote.rtp;
        }
        remote.srtp = kept(self.remote.srtp, remote.srtp);
        let old = std::mem::replace(&mut self.remote, remote);
        let mut news = Vec::new();
        if (RemoteAudio { held: old.held, ..remote }) != old {
            news.push(Signal::MediaMoved(remote));
        }
        match (old.held, remote.held) {
            (false, true) => news.push(Signal::Held),
            (true, false) => news.push(Signal::Resumed),
            (true, true) | (false, false) => {}
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use ringpost_model::Codec;

    use super::*;

    #[test]
    fn a_reinvite_tells_what_changed_and_nothing_else() {
        let audio = |rtp: &str, held| RemoteAudio {
            rtp: rtp.parse().unwrap(),
            codec: Codec::Pcmu,
            payload_type: 0,
            event_payload_type: Some(101),
            held,
            srtp: None,
        };
        let one = "192.0.2.1:4000";
        let two = "192.0.2.2:4000";
        let cases = [
            (one, false, vec![]),
            (one, true, vec![Signal::Held]),
            (one, true, vec![]),
            (one, false, vec![Signal::Resumed]),
            ("0.0.0.0:4000", true, vec![Signal::Held]),
            (two, false, vec![Signal::MediaMoved(audio(two, false)), Signal::Resumed]),
        ];
        let (rtp, remote) = (one.parse().unwrap(), audio(one, false));
        let mut media = Media { rtp, remote, session: 1, version: 1 };
        for (addr, held, news) in cases {
            assert_eq!(media.renegotiate(audio(addr, held)), news, "{addr} {held}");
        }
    }
}
