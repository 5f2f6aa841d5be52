//! Plain counters of what went over the wire.

use std::sync::atomic::{AtomicU64, Ordering};

/// A reading of the endpoint's counters. All but `live_calls` and `connections` only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Requests received, by method; repeats are not counted again.
    pub requests: Requests,
    /// Responses sent, by status class; repeats are not counted again.
    pub responses: Responses,
    /// Datagrams that were no SIP message, or one that could not be answered otherwise.
    pub malformed: u64,
    /// Requests of nobody: from addresses outside the peers' networks, or with a
    /// certificate of no peer.
    pub strangers: u64,
    /// Requests that were asked for a password: by 401.
    pub challenges: u64,
    /// Requests with a wrong password, or with an answer that was used before or
    /// was made for something else.
    pub digest_failures: u64,
    /// Messages received again.
    pub retransmissions_received: u64,
    /// Messages sent again.
    pub retransmissions_sent: u64,
    /// Calls refused without a look at them, because the house has no room.
    pub turned_away_full: u64,
    /// The same because more comes than can be handled in time.
    pub turned_away_busy: u64,
    /// Calls that came in and are not over, now.
    pub live_calls: u64,
    /// Connections of TCP and TLS, in and out, now.
    pub connections: u64,
    /// Connections that came and were taken.
    pub connections_accepted: u64,
    /// Connections that came and were closed at once: too many, or from outside
    /// the peers' networks.
    pub connections_refused: u64,
    /// TLS handshakes that failed, of either side.
    pub tls_handshakes_failed: u64,
}

/// Requests by method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Requests {
    /// INVITE, re-INVITE too.
    pub invite: u64,
    /// ACK.
    pub ack: u64,
    /// CANCEL.
    pub cancel: u64,
    /// BYE.
    pub bye: u64,
    /// OPTIONS.
    pub options: u64,
    /// INFO.
    pub info: u64,
    /// Any other method.
    pub other: u64,
}

/// Responses by the hundreds of their status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Responses {
    /// 1xx.
    pub provisional: u64,
    /// 2xx.
    pub success: u64,
    /// 3xx.
    pub redirection: u64,
    /// 4xx.
    pub client_error: u64,
    /// 5xx.
    pub server_error: u64,
    /// 6xx.
    pub global_failure: u64,
}

/// The counters themselves; written by the endpoint's task, read by anybody.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) invite: Counter,
    pub(crate) ack: Counter,
    pub(crate) cancel: Counter,
    pub(crate) bye: Counter,
    pub(crate) options: Counter,
    pub(crate) info: Counter,
    pub(crate) other: Counter,
    responses: [Counter; 6],
    pub(crate) malformed: Counter,
    pub(crate) strangers: Counter,
    pub(crate) challenges: Counter,
    pub(crate) digest_failures: Counter,
    pub(crate) retransmissions_received: Counter,
    pub(crate) retransmissions_sent: Counter,
    pub(crate) turned_away_full: Counter,
    pub(crate) turned_away_busy: Counter,
    pub(crate) live_calls: Counter,
    pub(crate) connections: Counter,
    pub(crate) connections_accepted: Counter,
    pub(crate) connections_refused: Counter,
    pub(crate) tls_handshakes_failed: Counter,
}

/// One number; readings of several are not taken at one instant.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn response(&self, status: u16) {
        let class = usize::from(status / 100).saturating_sub(1);
        if let Some(counter) = self.responses.get(class) {
            counter.add();
        }
    }

    pub(crate) fn read(&self) -> Statistics {
        let [provisional, success, redirection, client_error, server_error, global_failure] =
            self.responses.each_ref().map(Counter::get);
        Statistics {
            requests: Requests {
                invite: self.invite.get(),
                ack: self.ack.get(),
                cancel: self.cancel.get(),
                bye: self.bye.get(),
                options: self.options.get(),
                info: self.info.get(),
                other: self.other.get(),
            },
            responses: Responses {
                provisional,
                success,
                redirection,
                client_error,
                server_error,
                global_failure,
            },
            malformed: self.malformed.get(),
            strangers: self.strangers.get(),
            challenges: self.challenges.get(),
            digest_failures: self.digest_failures.get(),
            retransmissions_received: self.retransmissions_received.get(),
            retransmissions_sent: self.retransmissions_sent.get(),
            turned_away_full: self.turned_away_full.get(),
            turned_away_busy: self.turned_away_busy.get(),
            live_calls: self.live_calls.get(),
            connections: self.connections.get(),
            connections_accepted: self.connections_accepted.get(),
            connections_refused: self.connections_refused.get(),
            tls_handshakes_failed: self.tls_handshakes_failed.get(),
        }
    }
}
