//! After a crash: calls that were cut off become what their journal entry and
//! their recording say.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use ringpost_call::outcome_of_interrupted;
use ringpost_delivery::{Journal, JournalError, OpenCall};
use ringpost_media::Recorded;
use ringpost_model::{CallRecord, Ear, Recording, Stage};

use super::call_loop;
use super::node::{Node, now};
use crate::config::CallLimits;

/// Closes every call that the journal holds open and that nobody leads any
/// more. Returns how many there were.
///
/// # Errors
/// The journal's.
pub async fn recover(
    journal: &Journal,
    recordings: &Path,
    limits: &CallLimits,
) -> Result<usize, JournalError> {
    let repaired: HashMap<String, Recorded> = match ringpost_media::recover(recordings) {
        Ok(found) => found.into_iter().map(|found| (found.file.clone(), found)).collect(),
        Err(error) => {
            tracing::error!(%error, "unfinished recordings could not be looked through");
            HashMap::new()
        }
    };
    let open = journal.open_calls().await?;
    let count = open.len();
    for call in open {
        let file = format!("{}.wav", call.id);
        let recorded = repaired
            .get(&file)
            .cloned()
            .or_else(|| ringpost_media::measure(&recordings.join(&file)).ok());
        let record = interrupted(call, recorded, limits);
        tracing::warn!(
            call = %record.id,
            outcome = record.outcome.as_str(),
            "a call was cut off by the last stop of the server; it is told of now"
        );
        journal.end(record).await?;
    }
    let released = journal.release_held().await?;
    if released > 0 {
        tracing::warn!(released, "reports waited for calls that never ended; they are told of now");
    }
    Ok(count)
}

/// The same for one call whose task broke while the server runs on.
pub async fn recover_one(node: Arc<Node>, id: String) {
    let open = match node.journal.open_calls().await {
        Ok(open) => open,
        Err(error) => {
            tracing::error!(call = %id, %error, "a broken call stays open until the next start");
            return;
        }
    };
    let Some(call) = open.into_iter().find(|call| call.id == id) else { return };
    let file = node.settings.recordings().join(format!("{id}.wav"));
    let recorded = tokio::task::spawn_blocking(move || ringpost_media::measure(&file)).await;
    let record = interrupted(call, recorded.ok().and_then(Result::ok), &node.settings.limits);
    call_loop::file(&node.journal, record, node.stopping.clone()).await;
}

fn interrupted(call: OpenCall, recorded: Option<Recorded>, limits: &CallLimits) -> CallRecord {
    let outcome = outcome_of_interrupted(
        recorded.as_ref().map(|recorded| (recorded.duration, recorded.said)),
        &call_loop::policy(limits, &call.subscriber),
    );
    let sound = recorded.as_ref().map_or(std::time::Duration::ZERO, |recorded| recorded.duration);
    CallRecord {
        id: call.id,
        call_id: call.call_id,
        identifiers: call.identifiers,
        called: call.called,
        subscriber: Some(call.subscriber),
        caller: call.caller,
        ear: Ear::Call,
        stage: if recorded.is_some() { Stage::Recording } else { Stage::Greeting },
        received: call.received,
        answered: Some(call.answered),
        // The last moment that is known of the call.
        ended: call.answered.plus(sound).min(now()),
        outcome,
        recording: recorded
            .map(|recorded| Recording { file: recorded.file, duration: recorded.duration }),
    }
}
