//! Who may send what: peers by network and certificate, digest, limits of a
//! peer's own, and what strangers hear. Whoever is refused here costs us one
//! answer and no memory.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::answer::Answer;
use super::call::Call;
use super::peers::{self, PeerId, Stranger};
use super::refusals::Refusal;
use super::server_transactions::way_back;
use super::task::Task;
use crate::dialog::Tag;
use crate::digest::Verdict;
use crate::transport::Origin;
use crate::wire::{Method, Request, Via};
use crate::{Believed, Peer, SrtpPolicy, Strangers};

/// The realm of our challenges. It never changes, so that it can be named where
/// a peer keeps a password for each realm.
pub(super) const REALM: &str = "ringpost";

/// What of a peer goes with each of its calls and reports.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub(super) name: Arc<str>,
    pub(super) believed: Believed,
    pub(super) nat: bool,
    pub(super) srtp: SrtpPolicy,
}

impl Task {
    /// Whose message it is.
    pub(super) fn peer_id(&self, origin: Origin) -> Result<PeerId, Stranger> {
        peers::find(&self.config.peers, origin.source.ip(), self.names_of(origin))
    }

    /// The peer that a message is from.
    pub(super) fn peer(&self, origin: Origin) -> Option<&Peer> {
        self.config.peers.get(self.peer_id(origin).ok()?.index())
    }

    /// Whether sound of calls with that peer is encrypted.
    pub(super) fn srtp_policy(&self, origin: Origin) -> SrtpPolicy {
        self.peer(origin).map_or(SrtpPolicy::Optional, |peer| peer.srtp)
    }

    /// May requests and sound of a call with `origin` go to that address?
    pub(super) fn allows(&self, origin: Origin, ip: IpAddr) -> bool {
        let within = |peer: &Peer| peers::is_in(&peer.networks, ip);
        match self.peer_id(origin) {
            Ok(id) => self.config.peers.get(id.index()).is_some_and(within),
            Err(Stranger::Certificate) => self.peers_around(origin).any(within),
            Err(Stranger::Address) => false,
        }
    }

    /// The domain that a peer's certificate has to name where we connect to it;
    /// `None`: its address.
    pub(super) fn name_in_certificate(&self, origin: Origin) -> Option<String> {
        let name = self.peers_around(origin).find_map(|peer| peer.certificate_names.first())?;
        Some(peers::bare(name))
    }

    /// The peers that it may be, whatever certificate was shown: that is forgotten
    /// with its connection.
    fn peers_around(&self, origin: Origin) -> impl Iterator<Item = &Peer> {
        let source = origin.source.ip();
        self.config.peers.iter().filter(move |peer| peers::is_in(&peer.networks, source))
    }

    /// What the house is told of the peer. Whom we called ourselves may be none.
    pub(super) fn terms(&self, of: Option<PeerId>) -> Terms {
        let peer = of.and_then(|of| self.config.peers.get(of.index()));
        Terms {
            name: of.and_then(|of| self.peers.name(of)).unwrap_or_else(|| "".into()),
            believed: peer.map_or(Believed::NONE, |peer| peer.believed),
            nat: peer.is_some_and(|peer| peer.nat),
            srtp: peer.map_or(SrtpPolicy::Optional, |peer| peer.srtp),
        }
    }

    /// Whom we called ourselves may speak within that call.
    pub(super) fn is_of_known_call(&self, request: &Request, origin: Origin) -> bool {
        let tag = request.tag_in_to().and_then(|tag| Tag::read(&tag));
        let call = tag.and_then(|tag| self.calls.get(&tag));
        call.and_then(|call| call.peer()).is_some_and(|peer| peer.ip() == origin.source.ip())
    }

    /// A call of a peer that has to prove itself is nobody else's, even where its
    /// identifiers are known: `from` has proved nothing of that.
    pub(super) fn may_speak_in(&self, call: &Call, from: Option<PeerId>) -> Result<(), Answer> {
        let Some(Some(of)) = call.live_server() else { return Ok(()) };
        let peer = self.config.peers.get(of.index());
        let proves =
            peer.is_some_and(|peer| peer.digest.is_some() || !peer.certificate_names.is_empty());
        if proves && from != Some(of) {
            return Err(Answer::new(403).reason("Another Peer's Call"));
        }
        Ok(())
    }

