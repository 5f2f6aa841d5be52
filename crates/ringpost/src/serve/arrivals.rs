//! Takes what comes in by SIP to where it belongs, one task for each call, and
//! looks after calls whose task broke.

use std::collections::HashMap;
use std::sync::Arc;

use ringpost_lookup::called_user;
use ringpost_model::{CallRecord, Ear, Outcome, Stage, Why};
use ringpost_sip::{Answer, Arrival, IncomingCall, IncomingOptions};
use tokio::sync::mpsc;
use tokio::task::{Id, JoinSet};

use super::call_loop::{self, Accepted, refusal};
use super::live::{Full, LiveCall};
use super::node::{Node, new_id, now};
use super::{recovery, report};

/// Runs until the endpoint is closed and every call has ended.
pub async fn run(node: Arc<Node>, mut arrivals: mpsc::Receiver<Arrival>) {
    let mut tasks = JoinSet::new();
    let mut calls: HashMap<Id, String> = HashMap::new();
    let mut open = true;
    while open || !tasks.is_empty() {
        tokio::select! {
            arrival = arrivals.recv(), if open => match arrival {
                Some(Arrival::Call(incoming)) => {
                    let id = new_id();
                    let task = tasks.spawn(called(node.clone(), incoming, id.clone()));
                    calls.insert(task.id(), id);
                }
                Some(Arrival::Report(incoming)) => {
                    tasks.spawn(report::answer(node.clone(), incoming));
                }
                Some(Arrival::Options(options)) => asked(&node, options),
                None => open = false,
            },
            Some(joined) = tasks.join_next_with_id() => match joined {
                Ok((task, ())) => {
                    calls.remove(&task);
                }
                Err(broken) => {
                    metrics::counter!("ringpost_panics_total").increment(1);
                    if let Some(id) = calls.remove(&broken.id()) {
                        tracing::error!(call = %id, "a call broke inside; it is filed from its journal entry");
                        tasks.spawn(recovery::recover_one(node.clone(), id));
                    }
                }
            },
        }
    }
}

/// Finds the called user and a place for the call, or refuses it.
async fn called(node: Arc<Node>, incoming: IncomingCall, id: String) {
    let received = now();
    let invitation = &incoming.invitation;
    let found = called_user(
        node.settings.called_rule,
        &invitation.diversions,
        &invitation.addressed,
        &node.settings.subscribers,
        &node.settings.plan,
    );
    let mut record = CallRecord {
        id: id.clone(),
        call_id: invitation.call_id.clone(),
        identifiers: invitation.identifiers.clone(),
        called: invitation.addressed.first().cloned().unwrap_or_default(),
        subscriber: None,
        caller: invitation.caller.clone(),
        ear: Ear::Call,
        stage: Stage::Forwarded,
        received,
        answered: None,
        ended: received,
        outcome: Outcome::Silent(Why::Refused(404)),
        recording: None,
    };
    let Some((subscriber, called)) = found else {
        return refuse(&node, &incoming, record, 404).await;
    };
    record.subscriber = Some(subscriber.as_ref().clone());
    record.called = called.clone();
    let place = match node.live.enter(LiveCall {
        id: id.clone(),
        call_id: invitation.call_id.clone(),
        subscriber: subscriber.user.clone(),
        identifiers: invitation.identifiers.clone(),
        caller: invitation.caller.raw().to_owned(),
        stage: Stage::Forwarded,
        since: received,
    }) {
        Ok(place) => place,
        Err(Full::Node) => return refuse(&node, &incoming, record, 503).await,
        Err(Full::Subscriber) => return refuse(&node, &incoming, record, 486).await,
    };
    if node.is_stopping() || node.journal.healthy().is_err() {
        return refuse(&node, &incoming, record, 503).await;
    }
    let Some(audio) = invitation.audio else {
        return refuse(&node, &incoming, record, 488).await;
    };
    let (stream, media) = match call_loop::open_sound(&node, invitation) {
        Ok(opened) => opened,
        Err(error) => {
            tracing::error!(%error, "no sound for a call; it is refused");
            return refuse(&node, &incoming, record, 503).await;
        }
    };
    let accepted = Accepted { id, called, subscriber, audio, received, place, stream, media };
    call_loop::run(node, incoming, accepted).await;
}

async fn refuse(node: &Node, incoming: &IncomingCall, mut record: CallRecord, status: u16) {
    incoming.control.refuse(refusal(status));
    record.ended = now();
    record.outcome = Outcome::Silent(Why::Refused(status));
    call_loop::file(&node.journal, record, node.stopping.clone()).await;
}

/// OPTIONS: 200 for a known user or none, 404 for an unknown one, 503 only
/// while stopping.
fn asked(node: &Node, options: IncomingOptions) {
    let known = options.called.as_ref().is_none_or(|party| {
        party.user.is_none() || node.settings.subscribers.find(party, &node.settings.plan).is_some()
    });
    options.responder.respond(if node.is_stopping() {
        refusal(503)
    } else {
        Answer::new(if known { 200 } else { 404 })
    });
}
