//! Phones are told how many voice mails wait (RFC 3842): at the start of the
//! server, and whenever a subscriber's counts have changed.
//!
//! The ledger is asked once a second whose counts may have changed. So it does
//! not matter who changed them (a call, an HTTP request, a command beside the
//! server), no call waits for it, and a moment's changes are one NOTIFY.

mod board;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ringpost_delivery::{JournalError, WaitingMark};
use ringpost_sip::{Credentials, MessageWaiting};
use tokio::task::{Id, JoinSet};
use tokio::time::MissedTickBehavior;

use self::board::{Board, Order, Verdict};
use super::node::Node;
use crate::config::Settings;

/// How often the ledger is asked for changes.
const EVERY: Duration = Duration::from_secs(1);
/// How often everybody is counted anew, whatever was said to have changed: a
/// sweep of old rows and a clock that was set back are noticed by it.
const RECOUNT: Duration = Duration::from_secs(60);
/// NOTIFYs that wait for their answer at once.
const AT_ONCE: usize = 64;
/// Longer than SIP itself waits for an answer.
const PATIENCE: Duration = Duration::from_secs(40);

/// Counts stand at 0 from the start.
pub fn start_counters() {
    metrics::counter!("ringpost_notifies_total", "status" => "200").increment(0);
}

/// Runs until it is dropped; ends at once where nobody is to be told.
pub async fn run(node: Arc<Node>) {
    let mut ledger = Ledger { mark: WaitingMark::default(), recount_at: Instant::now() };
    let mut board = Board::new(&node.settings.message_waiting);
    if board.users().next().is_none() {
        return;
    }
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sending = JoinSet::new();
    let mut orders: HashMap<Id, Order> = HashMap::new();
    loop {
        let now = Instant::now();
        for order in board.take(now, AT_ONCE.saturating_sub(sending.len())) {
            let task = sending.spawn(send(node.clone(), order.clone()));
            orders.insert(task.id(), order);
        }
        tokio::select! {
            _ = tick.tick() => {
                if let Err(error) = ledger.read(&node, &mut board).await {
                    tracing::warn!(%error, "the waiting messages cannot be counted; trying again");
                }
            }
            Some(joined) = sending.join_next_with_id() => {
                let (task, verdict) = match joined {
                    Ok((task, verdict)) => (task, verdict),
                    Err(broken) => {
                        metrics::counter!("ringpost_panics_total").increment(1);
                        (broken.id(), Verdict::Refused)
                    }
                };
                if let Some(order) = orders.remove(&task)
                    && board.settle(&order, verdict, Instant::now())
                {
                    tracing::warn!(
                        "an endpoint was not told of waiting messages; it is tried again when they change"
                    );
                }
            }
        }
    }
}

/// What was read of the ledger so far.
struct Ledger {
    mark: WaitingMark,
    recount_at: Instant,
}

impl Ledger {
    /// Puts the counts that may have changed on the board.
    async fn read(&mut self, node: &Node, board: &mut Board) -> Result<(), JournalError> {
        let (mark, changed) = node.journal.waiting_changes(self.mark).await?;
        let now = Instant::now();
        let all = now >= self.recount_at;
        let users: Vec<String> =
            board.users().filter(|user| all || changed.contains(user)).cloned().collect();
        for user in users {
            let waiting = node.journal.waiting(&user).await?;
            board.show(&user, waiting, Instant::now());
        }
        self.mark = mark;
        if all {
            self.recount_at = now + RECOUNT;
        }
        Ok(())
    }
}

async fn send(node: Arc<Node>, order: Order) -> Verdict {
    let notify = node.endpoint.notify_message_waiting(MessageWaiting {
        uri: order.uri.clone(),
        account: order.uri.clone(),
        new: shown(order.waiting.new),
        old: shown(order.waiting.old),
        destination: None,
        credentials: credentials(&node.settings, &order.uri),
    });
    let status = match tokio::time::timeout(PATIENCE, notify).await {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => {
            tracing::debug!(uri = ?order.uri, %error, "a NOTIFY was not answered");
            0
        }
        Err(_) => 0,
    };
    let word = if status == 0 { "none".to_owned() } else { status.to_string() };
    metrics::counter!("ringpost_notifies_total", "status" => word).increment(1);
    tracing::debug!(uri = ?order.uri, status, "message waiting");
    verdict(status)
}

/// As many as the message can say.
fn shown(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// What a status means for the next attempt; 0: there was none.
fn verdict(status: u16) -> Verdict {
    match status {
        200..300 => Verdict::Shown,
        // The endpoint says that the same again would be refused again; it may
        // be away (480), busy (486) or in the middle of something (491).
        300..500 if ![408, 429, 480, 486, 491].contains(&status) => Verdict::Refused,
        _ => Verdict::Again,
    }
}

/// Those of our registration with the phone system that the endpoint belongs to.
fn credentials(settings: &Settings, uri: &str) -> Option<Credentials> {
    let theirs = host(uri);
    let mut ours = settings.registrations.iter();
    let registration = ours.find(|registration| {
        [&registration.registrar, &registration.address_of_record]
            .into_iter()
            .any(|known| host(known).eq_ignore_ascii_case(theirs))
    });
    registration.and_then(|registration| registration.credentials.clone())
}

/// The host in a SIP URI, an IPv6 address with its brackets.
fn host(uri: &str) -> &str {
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    // A user part may have parameters of its own.
    let rest = rest.split_once('@').map_or(rest, |(_, host)| host);
    let rest = rest.split([';', '?']).next().unwrap_or(rest);
    match rest.split_once(']') {
        Some((address, _)) => rest.get(..=address.len()).unwrap_or(rest),
        None => rest.split(':').next().unwrap_or(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_uri_is_read() {
        for (uri, expected) in [
            ("sip:alice@192.0.2.20:5060", "192.0.2.20"),
            ("sips:pbx.example.com;transport=tls", "pbx.example.com"),
            ("sip:1001;phone-context=x@pbx.example.com?a=b@c", "pbx.example.com"),
            ("sip:alice@[2001:db8::1]:5060", "[2001:db8::1]"),
            ("sip:[2001:db8::1]", "[2001:db8::1]"),
        ] {
            assert_eq!(host(uri), expected, "{uri}");
        }
    }

    #[test]
    fn who_says_no_is_left_alone_and_who_says_later_is_not() {
        for (status, expected) in [
            (200, Verdict::Shown),
            (202, Verdict::Shown),
            (0, Verdict::Again),
            (404, Verdict::Refused),
            (407, Verdict::Refused),
            (480, Verdict::Again),
            (481, Verdict::Refused),
            (489, Verdict::Refused),
            (491, Verdict::Again),
            (503, Verdict::Again),
            (603, Verdict::Again),
        ] {
            assert_eq!(verdict(status), expected, "{status}");
        }
    }
}
