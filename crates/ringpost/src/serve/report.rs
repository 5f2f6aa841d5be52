//! Reports of missed calls by SIP INFO: acknowledged once they are safe.

use std::sync::Arc;

use ringpost_call::{ACCEPTED_TYPES, Hearing, Report, ReportError, outcome_of_report, read_report};
use ringpost_lookup::called_user;
use ringpost_model::{CallRecord, Ear, Stage};
use ringpost_sip::{Answer, IncomingReport};

use super::filing::refusal;
use super::node::{Node, new_id, now};

/// Reads, files and answers one INFO.
pub async fn answer(node: Arc<Node>, incoming: IncomingReport) {
    let answer = match read_report(&incoming.content_type, &incoming.body) {
        Ok(report) => file(&node, &incoming, report).await,
        Err(ReportError::UnknownType) => Answer::new(415).header("Accept", ACCEPTED_TYPES),
        Err(ReportError::Unreadable { reason }) => {
            tracing::warn!(?reason, "a report could not be read");
            let mut answer = Answer::new(400);
            answer.reason = Some("Unreadable Report".into());
            answer
        }
    };
    metrics::counter!("ringpost_reports_total", "ear" => "info", "status" => answer.status.to_string())
        .increment(1);
    incoming.responder.respond(answer);
}

async fn file(node: &Node, incoming: &IncomingReport, report: Report) -> Answer {
    if node.is_stopping() {
        return refusal(503);
    }
    let settings = &node.settings;
    // The body's word goes before the headers', and recipients come from neither.
    let named: Vec<_> = report.called.iter().cloned().collect();
    let addressed = if named.is_empty() { &incoming.addressed } else { &named };
    let diversions: &[_] = if named.is_empty() { &incoming.diversions } else { &[] };
    let Some((subscriber, called)) = called_user(
        settings.called_rule,
        diversions,
        addressed,
        &settings.subscribers,
        &settings.plan,
    ) else {
        return Answer::new(404);
    };
    let received = now();
    // Where the body names the call, the INFO's own Call-ID is that of a session
    // in which many calls are reported.
    let own = report.call_id.as_ref().map(|_| incoming.call_id.as_str());
    let others = incoming.identifiers.iter().filter(|other| Some(other.as_str()) != own);
    let mut identifiers = report.identifiers;
    identifiers.extend(others.cloned());
    let mut unique: Vec<String> = Vec::with_capacity(identifiers.len());
    for identifier in identifiers {
        if !unique.contains(&identifier) {
            unique.push(identifier);
        }
    }
    let record = CallRecord {
        id: new_id(),
        call_id: report.call_id.unwrap_or_else(|| incoming.call_id.clone()),
        identifiers: unique,
        called,
        caller: report.caller.unwrap_or_else(|| incoming.caller.clone()),
        ear: Ear::Info,
        stage: Stage::Ringing,
        // Nobody reports a call before it comes.
        received: report.time.map_or(received, |time| time.min(received)),
        answered: None,
        ended: received,
        outcome: outcome_of_report(
            report.missed,
            report.elsewhere,
            subscriber.notify,
            subscriber.missed_calls,
            Ear::Info,
        ),
        recording: None,
        subscriber: Some(subscriber.as_ref().clone()),
    };
    let live = node.live.same_as(&Hearing {
        subscriber: subscriber.user.clone(),
        identifiers: record.identifiers.clone(),
        caller: record.caller.raw().to_owned(),
        ear: Ear::Info,
        at: received,
    });
    let (id, outcome) = (record.id.clone(), record.outcome);
    match node.journal.report(record.clone(), live.as_deref()).await {
        Ok(filed) => {
            node.notes.reported(&record, incoming, &filed);
            tracing::info!(report = %id, outcome = outcome.as_str(), why = outcome.why().as_str(), ?filed, "report filed");
            Answer::new(200)
        }
        Err(error) => {
            tracing::error!(report = %id, %error, "a report could not be filed; the sender is asked to repeat it");
            refusal(503)
        }
    }
}
