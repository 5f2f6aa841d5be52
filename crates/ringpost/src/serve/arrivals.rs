//! Takes what comes in by SIP to where it belongs, one task for each call, and
//! looks after calls whose task broke.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use ringpost_lookup::called_user;
use ringpost_model::{CallRecord, Ear, Outcome, RemoteAudio, Stage, Why};
use ringpost_sip::{Answer, Arrival, IncomingCall, IncomingOptions};
use tokio::sync::mpsc;
use tokio::task::{Id, JoinSet};

use super::call_loop::{self, Accepted};
use super::filing::{count, refusal};
use super::live::{Full, LiveCall};
use super::node::{Node, new_id, now};
use super::turned_away::{NoRoom, Rows};
use super::{recovery, report};

/// Reports and refused calls that wait for the ledger at once: many more than a
/// working disk keeps waiting, few enough to be held in memory.
const WAITING: usize = 4096;

/// Runs until the endpoint is closed and every call has ended.
pub async fn run(node: Arc<Node>, mut arrivals: mpsc::Receiver<Arrival>) {
    let mut tasks = JoinSet::new();
    let mut calls: HashMap<Id, Arc<CallRecord>> = HashMap::new();
    let mut rows = Rows::default();
    let mut open = true;
    while open || !tasks.is_empty() {
        tokio::select! {
            arrival = arrivals.recv(), if open => match arrival {
                Some(Arrival::Call(incoming)) => match accept(&node, &incoming) {
                    Ok(accepted) => {
                        let record = accepted.record.clone();
                        let task = tasks.spawn(call_loop::run(node.clone(), incoming, accepted));
                        calls.insert(task.id(), record);
                    }
                    Err((record, status)) => {
                        incoming.control.refuse(refusal(status));
                        node.notes.refused(&record, status);
                        count("silent", Why::Refused(status).as_str());
                        let waiting = tasks.len().saturating_sub(calls.len());
                        if waiting < WAITING && rows.has_room(Instant::now()) {
                            tasks.spawn(note_down(node.clone(), *record, status));
                        }
                    }
                },
                Some(Arrival::Report(incoming)) if tasks.len().saturating_sub(calls.len()) >= WAITING => {
                    incoming.responder.respond(refusal(503));
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
                    if let Some(record) = calls.remove(&broken.id()) {
                        tracing::error!(call = %record.id, "a call broke inside; it is filed as cut off");
                        let record = Arc::unwrap_or_clone(record);
                        tasks.spawn(recovery::recover_one(node.clone(), record));
                    }
                }
            },
        }
    }
}

/// Finds the called user and a place for the call. Done before the next arrival
/// is looked at, so that a report behind its call finds it live.
fn accept(node: &Node, incoming: &IncomingCall) -> Result<Accepted, (Box<CallRecord>, u16)> {
    let received = now();
    let invitation = &incoming.invitation;
    let mut record = CallRecord {
        id: new_id(),
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
    node.notes.arrived(&node.settings, &record, invitation);
    let found = called_user(
        node.settings.called_rule,
        &invitation.diversions,
        &invitation.addressed,
        &node.settings.subscribers,
        &node.settings.plan,
    );
    let Some((subscriber, called)) = found else { return Err((Box::new(record), 404)) };
    record.subscriber = Some(subscriber.as_ref().clone());
    record.called = called;
    if node.is_stopping() {
        return Err((Box::new(record), 503));
    }
    if node.journal.healthy().is_err() {
        return no_room(node, record, NoRoom::Journal);
    }
    // Sound for an address of the other family would never reach it.
    let reachable =
        |audio: &RemoteAudio| audio.rtp.is_ipv4() == call_loop::local(node, invitation).is_ipv4();
    let audio = invitation.audio.filter(reachable);
    if audio.is_none() && !invitation.late_offer {
        return Err((Box::new(record), 488));
    }
    node.notes.stage(&record, Stage::Forwarded);
    let record = Arc::new(record);
    let live = LiveCall { record: record.clone(), stage: Stage::Forwarded };
    let place = match node.live.enter(live) {
        Ok(place) => place,
        Err(Full::Node) => return no_room(node, Arc::unwrap_or_clone(record), NoRoom::Places),
        Err(Full::Subscriber) => return Err((Box::new(Arc::unwrap_or_clone(record)), 486)),
    };
    match call_loop::open_sound(node, invitation) {
        Ok((stream, media)) => Ok(Accepted { record, subscriber, audio, place, stream, media }),
        Err(error) => {
            tracing::error!(call = %record.id, %error, "no sound for a call; it is refused");
            drop(place);
            no_room(node, Arc::unwrap_or_clone(record), NoRoom::Sound)
        }
    }
}

/// The next calls are not even looked at, but for a few, which find out when there
/// is room again.
fn no_room<T>(
    node: &Node,
    record: CallRecord,
    reason: NoRoom,
) -> Result<T, (Box<CallRecord>, u16)> {
    node.endpoint.door().shut();
    node.turned_away.note(reason);
    Err((Box::new(record), 503))
}

/// The ledger hears once of a call that was refused, where it can be written.
async fn note_down(node: Arc<Node>, mut record: CallRecord, status: u16) {
    record.ended = now();
    record.outcome = Outcome::Silent(Why::Refused(status));
    let id = record.id.clone();
    if let Err(error) = node.journal.end(record).await {
        tracing::warn!(call = %id, status, %error, "a refused call is not in the ledger");
    }
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
