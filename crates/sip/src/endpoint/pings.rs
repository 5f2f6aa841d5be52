//! OPTIONS to peers, to learn whether they are there (RFC 3261 §11).

use std::time::{Duration, Instant};

use super::draft::{Contact, Draft, Sender};
use super::new_call_id;
use super::sending::{Outcome, Sending, Wanted};
use super::task::Task;
use super::timers::Target;
use crate::dialog::Tag;
use crate::wire::Method;

/// How long an answer is waited for; by UDP the question went out five times.
const PATIENCE: Duration = Duration::from_secs(10);
/// From a failure to the next question, at most.
const AGAIN: Duration = Duration::from_secs(10);

impl Task {
    /// Asks every peer that is to be asked, from now on.
    pub(super) fn start_pings(&mut self, now: Instant) {
        let peers = self.config.peers.iter().enumerate();
        let asked: Vec<usize> =
            peers.filter(|(_, peer)| peer.ping.is_some()).map(|(index, _)| index).collect();
        for index in asked {
            self.ping(index, now);
        }
    }

    /// Asks the peer at that place of the configuration.
    pub(super) fn ping(&mut self, index: usize, now: Instant) {
        let peer = self.config.peers.get(index);
        let Some(ping) = peer.and_then(|peer| peer.ping.clone()) else { return };
        if self.closing.is_some() {
            return;
        }
        let tag = Tag::random();
        let sender = Sender { name: None, uri: None, tag, call_id: new_call_id() };
        match Draft::new(Method::OPTIONS, &ping.uri, &ping.uri, sender) {
            Ok(mut draft) => {
                draft.contact = Contact::Here;
                draft.header("Accept", super::incoming::SDP);
                draft.deadline = Some(now + PATIENCE);
                self.send_outside(tag, draft, Wanted::Ping(index), now);
            }
            Err(error) => self.pinged(index, None, Err(error), now),
        }
    }

    /// Any answer shows that somebody is there, but those that a proxy gives for
    /// somebody who is not.
    pub(super) fn pinged(
        &mut self,
        index: usize,
        sending: Option<&Sending>,
        outcome: Outcome,
        now: Instant,
    ) {
        let Some(peer) = self.config.peers.get(index) else { return };
        let Some(ping) = &peer.ping else { return };
        let reachable = match &outcome {
            Ok(response) => !matches!(response.status, 408 | 503),
            Err(_) => false,
        };
        let sent = sending.and_then(|sending| sending.at.as_ref()).map(|at| at.sent);
        let took = sent.map(|sent| now.saturating_duration_since(sent)).filter(|_| reachable);
        if self.peers.note_reachable(index, reachable, took, now) {
            let peer = peer.name.as_str();
            match (&outcome, reachable) {
                (_, true) => tracing::info!(peer, "the peer answers"),
                (Ok(response), false) => {
                    tracing::warn!(peer, status = response.status, "the peer takes no calls");
                }
                (Err(error), false) => tracing::warn!(peer, %error, "the peer does not answer"),
            }
        }
        let pause = if reachable { ping.every } else { ping.every.min(AGAIN) };
        self.timers.arm(now + pause, Target::Ping(index));
    }

    /// The endpoint closes: nobody waits for an answer any more.
    pub(super) fn stop_pings(&mut self, now: Instant) {
        let is_ping = |sending: &Sending| matches!(sending.wanted, Wanted::Ping(_));
        let requests = self.outbound.requests.extract_if(|_, sending| is_ping(sending));
        let stopped: Vec<Sending> = requests.map(|(_, sending)| sending).collect();
        for at in stopped.into_iter().filter_map(|sending| sending.at) {
            self.leave_client(&at.key, now);
        }
    }
}
