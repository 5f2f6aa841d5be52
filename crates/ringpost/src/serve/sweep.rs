//! Housekeeping: what is delivered and old is let go.

use std::sync::Arc;
use std::time::Duration;

use super::node::{Node, now};

const EVERY: Duration = Duration::from_secs(600);

/// Sweeps at the start and every ten minutes until it is dropped.
pub async fn run(node: Arc<Node>) {
    let mut tick = tokio::time::interval(EVERY);
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
    }
}
