//! Keep-alives of connections (RFC 5626 §4.4.1).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::connection::Role;
use super::limits::Timings;

/// What the reading half lets the writing half know.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// A ping came that wants its pong.
    pub(super) ping: Notify,
    /// Reads so far.
    pub(super) reads: AtomicUsize,
    /// Line ends so far.
    pub(super) pongs: AtomicUsize,
}

/// Pings of ours (RFC 5626 §4.4.1). Many peers never answer one, so only a peer
/// that did is taken for dead when it does not; the others are left to the
/// system's own keep-alive.
pub(super) struct KeepAlive {
    timings: Timings,
    at: Option<Instant>,
    /// A ping is out: what was heard before it.
    waiting: Option<(usize, usize)>,
    answers: bool,
}

impl KeepAlive {
    pub(super) fn new(role: Role, timings: Timings) -> Self {
        let at = (role == Role::Opened).then(|| Instant::now() + Self::interval(timings.ping));
        Self { timings, at, waiting: None, answers: false }
    }

    /// Between 80 and 100 per cent, so that not all come at once.
    fn interval(longest: Duration) -> Duration {
        longest.mul_f64(rand::random_range(0.8..=1.0))
    }

    /// Waits for the next step.
    pub(super) async fn due(&self) {
        match self.at {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    /// What to write now; `None`: the peer is gone.
    pub(super) fn next(&mut self, heard: &Heard) -> Option<&'static [u8]> {
        let now = Instant::now();
        let (reads, pongs) =
            (heard.reads.load(Ordering::Relaxed), heard.pongs.load(Ordering::Relaxed));
        let Some((reads_before, pongs_before)) = self.waiting.take() else {
            self.waiting = Some((reads, pongs));
            self.at = Some(now + self.timings.pong);
            return Some(b"\r\n\r\n");
        };
        if self.answers && reads == reads_before {
            return None;
        }
        self.answers |= pongs > pongs_before;
        self.at = Some(now + Self::interval(self.timings.ping));
        Some(b"")
    }
}
