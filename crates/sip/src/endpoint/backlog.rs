//! Datagrams that come faster than they are handled. Those of calls that stand go
//! first, and a new call that has waited for long is refused or passed over, so
//! that what is done is done in time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::task::{TURN, Task};
use crate::transport::{Origin, Received};

/// Datagrams that are kept; more stay with the kernel, which loses what it has no
/// room for.
const MOST: usize = 4096;
/// RFC 3261 §17.1.1.1: T1. Whoever called so long ago has called again since.
const CALLED_AGAIN: Duration = Duration::from_millis(500);

/// Those that wait.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// ACK, BYE and responses: they never overtake the request that they are about.
    urgent: VecDeque<Datagram>,
    others: VecDeque<Datagram>,
}

#[derive(Debug)]
struct Datagram {
    came: Instant,
    origin: Origin,
    bytes: Box<[u8]>,
}

impl Backlog {
    pub(super) fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.others.is_empty()
    }

    fn is_full(&self) -> bool {
        self.urgent.len() + self.others.len() >= MOST
    }

    fn put(&mut self, bytes: &[u8], origin: Origin, came: Instant) {
        let is_urgent = [&b"ACK "[..], b"BYE ", b"SIP/2.0 "].iter().any(|s| bytes.starts_with(s));
        let queue = if is_urgent { &mut self.urgent } else { &mut self.others };
        queue.push_back(Datagram { came, origin, bytes: bytes.into() });
    }

    /// The next one that is of any use.
    fn take(&mut self, now: Instant) -> Option<Datagram> {
        if let Some(next) = self.urgent.pop_front() {
            return Some(next);
        }
        loop {
            let next = self.others.pop_front()?;
            let waited = now.saturating_duration_since(next.came);
            if waited < CALLED_AGAIN || !next.bytes.starts_with(b"INVITE ") {
                return Some(next);
            }
        }
    }
}

impl Task {
    /// Handles what has come already, for one turn; the rest goes to the backlog.
    pub(super) fn handle_waiting(&mut self, buffer: &mut [u8]) {
        for _ in 1..TURN {
            let Some(received) = self.transports.try_receive(buffer) else { return };
            self.handle_received(received, buffer);
        }
        self.take_in(buffer);
    }

    /// Handles some of the backlog, behind which all that came meanwhile is put.
    pub(super) fn handle_backlog(&mut self, buffer: &mut [u8]) {
        self.take_in(buffer);
        for _ in 0..TURN {
            let now = Instant::now();
            let Some(Datagram { came, origin, bytes }) = self.backlog.take(now) else { break };
            self.crowd.waited = now.saturating_duration_since(came);
            self.handle_whole(&bytes, origin, now);
        }
        self.crowd.waited = Duration::ZERO;
        if self.backlog.is_empty() {
            // What a flood has taken is given back.
            self.backlog = Backlog::default();
        }
    }

    /// Something came while others wait.
    pub(super) fn queue(&mut self, received: Received, buffer: &[u8], now: Instant) {
        match received {
            Received::Datagram(origin, length) => {
                self.backlog.put(buffer.get(..length).unwrap_or_default(), origin, now);
            }
            stream @ Received::Stream(_) => self.handle_received(stream, buffer),
        }
    }

    fn take_in(&mut self, buffer: &mut [u8]) {
        let now = Instant::now();
        while !self.backlog.is_full()
            && let Some(received) = self.transports.try_receive(buffer)
        {
            self.queue(received, buffer, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn calls_that_stand_go_first_and_old_ones_are_passed_over() {
        let origin = Origin::udp(0, SocketAddr::from(([192, 0, 2, 1], 5060)));
        let (mut backlog, start) = (Backlog::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        for (ms, message) in [
            (0, "INVITE sip:old"),
            (0, "INFO sip:old"),
            (1, "INVITE sip:a"),
            (2, "CANCEL sip:a"),
            (3, "ACK sip:b"),
            (4, "BYE sip:b"),
            (5, "SIP/2.0 200 OK"),
        ] {
            backlog.put(message.as_bytes(), origin, at(ms));
        }
        let mut next = || backlog.take(at(500)).map(|next| next.bytes);
        let mut taken = Vec::new();
        while let Some(bytes) = next() {
            taken.push(String::from_utf8(bytes.into()).unwrap());
        }
        let expected = ["ACK sip:b", "BYE sip:b", "SIP/2.0 200 OK", "INFO sip:old", "INVITE sip:a"];
        assert_eq!(taken[..5], expected);
        assert_eq!(taken[5..], ["CANCEL sip:a"]);
        assert!(backlog.is_empty());
    }
}
