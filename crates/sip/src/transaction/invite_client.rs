//! INVITE client transaction (RFC 3261 §17.1.1, RFC 6026 §7.2).

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::Action;
use super::timer::{TIMER_A, TIMER_B, TIMER_D, TIMER_M, wait};

/// One INVITE that goes out.
#[derive(Debug)]
pub(crate) struct InviteClient {
    /// The transport repeats nothing and loses nothing.
    reliable: bool,
    /// Nobody waits for an answer any more.
    abandoned: bool,
    state: State,
}

/// What may happen to an INVITE client transaction.
#[derive(Debug, Clone)]
pub(crate) enum InviteClientEvent {
    /// A 1xx response came.
    Provisional,
    /// A 2xx response came; the transaction user sends its ACK.
    Success,
    /// A response of 300 or above came; `ack` is what acknowledges it (§17.1.1.3).
    Refusal {
        /// The whole ACK.
        ack: Bytes,
    },
    /// [`InviteClient::deadline`] has come.
    Deadline,
    /// The request could not be sent.
    TransportError,
    /// Nobody waits for an answer any more: nothing is sent again, and without a
    /// final response it ends after 64*T1.
    Abandoned,
}

#[derive(Debug)]
enum State {
    Calling {
        request: Bytes,
        timer_a: Option<Instant>,
        interval: Duration,
        timer_b: Instant,
    },
    /// It rings for as long as the peer likes, unless nobody waits for it.
    Proceeding {
        until: Option<Instant>,
    },
    Completed {
        ack: Bytes,
        timer_d: Instant,
    },
    Accepted {
        timer_m: Instant,
    },
    Terminated,
}

impl InviteClient {
    /// Starts the transaction: the request is pushed to be sent. On a `reliable`
    /// transport it is never repeated, and timer D is zero.
    pub(crate) fn new(request: Bytes, reliable: bool, now: Instant, out: &mut Vec<Action>) -> Self {
        out.push(Action::Send(request.clone()));
        let (timer_a, timer_b) = ((!reliable).then(|| now + TIMER_A), now + TIMER_B);
        let state = State::Calling { request, timer_a, interval: TIMER_A, timer_b };
        Self { reliable, abandoned: false, state }
    }

    /// When [`InviteClientEvent::Deadline`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Calling { timer_a, timer_b, .. } => {
                Some(timer_a.map_or(*timer_b, |timer_a| timer_a.min(*timer_b)))
            }
            State::Proceeding { until } => *until,
            State::Terminated => None,
            State::Completed { timer_d, .. } => Some(*timer_d),
            State::Accepted { timer_m } => Some(*timer_m),
        }
    }

    /// No final response came yet.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.state, State::Calling { .. } | State::Proceeding { .. })
    }

    /// Takes one event and pushes what follows from it.
    pub(crate) fn handle(&mut self, event: InviteClientEvent, now: Instant, out: &mut Vec<Action>) {
        use InviteClientEvent::{
            Abandoned, Deadline, Provisional, Refusal, Success, TransportError,
        };
        self.abandoned |= matches!(event, Abandoned);
        let state = std::mem::replace(&mut self.state, State::Terminated);
        self.state = match (state, event) {
            (State::Calling { .. }, Provisional) => {
                out.push(Action::Deliver);
                State::Proceeding { until: self.abandoned.then(|| now + TIMER_B) }
            }
            (State::Proceeding { until }, Provisional) => {
                out.push(Action::Deliver);
                State::Proceeding { until }
            }
            // A peer that never comes to an end must not be remembered for ever.
            (State::Proceeding { until }, Abandoned) => {
                State::Proceeding { until: until.or(Some(now + TIMER_B)) }
            }
            (State::Proceeding { until: Some(until) }, Deadline) if now >= until => {
                out.push(Action::Terminated);
                State::Terminated
            }
            (State::Calling { .. } | State::Proceeding { .. }, Success) => {
                out.push(Action::Deliver);
                State::Accepted { timer_m: now + TIMER_M }
            }
            (State::Calling { .. } | State::Proceeding { .. }, Refusal { ack }) => {
                out.extend([Action::Send(ack.clone()), Action::Deliver]);
                State::Completed { ack, timer_d: now + wait(TIMER_D, self.reliable) }
            }
            (State::Calling { request, timer_a, interval, timer_b }, Deadline) => {
                calling_deadline(request, (timer_a, interval), timer_b, now, out)
            }
            // Another 2xx: a repeat, or another branch of a fork; each wants its ACK.
            (State::Accepted { timer_m }, Success) => {
                out.push(Action::Deliver);
                State::Accepted { timer_m }
            }
            (State::Completed { ack, timer_d }, Refusal { .. }) => {
                out.push(Action::Resend(ack.clone()));
                State::Completed { ack, timer_d }
            }
            (
                State::Completed { timer_d: end, .. } | State::Accepted { timer_m: end },
                Deadline,
            ) if now >= end => {
                out.push(Action::Terminated);
                State::Terminated
            }
            (State::Calling { .. } | State::Completed { .. }, TransportError) => {
                out.extend([Action::Unreachable, Action::Terminated]);
                State::Terminated
            }
            (State::Calling { request, interval, timer_b, .. }, Abandoned) => {
                State::Calling { request, timer_a: None, interval, timer_b }
            }
            (
                state,
                Provisional | Success | Refusal { .. } | Deadline | TransportError | Abandoned,
            ) => state,
        };
    }
}

