//! From the outbox to the mail server: claim, look the caller up, compose,
//! hand over, settle.
//!
//! All of it runs on a thread of its own that stands back behind those of calls
//! and sound: a mail is computed in a fraction of a millisecond, woken for in
//! more, and in no hurry when there is nothing left of the processor. It may
//! wait for the disk while it reads a recording.

mod couriers;
mod letter;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ringpost_delivery::Claim;
use ringpost_model::{CallerIdentity, Verdict};
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};

use self::couriers::Couriers;
pub use self::letter::compose_for;
use super::node::{Node, now};
use super::people;
use crate::config::Settings;

/// How far the thread of mail stands back.
pub const NICE: i32 = 5;

/// Mails being brought at once; all but a few of them wait for a lookup or a courier.
const IN_HAND: usize = 64;

/// Mails at once of which it is noted what became of them.
const SETTLING: usize = 512;

/// How long a claimed mail may stay in hand: longer than the slowest mail
/// server keeps the last of the mails in hand, and of those next to them, waiting.
pub fn lease(settings: &Settings) -> Duration {
    let each = settings.smtp.as_ref().map_or(Duration::from_secs(60), |smtp| smtp.timeout);
    let turns = (2 * IN_HAND).div_ceil(settings.couriers.max(1)) + 1;
    let turns = u32::try_from(turns).unwrap_or(u32::MAX);
    settings.lookup_deadline + each * turns + Duration::from_secs(600)
}

/// Runs until `finish` turns true and what was in hand is settled.
pub async fn run(node: Arc<Node>, mut finish: watch::Receiver<bool>) {
    let couriers = Arc::new(Couriers::new(&node.settings));
    let mut outbox = node.journal.claims(IN_HAND, now);
    let mut in_hand = JoinSet::new();
    let mut claims: HashMap<Id, Arc<Claim>> = HashMap::new();
    let mut settling = JoinSet::new();
    while !(*finish.borrow() && in_hand.is_empty() && settling.is_empty()) {
        let has_room = in_hand.len() < IN_HAND && settling.len() < SETTLING && !*finish.borrow();
        tokio::select! {
            Some(claim) = outbox.next(), if has_room => {
                let claim = Arc::new(claim);
                let task = in_hand.spawn(bring(node.clone(), couriers.clone(), claim.clone()));
                claims.insert(task.id(), claim);
            }
            Some(joined) = in_hand.join_next_with_id() => {
                let (task, verdict) = joined.unwrap_or_else(|broken| {
                    metrics::counter!("ringpost_panics_total").increment(1);
                    let reason = "the mail broke inside the server; see its log".into();
                    (broken.id(), Verdict::TryAgain { reason })
                });
                if let Some(claim) = claims.remove(&task) {
                    settling.spawn(settle(node.clone(), claim, verdict));
                }
            }
            Some(_) = settling.join_next() => {}
            _ = finish.wait_for(|finish| *finish), if !*finish.borrow() => {}
        }
    }
}

async fn bring(node: Arc<Node>, couriers: Arc<Couriers>, claim: Arc<Claim>) -> Verdict {
    let (identity, complete) = identify(&node, &claim).await;
    let settings = &node.settings;
    let write = || {
        letter::write(settings, &claim, &identity).inspect_err(
            |reason| tracing::error!(call = %claim.record.id, reason, "a mail could not be written"),
        )
    };
    let verdict = couriers.deliver(settings, write).await;
    // The answer of a complete lookup is worth keeping only when it is needed again.
    if matches!(verdict, Verdict::TryAgain { .. })
        && complete
        && claim.identity.is_none()
        && let Err(error) = node.journal.keep_identity(&claim.record.id, &identity).await
    {
        tracing::warn!(call = %claim.record.id, %error, "a caller's name was not kept; it is looked up again");
    }
    verdict
}

/// Notes what became of a mail, again and again while the disk is full: a mail
/// that was taken must not be sent once more because of that.
async fn settle(node: Arc<Node>, claim: Arc<Claim>, verdict: Verdict) {
    let word = match &verdict {
        Verdict::Delivered { .. } => "delivered",
        Verdict::TryAgain { .. } => "try-again",
        Verdict::Refused { .. } => "refused",
    };
    metrics::counter!("ringpost_mails_total", "verdict" => word).increment(1);
    let call = &claim.record.id;
    let mut stopping = node.stopping.clone();
    let mut wait = Duration::from_millis(500);
    loop {
        let stops = *stopping.borrow();
        match node.journal.settle(&claim, &verdict, now()).await {
            Ok(settled) => {
                node.notes.mailed(&claim, &verdict, &settled);
                let took = now().since(claim.record.ended).as_millis();
                tracing::info!(%call, verdict = word, attempt = claim.attempts + 1, ?settled, took_ms = took, "mail");
                return;
            }
            Err(error) => {
                tracing::error!(%call, verdict = word, %error, "what became of a mail could not be noted; trying again");
            }
        }
        if stops {
            tracing::error!(%call, verdict = word, "stopped before it could be noted; the mail may be sent once more with the same Message-ID");
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
        wait = (wait * 2).min(Duration::from_secs(10));
    }
}

async fn identify(node: &Node, claim: &Claim) -> (CallerIdentity, bool) {
    if let Some(identity) = &claim.identity {
        return (identity.clone(), true);
    }
    let user = claim.record.subscriber.as_ref().map_or("", |subscriber| &subscriber.user);
    let settings = &node.settings;
    let choice = people::identify(
        &node.sources,
        &settings.plan,
        &claim.record.caller,
        user,
        settings.lookup_deadline,
    )
    .await;
    node.notes.identified(&claim.record, &choice);
    (choice.identity, choice.complete)
}
