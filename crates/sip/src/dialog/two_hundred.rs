//! The 2xx to an INVITE, repeated until its ACK (RFC 3261 §13.3.1.4).

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::transaction::{T1, T2, TIMER_H};

/// A 2xx that waits for its ACK. The server transaction does not repeat it,
/// because the ACK comes from end to end and not hop by hop.
#[derive(Debug)]
pub(crate) struct TwoHundred {
    bytes: Bytes,
    cseq: u32,
    next: Instant,
    interval: Duration,
    give_up: Instant,
}

/// What a deadline brings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Not yet.
    Nothing,
    /// Send the response again.
    Resend(Bytes),
    /// 64*T1 without an ACK.
    GiveUp,
}

impl TwoHundred {
    /// A response that was sent `now`, to the INVITE with that CSeq number.
    pub(crate) fn new(bytes: Bytes, cseq: u32, now: Instant) -> Self {
        Self { bytes, cseq, next: now + T1, interval: T1, give_up: now + TIMER_H }
    }

    /// When [`Self::handle_deadline`] is due.
    pub(crate) fn deadline(&self) -> Instant {
        self.next.min(self.give_up)
    }

    /// The ACK has the CSeq number of its INVITE.
    pub(crate) fn is_acknowledged_by(&self, cseq: u32) -> bool {
        self.cseq == cseq
    }

    pub(crate) fn handle_deadline(&mut self, now: Instant) -> Due {
        if now >= self.give_up {
            return Due::GiveUp;
        }
        if now < self.next {
            return Due::Nothing;
        }
        self.interval = (self.interval * 2).min(T2);
        self.next = now + self.interval;
        Due::Resend(self.bytes.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_repeated_from_t1_doubling_to_t2_until_64_t1() {
        let start = Instant::now();
        let mut response = TwoHundred::new(Bytes::from_static(b"200"), 1, start);
        assert_eq!(response.handle_deadline(start), Due::Nothing);
        let mut times = Vec::new();
        let end = loop {
            let at = response.deadline();
            match response.handle_deadline(at) {
                Due::Resend(_) => times.push((at - start).as_millis()),
                Due::GiveUp => break (at - start).as_millis(),
                Due::Nothing => panic!("woken for nothing at {at:?}"),
            }
        };
        assert_eq!(times, [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
        assert_eq!(end, 32_000);
    }
}
