//! Filing the end of a call, and the answers that go with refusals.

use std::time::Duration;

use ringpost_model::CallRecord;
use ringpost_sip::Answer;

use super::node::Node;

/// What a caller is told to wait before trying again, in seconds.
const RETRY_AFTER_SECONDS: u32 = 5;

/// Files the end of a call, again and again while the disk is full: the call
/// stays in the journal as open until it is filed, and so survives a restart.
pub async fn file(node: &Node, record: CallRecord) {
    let mut stopping = node.stopping.clone();
    let (outcome, why) = (record.outcome.as_str(), record.outcome.why().as_str());
    let _filing = node.live.filing();
    let mut wait = Duration::from_millis(500);
    loop {
        let stops = *stopping.borrow();
        match node.journal.end(record.clone()).await {
            Ok(filed) => {
                node.notes.filed(&record, &filed);
                count(outcome, why);
                tracing::info!(call = %record.id, outcome, why, ?filed, "call ended");
                return;
            }
            Err(error) => {
                tracing::error!(call = %record.id, %error, "the end of a call could not be filed; trying again");
            }
        }
        if stops {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
        wait = (wait * 2).min(Duration::from_secs(10));
    }
}

/// One more call with that end.
pub fn count(outcome: &'static str, why: &'static str) {
    count_many(outcome, why, 1);
}

/// So many more calls with that end.
pub fn count_many(outcome: &'static str, why: &'static str, calls: u64) {
    metrics::counter!("ringpost_calls_total", "outcome" => outcome, "why" => why).increment(calls);
}

/// A refusal with the headers that its status asks for.
pub fn refusal(status: u16) -> Answer {
    match status {
        503 => Answer::new(503).retry_after(RETRY_AFTER_SECONDS),
        other => Answer::new(other),
    }
}
