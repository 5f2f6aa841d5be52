//! Housekeeping: what is delivered and old is let go.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ringpost_delivery::JournalError;

use super::node::{Node, now};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Sweeps at the start and every `state.sweep_seconds` until it is dropped.
pub async fn run(node: Arc<Node>) {
    let mut tick = tokio::time::interval(node.settings.sweep_every);
    loop {
        tick.tick().await;
        match node.journal.sweep(now()).await {
            Ok(swept) => {
                for file in &swept.recordings {
                    let path = node.settings.recordings().join(file);
                    if let Err(error) = tokio::fs::remove_file(&path).await
                        && error.kind() != std::io::ErrorKind::NotFound
                    {
                        tracing::warn!(%error, "an old recording could not be removed");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "old rows could not be swept"),
        }
        match orphans(&node).await {
            Ok(0) => {}
            Ok(count) => tracing::warn!(
                count,
                "recordings of no call lie in the state folder; listen to them before you delete them"
            ),
            Err(error) => tracing::warn!(%error, "the recordings could not be looked through"),
        }
    }
}

/// Recordings older than a day that no ledger row and no open call knows: never
/// deleted, since each may be somebody's message.
async fn orphans(node: &Node) -> Result<usize, JournalError> {
    let mut known: HashSet<String> =
        node.journal.referenced_recordings().await?.into_iter().collect();
    known.extend(node.journal.open_calls().await?.iter().map(|call| format!("{}.wav", call.id)));
    known.extend(node.live.snapshot().iter().map(|call| format!("{}.wav", call.record.id)));
    let recordings = node.settings.recordings();
    let found = tokio::task::spawn_blocking(move || {
        let old = |entry: &std::fs::DirEntry| {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            modified.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > DAY))
        };
        std::fs::read_dir(recordings).map_or(0, |entries| {
            entries
                .filter_map(Result::ok)
                .filter(|entry| !known.contains(entry.file_name().to_string_lossy().as_ref()))
                .filter(old)
                .count()
        })
    });
    Ok(found.await.unwrap_or(0))
}
