//! Everything that is kept of one call, in the order in which it happened.

use std::time::{Duration, SystemTime};

use ringpost_composer::rfc3339;
use ringpost_model::Timestamp;
use ringpost_sip::{Direction, Traced};
use serde_json::{Value, json};

use super::Mask;
use super::ring::Note;
use crate::serve::node::Node;
use crate::view;

/// Why there is no trace, as a sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// Nothing of that name is kept.
    Unknown(String),
    /// Several calls begin so.
    Several(String),
}

/// The trace of the call with that Call-ID or id of ours, or of the only one
/// whose Call-ID or id begins so.
///
/// # Errors
/// There is none, or there are several.
pub async fn of(node: &Node, asked: &str, mask: Option<&Mask<'_>>) -> Result<Value, Missing> {
    if !node.notes.are_on() {
        return Err(Missing::Unknown(
            "the trace is off: set sip.trace_megabytes above 0 and start the server again".into(),
        ));
    }
    let call_id = find(node, asked).await?;
    let (messages, notes) = (node.endpoint.trace(&call_id), node.notes.of(&call_id));
    if messages.is_empty() && notes.is_empty() {
        return Err(Missing::Unknown(gone()));
    }
    let mut ids: Vec<&str> = Vec::new();
    for note in &notes {
        if !ids.contains(&note.call.as_str()) {
            ids.push(&note.call);
        }
    }
    let mut calls = Vec::with_capacity(ids.len());
    for id in ids {
        calls.push(summary(node, id).await);
    }
    Ok(json!({
        "call_id": call_id,
        "masked": mask.is_some(),
        "calls": calls,
        "events": events(&messages, &notes, mask),
    }))
}

async fn find(node: &Node, asked: &str) -> Result<String, Missing> {
    if let Some(call_id) = node.notes.call_id(asked) {
        return Ok(call_id);
    }
    if !node.endpoint.trace(asked).is_empty() {
        return Ok(asked.to_owned());
    }
    if let Ok(Some(entry)) = node.journal.show(asked).await {
        return Ok(entry.record.call_id);
    }
    let mut beginning = node.notes.beginning_with(asked);
    for call_id in node.endpoint.traced_calls(asked) {
        if !beginning.contains(&call_id) {
            beginning.push(call_id);
        }
    }
    match beginning.as_slice() {
        [only] if !asked.is_empty() => Ok(only.clone()),
        [] | [_] => Err(Missing::Unknown(format!(
            "no call of that name is in the trace. It takes a SIP Call-ID or an id of \
             `ringpost messages list`, or the beginning of one. {}",
            gone()
        ))),
        several => Err(Missing::Several(format!(
            "{} calls begin so; give more of the Call-ID",
            several.len()
        ))),
    }
}

fn gone() -> String {
    "The trace holds the last messages since the server started, as many as fit into \
     sip.trace_megabytes; what became of an older call stands in the ledger: \
     `ringpost messages list`"
        .to_owned()
}

/// How far a call of ours has come, or what became of it.
async fn summary(node: &Node, id: &str) -> Value {
    if let Some(live) = node.live.snapshot().into_iter().find(|live| live.record.id == id) {
        return json!({
            "id": id,
            "subscriber": live.subscriber(),
            "state": live.stage.number(),
            "live": true,
        });
    }
    match node.journal.show(id).await {
        Ok(Some(entry)) => json!({
            "id": id,
            "subscriber": entry.record.subscriber.map(|subscriber| subscriber.user),
            "state": entry.record.stage.number(),
            "live": false,
            "outcome": entry.record.outcome.as_str(),
            "reason": entry.record.outcome.why().as_str(),
            "ended": format!("{}, {}", view::kind(entry.record.outcome), view::why(entry.record.outcome)),
        }),
        // It is just being filed.
        Ok(None) | Err(_) => json!({ "id": id, "subscriber": null, "state": null, "live": false }),
    }
}

fn events(messages: &[Traced], notes: &[Note], mask: Option<&Mask<'_>>) -> Vec<Value> {
    let mut events: Vec<(SystemTime, Value)> =
        messages.iter().map(|traced| (traced.at, message(traced, mask))).collect();
    events.extend(notes.iter().map(|note| {
        let text = note.text.shown(mask);
        (note.at, json!({ "kind": "note", "call": note.call, "text": text }))
    }));
    // Stable: at one moment the message stands before what was decided about it.
    events.sort_by_key(|(at, _)| *at);
    let first = events.first().map(|(at, _)| *at);
    events
        .into_iter()
        .map(|(at, mut event)| {
            let since = first.and_then(|first| at.duration_since(first).ok());
            let since = since.unwrap_or(Duration::ZERO).as_secs_f64() * 1000.0;
            if let Some(fields) = event.as_object_mut() {
                fields.insert("at".into(), json!(rfc3339(Timestamp::from(at))));
                fields.insert("ms".into(), json!((since * 10.0).round() / 10.0));
            }
            event
        })
        .collect()
}

fn message(traced: &Traced, mask: Option<&Mask<'_>>) -> Value {
    let headers: Vec<(String, String)> = traced
        .headers
        .iter()
        .map(|(name, value)| {
            let shown = mask.map_or_else(|| value.clone(), |mask| mask.header(name, value));
            (name.clone(), shown)
        })
        .collect();
    json!({
        "kind": "message",
        "direction": match traced.direction {
            Direction::Received => "in",
            Direction::Sent => "out",
        },
        "hop": traced.hop.to_string(),
        "again": traced.again,
        "line": mask.map_or_else(|| traced.first_line.clone(), |mask| mask.first_line(&traced.first_line)),
        "headers": headers,
        "sdp": traced.sdp,
        "raw": mask.map_or_else(|| traced.raw.clone(), |mask| mask.message(&traced.raw)),
    })
}
