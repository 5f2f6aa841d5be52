//! What the endpoint keeps of a call.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ringpost_model::{Party, RemoteAudio};
use tokio::sync::mpsc;

use super::arrival::Signal;
use super::outgoing::Progress;
use super::peers::PeerId;
use super::reliable::Early;
use super::session_timer::Session;
use crate::dialog::{Agreed, Dialog, Provisional, TwoHundred, names};
use crate::sdp::{Offer, OwnKeys, kept, read_answer, write_offer};
use crate::transaction::Key;
use crate::transport::Origin;
use crate::wire::{Headers, Request};

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
    /// `None`: the peer waits for ours.
    pub(super) offer: Option<Offer>,
    pub(super) audio: Option<RemoteAudio>,
    pub(super) counterpart: Counterpart,
    pub(super) agreed: Option<Agreed>,
    /// The peer requires reliable provisional responses (RFC 3262).
    pub(super) reliable: Option<Provisional>,
    /// When 180 is sent once more: proxies give up after three minutes without
    /// a response (RFC 3261 §13.3.1.1).
    pub(super) ring_again: Option<Instant>,
    /// When the caller wants no answer any more (§13.3.1).
    pub(super) expires: Option<Instant>,
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
    /// Our offer.
    pub(super) described: String,
    pub(super) ringing: bool,
    pub(super) cancel: Option<Cancel>,
    /// Its early dialogs, as far as reliable provisional responses made them.
    pub(super) early: Vec<Early>,
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
    pub(super) counterpart: Counterpart,
    pub(super) session: Session,
    /// Our reliable provisional response, whose PRACK may still come.
    pub(super) reliable: Option<Provisional>,
    pub(super) media: Media,
    /// Our 2xx that waits for its ACK.
    pub(super) unacked: Option<Unacked>,
    /// The ACK to the first 2xx came or will not come: BYE may go (§15).
    pub(super) confirmed: bool,
    /// When the ACK to the first 2xx came.
    pub(super) acknowledged: Option<Instant>,
    /// A CANCEL that came after our 2xx said that somebody else took the call.
    pub(super) taken: bool,
    /// The house wants to hang up as soon as it may.
    pub(super) hang_up: bool,
}

/// A 2xx of ours under way.
#[derive(Debug)]
pub(super) struct Unacked {
    pub(super) response: TwoHundred,
    pub(super) origin: Origin,
}

/// The one audio stream.
#[derive(Debug)]
pub(super) struct Media {
    pub(super) rtp: SocketAddr,
    /// `None`: we offered, and the answer is still to come.
    pub(super) remote: Option<RemoteAudio>,
    /// Our offer that has no answer yet, in a 2xx or a re-INVITE: what it said of
    /// encryption.
    pub(super) offered: Option<OwnKeys>,
    pub(super) session: u64,
    pub(super) version: u64,
    /// Our description as it was sent last.
    pub(super) described: String,
}

/// What the peer has told of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Counterpart {
    /// The caller as last named; of a call that we placed nobody is asked.
    pub(super) caller: Party,
    /// It takes UPDATE (RFC 3311 §4).
    pub(super) updates: bool,
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
            Call::Offered(offered) => {
                let repeat = offered.reliable.as_ref().and_then(Provisional::deadline);
                repeat.into_iter().chain(offered.ring_again).chain(offered.expires).min()
            }
            Call::Placed(placed) => placed.cancel.as_ref().and_then(|cancel| cancel.give_up),
            Call::Standing(standing) => {
                let unacked = standing.unacked.as_ref().map(|unacked| unacked.response.deadline());
                unacked.into_iter().chain(standing.session.deadline()).min()
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

    /// Tells the house of a call that came in.
    pub(super) fn signal(&self, signal: Signal) {
        match self {
            Call::Offered(offered) => {
                let _unheard = offered.signals.send(signal);
            }
            Call::Standing(standing) => standing.watcher.signal(signal),
            Call::Placed(_) | Call::Ending(_) => {}
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

/// Who lets an answer stand for longer stays, although he cancelled the call.
const STAYS: Duration = Duration::from_secs(2);

impl Standing {
    /// The caller never wanted our answer: somebody else took the call while it
    /// was on its way, and he ends ours as soon as he has acknowledged it
    /// (RFC 3261 §13.2.2.4), commonly without a word about why.
    pub(super) fn is_taken(&self, now: Instant) -> bool {
        self.taken && self.acknowledged.is_none_or(|at| now < at + STAYS)
    }
}

impl Counterpart {
    /// Reads Allow, where the message has one.
    pub(super) fn note_allow(&mut self, headers: &Headers) {
        if headers.get("Allow").is_some() {
            self.updates = names(headers, "Allow", "UPDATE");
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
    /// Takes what an offer and its answer settled and says what is new for the
    /// house.
    pub(super) fn renegotiate(&mut self, mut remote: RemoteAudio) -> Vec<Signal> {
        // Hold by 0.0.0.0 names no place to send to: the old one is kept.
        if let Some(old) = self.remote.filter(|_| remote.rtp.ip().is_unspecified()) {
            remote.rtp = old.rtp;
        }
        remote.srtp = kept(self.remote.and_then(|old| old.srtp), remote.srtp);
        let old = self.remote.replace(remote);
        let mut news = Vec::new();
        if old.map(|old| RemoteAudio { held: old.held, ..remote }) != old || old.is_none() {
            news.push(Signal::MediaMoved(remote));
        }
        match (old.is_some_and(|old| old.held), remote.held) {
            (false, true) => news.push(Signal::Held),
            (true, false) => news.push(Signal::Resumed),
            (true, true) | (false, false) => {}
        }
        news
    }

    /// Our offer of the stream as it is.
    pub(super) fn offer(&mut self, keys: OwnKeys) -> Vec<u8> {
        let sdp = write_offer(self.rtp, self.session, self.version, &keys);
        self.offered = Some(keys);
        self.describe(sdp)
    }

    /// The same for a call that stands. A description that is not changed keeps
    /// its version (RFC 3264 §8), but keys of another offer are not ours to name.
    pub(super) fn offer_again(&mut self, unchanged: bool) -> Vec<u8> {
        let keys = OwnKeys::current(self.remote.and_then(|remote| remote.srtp));
        if unchanged && self.remote.is_some_and(|remote| remote.srtp.is_none()) {
            self.offered = Some(keys);
            return self.described.clone().into_bytes();
        }
        self.version += 1;
        self.offer(keys)
    }

    /// The peer's answer to our offer; `None`: there is none that we can speak.
    pub(super) fn answered(&mut self, body: &[u8]) -> Option<RemoteAudio> {
        let keys = self.offered.take()?;
        read_answer(body, &keys).ok()
    }

    /// Keeps our new description; gives it for the message.
    pub(super) fn describe(&mut self, sdp: String) -> Vec<u8> {
        self.described = sdp;
        self.described.clone().into_bytes()
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
        let rtp = one.parse().unwrap();
        let (offered, described) = (None, String::new());
        let mut media = Media { rtp, remote: None, offered, session: 1, version: 1, described };
        let first = media.renegotiate(audio(one, false));
        assert_eq!(first, [Signal::MediaMoved(audio(one, false))], "the answer to our offer");
        for (addr, held, news) in cases {
            assert_eq!(media.renegotiate(audio(addr, held)), news, "{addr} {held}");
        }
    }
}
