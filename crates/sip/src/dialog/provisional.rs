//! A provisional response sent reliably: repeated until its PRACK (RFC 3262 §3).

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::Due;
use crate::transaction::{T1, TIMER_H};

/// Our reliable provisional responses to one INVITE: one at a time.
#[derive(Debug, Default)]
pub(crate) struct Provisional {
    /// RSeq of the last one.
    rseq: u32,
    /// The CSeq number of the INVITE.
    cseq: u32,
    waits: bool,
    repeat: Option<Repeat>,
}

#[derive(Debug)]
struct Repeat {
    bytes: Bytes,
    next: Instant,
    interval: Duration,
    give_up: Instant,
}

impl Provisional {
    /// To the INVITE with that CSeq number; `first` is where RSeq begins, which
    /// is chosen at random between 1 and 2^31 - 1.
    pub(crate) fn new(cseq: u32, first: u32) -> Self {
        Self { rseq: first.clamp(1, i32::MAX.unsigned_abs()) - 1, cseq, ..Self::default() }
    }

    /// The RSeq of the next one; `None` while the one before waits for its PRACK.
    pub(crate) fn next_rseq(&self) -> Option<u32> {
        (!self.waits).then_some(self.rseq.saturating_add(1))
    }

    /// The one with [`Self::next_rseq`] was sent.
    pub(crate) fn sent(&mut self, bytes: Bytes, now: Instant) {
        self.rseq = self.rseq.saturating_add(1);
        self.waits = true;
        let repeat = Repeat { bytes, next: now + T1, interval: T1, give_up: now + TIMER_H };
        self.repeat = Some(repeat);
    }

    /// The final response goes: nothing is repeated any more, a PRACK is still
    /// expected.
    pub(crate) fn stop(&mut self) {
        self.repeat = None;
    }

    /// A PRACK came with that RAck; `false`: it fits to nothing that waits.
    pub(crate) fn acknowledge(&mut self, rack: RAck) -> bool {
        let fits = self.waits && rack == RAck { rseq: self.rseq, cseq: self.cseq };
        if fits {
            self.waits = false;
            self.repeat = None;
        }
        fits
    }

    /// When [`Self::handle_deadline`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.repeat.as_ref().map(|repeat| repeat.next.min(repeat.give_up))
    }

    /// The interval doubles without an upper bound, other than that of a 2xx.
    pub(crate) fn handle_deadline(&mut self, now: Instant) -> Due {
        let Some(repeat) = &mut self.repeat else { return Due::Nothing };
        if now >= repeat.give_up {
            self.repeat = None;
            return Due::GiveUp;
        }
        if now < repeat.next {
            return Due::Nothing;
        }
        repeat.interval *= 2;
        repeat.next = now + repeat.interval;
        Due::Resend(repeat.bytes.clone())
    }
}

/// The RAck header, whose method is always INVITE here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RAck {
    pub(crate) rseq: u32,
    pub(crate) cseq: u32,
}

impl RAck {
    /// Reads `1 314159 INVITE`; `None`: another method, or no RAck at all.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let mut number = || words.next().and_then(|word| word.parse().ok());
        let (rseq, cseq) = (number()?, number()?);
        (words.next() == Some("INVITE") && words.next().is_none()).then_some(Self { rseq, cseq })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_repeated_with_doubled_intervals_until_64_t1() {
        let start = Instant::now();
        let mut ringing = Provisional::new(7, 41);
        assert_eq!((ringing.next_rseq(), ringing.deadline()), (Some(41), None));
        ringing.sent(Bytes::from_static(b"180"), start);
        assert_eq!(ringing.next_rseq(), None, "one at a time");
        let mut times = Vec::new();
        let end = loop {
            let at = ringing.deadline().unwrap();
            match ringing.handle_deadline(at) {
                Due::Resend(_) => times.push((at - start).as_millis()),
                Due::GiveUp => break (at - start).as_millis(),
                Due::Nothing => panic!("woken for nothing"),
            }
        };
        assert_eq!(times, [500, 1500, 3500, 7500, 15500, 31500]);
        assert_eq!(end, 32_000);
    }

    #[test]
    fn only_its_own_prack_ends_the_repeats() {
        let mut ringing = Provisional::new(7, 41);
        ringing.sent(Bytes::new(), Instant::now());
        for text in ["40 7 INVITE", "41 8 INVITE", "41 7 UPDATE", "41 7", "", "41 7 INVITE x"] {
            assert!(!RAck::read(text).is_some_and(|rack| ringing.acknowledge(rack)), "{text}");
        }
        assert!(ringing.acknowledge(RAck::read("41 7 INVITE").unwrap()));
        assert_eq!((ringing.deadline(), ringing.next_rseq()), (None, Some(42)));
        assert!(!ringing.acknowledge(RAck { rseq: 41, cseq: 7 }), "nothing waits any more");
    }
}