    /// 486 where the peer has as many calls as it may have.
    pub(super) fn has_room(&self, of: Option<PeerId>) -> Result<(), Answer> {
        let Some(of) = of else { return Ok(()) };
        let limit = self.config.peers.get(of.index()).map_or(0, |peer| peer.calls);
        if limit > 0 && self.peers.live_calls(of) >= u64::try_from(limit).unwrap_or(u64::MAX) {
            return Err(Answer::new(486).reason("Too Many Calls From This Peer"));
        }
        Ok(())
    }

    /// 403 where the peer may not report missed calls.
    pub(super) fn may_report(&self, of: Option<PeerId>) -> Result<(), Answer> {
        let peer = of.and_then(|of| self.config.peers.get(of.index()));
        match peer {
            Some(peer) if peer.reports => Ok(()),
            _ => Err(Answer::new(403).reason("Reports Are Not Taken From This Peer")),
        }
    }

    /// `false`: the request is answered, because it has to prove first whom it is
    /// from. There is no answer to an ACK, and a CANCEL has to be of its INVITE's
    /// transaction, which no second try would be (RFC 3261 §22.1).
    pub(super) fn is_authentic(
        &mut self,
        request: &Request,
        of: Option<PeerId>,
        (via, origin): (&Via<'_>, Origin),
        now: Instant,
    ) -> bool {
        let peer = of.and_then(|of| self.config.peers.get(of.index()));
        let asked = peer.and_then(|peer| Some((peer.digest.as_ref()?, peer.digest_hashes)));
        let Some((credentials, hashes)) = asked else { return true };
        if request.method == Method::ACK || request.method == Method::CANCEL {
            return true;
        }
        let verdict = self.verifier.verify(request, credentials, hashes, now);
        let stale = match verdict {
            Verdict::Passed => return true,
            Verdict::Missing => false,
            Verdict::Stale | Verdict::Replayed => true,
            Verdict::Wrong => {
                self.refusals.note(Refusal::Password, origin, Some(&request.method), now);
                false
            }
            Verdict::OtherUri => {
                self.counters.digest_failures.add();
                let answer = Answer::new(400).reason("Digest URI Does Not Fit");
                self.answer_statelessly(request, &answer, via, origin);
                return false;
            }
        };
        if matches!(verdict, Verdict::Wrong | Verdict::Replayed) {
            self.counters.digest_failures.add();
        }
        self.counters.challenges.add();
        let challenges = self.verifier.challenges(hashes, stale, rand::random(), now);
        let answer = challenges.into_iter().fold(Answer::new(401), |answer, challenge| {
            answer.header("WWW-Authenticate", challenge)
        });
        self.answer_statelessly(request, &answer, via, origin);
        false
    }

    /// A line in the log, and 403 or nothing.
    pub(super) fn handle_stranger(
        &mut self,
        request: &Request,
        via: &Via<'_>,
        origin: Origin,
        now: Instant,
    ) {
        self.note_stranger(origin, Some(&request.method), now);
        match self.config.strangers {
            // A stranger who is gone gets no connection of ours.
            Strangers::Refused
                if origin.connection.is_some() && !self.transports.is_live(origin) => {}
            Strangers::Refused => {
                self.answer_statelessly(request, &Answer::new(403), via, origin);
            }
            Strangers::Ignored => {}
        }
    }

    /// Counts and logs somebody who is no peer. `method`: `None` where his
    /// message cannot even be read.
    pub(super) fn note_stranger(&mut self, origin: Origin, method: Option<&Method>, now: Instant) {
        self.counters.strangers.add();
        let refusal = match self.peer_id(origin) {
            Err(Stranger::Certificate) => Refusal::Certificate,
            Err(Stranger::Address) | Ok(_) => Refusal::Address,
        };
        self.refusals.note(refusal, origin, method, now);
    }

    /// A final response that nothing is kept of: a repeat gets its like, and an
    /// ACK to it is not waited for (RFC 3261 §8.2.7).
    pub(super) fn answer_statelessly(
        &mut self,
        request: &Request,
        answer: &Answer,
        via: &Via<'_>,
        origin: Origin,
    ) {
        if request.method == Method::ACK {
            return;
        }
        let tag = Tag::of((request.headers.get("Call-ID"), via.branch())).to_string();
        let response = self.response_from(request, answer, Some(&tag), origin.source);
        self.counters.response(response.status);
        let bytes = Bytes::from(response.to_bytes());
        self.send_response(way_back(via, origin), bytes);
    }

    /// The names in the certificate that the other end of a connection has shown
    /// and that was found valid.
    fn names_of(&self, origin: Origin) -> &[String] {
        origin.connection.map_or(&[], |connection| self.transports.certificate_names(connection))
    }
}