fn calling_deadline(
    request: Bytes,
    (mut timer_a, mut interval): (Option<Instant>, Duration),
    timer_b: Instant,
    now: Instant,
    out: &mut Vec<Action>,
) -> State {
    if now >= timer_b {
        out.extend([Action::TimedOut, Action::Terminated]);
        return State::Terminated;
    }
    if timer_a.is_some_and(|timer_a| now >= timer_a) {
        out.push(Action::Resend(request.clone()));
        interval *= 2;
        timer_a = Some(now + interval);
    }
    State::Calling { request, timer_a, interval, timer_b }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: Bytes = Bytes::from_static(b"INVITE");
    const ACK: Bytes = Bytes::from_static(b"ACK");

    /// Feeds events at milliseconds after the start; says what came out.
    fn run(steps: &[(u64, InviteClientEvent)]) -> (InviteClient, Vec<(u64, Action)>) {
        let start = Instant::now();
        let mut all = Vec::new();
        let mut out = Vec::new();
        let mut machine = InviteClient::new(INVITE, false, start, &mut out);
        all.extend(out.into_iter().map(|action| (0, action)));
        for (at, event) in steps {
            let mut out = Vec::new();
            machine.handle(event.clone(), start + Duration::from_millis(*at), &mut out);
            all.extend(out.into_iter().map(|action| (*at, action)));
        }
        (machine, all)
    }

    #[test]
    fn an_unanswered_invite_doubles_its_interval_until_timer_b() {
        let start = Instant::now();
        let mut machine = InviteClient::new(INVITE, false, start, &mut Vec::new());
        let mut resent = Vec::new();
        let mut last = Vec::new();
        while let Some(at) = machine.deadline() {
            last.clear();
            machine.handle(InviteClientEvent::Deadline, at, &mut last);
            if last == [Action::Resend(INVITE)] {
                resent.push((at - start).as_millis());
            }
        }
        assert_eq!(resent, [500, 1500, 3500, 7500, 15500, 31500]);
        assert_eq!(last, [Action::TimedOut, Action::Terminated]);
    }

    #[test]
    fn a_provisional_response_ends_the_repeats() {
        use InviteClientEvent::{Deadline, Provisional};
        let (machine, out) = run(&[(100, Provisional), (500, Deadline), (600, Provisional)]);
        let expected = [(0, Action::Send(INVITE)), (100, Action::Deliver), (600, Action::Deliver)];
        assert_eq!(out, expected);
        assert!(machine.is_pending());
        assert_eq!(machine.deadline(), None);
    }

    #[test]
    fn a_refusal_is_acknowledged_each_time_and_delivered_once() {
        use InviteClientEvent::{Deadline, Provisional, Refusal};
        let refusal = Refusal { ack: ACK };
        let (machine, out) = run(&[
            (10, Provisional),
            (20, refusal.clone()),
            (520, refusal.clone()),
            (600, Provisional),
            (32_020, Deadline),
            (32_030, refusal),
        ]);
        let expected = [
            (0, Action::Send(INVITE)),
            (10, Action::Deliver),
            (20, Action::Send(ACK)),
            (20, Action::Deliver),
            (520, Action::Resend(ACK)),
            (32_020, Action::Terminated),
        ];
        assert_eq!(out, expected);
        assert_eq!(machine.deadline(), None);
    }

    #[test]
    fn what_rings_and_is_abandoned_ends_after_64_t1() {
        use InviteClientEvent::{Abandoned, Deadline, Provisional, Refusal};
        for (steps, end) in [
            ([(10, Provisional), (1000, Abandoned), (2000, Provisional)], 33_000),
            ([(10, Abandoned), (500, Deadline), (1000, Provisional)], 33_000),
        ] {
            let (mut machine, _) = run(&steps);
            let (mut out, now) = (Vec::new(), Instant::now());
            let until = machine.deadline().unwrap();
            assert!(until <= now + Duration::from_millis(end), "{steps:?}");
            machine.handle(Refusal { ack: ACK }, now, &mut out);
            assert_eq!(out, [Action::Send(ACK), Action::Deliver], "a late end is acknowledged");
            let (mut machine, _) = run(&steps);
            out.clear();
            machine.handle(Deadline, until + Duration::from_secs(1), &mut out);
            assert_eq!(out, [Action::Terminated]);
            assert!(!machine.is_pending());
        }
    }

    #[test]
    fn every_2xx_passes_until_timer_m() {
        use InviteClientEvent::{Deadline, Refusal, Success};
        let (_, out) = run(&[
            (10, Success),
            (510, Success),
            (520, Refusal { ack: ACK }),
            (32_009, Deadline),
            (32_010, Deadline),
            (32_020, Success),
        ]);
        let expected = [
            (0, Action::Send(INVITE)),
            (10, Action::Deliver),
            (510, Action::Deliver),
            (32_010, Action::Terminated),
        ];
        assert_eq!(out, expected);
    }

    #[test]
    fn a_request_that_cannot_be_sent_ends_at_once() {
        let (machine, out) = run(&[(0, InviteClientEvent::TransportError)]);
        assert_eq!(out[1..], [(0, Action::Unreachable), (0, Action::Terminated)]);
        assert!(!machine.is_pending());
    }

    #[test]
    fn on_a_reliable_transport_nothing_is_repeated() {
        let start = Instant::now();
        let mut machine = InviteClient::new(INVITE, true, start, &mut Vec::new());
        assert_eq!(machine.deadline(), Some(start + TIMER_B));
        let mut out = Vec::new();
        machine.handle(InviteClientEvent::Refusal { ack: ACK }, start, &mut out);
        assert_eq!(machine.deadline(), Some(start));
        machine.handle(InviteClientEvent::Deadline, start, &mut out);
        assert_eq!(out, [Action::Send(ACK), Action::Deliver, Action::Terminated]);
    }
}
