//! After a crash: calls that were cut off become what their journal entry and
//! their recording say.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ringpost_call::outcome_of_interrupted;
use ringpost_delivery::{Journal, JournalError, OpenCall};
use ringpost_media::Recorded;
use ringpost_model::{CallRecord, Ear, Outcome, Recording, Stage, Why};
use tokio::task::{JoinError, JoinSet};

use super::call_loop;
use super::filing::file;
use super::node::{Node, now};
use crate::config::CallLimits;

/// Calls that are closed at once at a start: their syncs and commits share the
/// disk's time.
const AT_ONCE: usize = 64;

/// How long a recording may take to be closed when its call broke.
const CLOSING: Duration = Duration::from_secs(2);

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
    let open = journal.open_calls().await?;
    let count = open.len();
    let mut closing = JoinSet::new();
    for call in open {
        if closing.len() >= AT_ONCE {
            closed(closing.join_next().await)?;
        }
        let (recordings, limits) = (recordings.to_owned(), limits.clone());
        closing.spawn(close(journal.clone(), recordings, limits, call));
    }
    while !closing.is_empty() {
        closed(closing.join_next().await)?;
    }
    // What no open call owns is repaired too, so that nothing unreadable is left.
    if let Err(error) = ringpost_media::recover(recordings) {
        tracing::error!(%error, "unfinished recordings could not be looked through");
    }
    let released = journal.release_held().await?;
    if released > 0 {
        tracing::warn!(released, "reports waited for calls that never ended; they are told of now");
    }
    Ok(count)
}

/// Closes one call that was cut off.
async fn close(
    journal: Journal,
    recordings: PathBuf,
    limits: CallLimits,
    call: OpenCall,
) -> Result<(), JournalError> {
    let id = call.id.clone();
    let recorded =
        tokio::task::spawn_blocking(move || recorded(&recordings, &id)).await.ok().flatten();
    let record = interrupted(call, recorded, &limits);
    tracing::warn!(
        call = %record.id,
        outcome = record.outcome.as_str(),
        "a call was cut off by the last stop of the server; it is told of now"
    );
    journal.end(record).await.map(drop)
}

/// What the journal said to one of them; a call whose closing broke is open still,
/// for the next start.
fn closed(joined: Option<Result<Result<(), JournalError>, JoinError>>) -> Result<(), JournalError> {
    match joined {
        Some(Ok(filed)) => filed,
        Some(Err(broken)) => {
            tracing::error!(%broken, "a call that was cut off could not be closed; the next start tries again");
            Ok(())
        }
        None => Ok(()),
    }
}

/// The same for one call whose task broke while the server runs on: what was
/// known of it at its beginning, and what lies on the disk.
pub async fn recover_one(node: Arc<Node>, record: CallRecord) {
    // The stream went with the task; its recording is being closed behind it.
    tokio::time::sleep(CLOSING).await;
    let (recordings, id) = (node.settings.recordings(), record.id.clone());
    let recorded =
        tokio::task::spawn_blocking(move || recorded(&recordings, &id)).await.ok().flatten();
    let answered = match node.journal.open_calls().await {
        Ok(open) => open.into_iter().find(|call| call.id == record.id).map(|call| call.answered),
        // Rather a notification too many than none.
        Err(_) => Some(record.received),
    };
    let record = match (answered, record.subscriber.clone()) {
        (Some(answered), Some(subscriber)) => {
            let open = OpenCall {
                id: record.id,
                call_id: record.call_id,
                identifiers: record.identifiers,
                called: record.called,
                subscriber,
                caller: record.caller,
                received: record.received,
                answered,
            };
            interrupted(open, recorded, &node.settings.limits)
        }
        // The caller was answered 500 when the call's task went.
        _ => CallRecord { ended: now(), outcome: Outcome::Silent(Why::Refused(500)), ..record },
    };
    file(&node, record).await;
}

/// What was recorded of the call, repaired and synced; `None` where it had not
/// come so far.
pub fn recorded(recordings: &Path, id: &str) -> Option<Recorded> {
    let file = recordings.join(format!("{id}.wav"));
    if !file.exists() {
        return None;
    }
    ringpost_media::recover_file(&file)
        .inspect_err(|error| tracing::error!(call = %id, %error, "a recording cannot be read; it stays where it is"))
        .ok()
}

fn interrupted(call: OpenCall, recorded: Option<Recorded>, limits: &CallLimits) -> CallRecord {
    let outcome = outcome_of_interrupted(
        recorded.as_ref().map(|recorded| (recorded.duration, recorded.said)),
        &call_loop::policy(limits, &call.subscriber),
    );
    let sound = recorded.as_ref().map_or(Duration::ZERO, |recorded| recorded.duration);
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
