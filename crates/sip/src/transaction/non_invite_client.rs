//! Non-INVITE client transaction (RFC 3261 §17.1.2).

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::Action;
use super::timer::{T2, TIMER_E, TIMER_F, TIMER_K, wait};

/// One request other than INVITE and ACK that goes out.
#[derive(Debug)]
pub(crate) struct NonInviteClient {
    /// The transport repeats nothing and loses nothing.
    reliable: bool,
    state: State,
}

/// What may happen to a non-INVITE client transaction.
#[derive(Debug, Clone)]
pub(crate) enum NonInviteClientEvent {
    /// A 1xx response came.
    Provisional,
    /// A final response came.
    Final,
    /// [`NonInviteClient::deadline`] has come.
    Deadline,
    /// The request could not be sent.
    TransportError,
}

#[derive(Debug)]
struct Waiting {
    request: Bytes,
    timer_e: Option<Instant>,
    interval: Duration,
    timer_f: Instant,
}

#[derive(Debug)]
enum State {
    Trying(Waiting),
    Proceeding(Waiting),
    Completed { timer_k: Instant },
    Terminated,
}

impl NonInviteClient {
    /// Starts the transaction: the request is pushed to be sent. On a `reliable`
    /// transport it is never repeated, and timer K is zero.
    pub(crate) fn new(request: Bytes, reliable: bool, now: Instant, out: &mut Vec<Action>) -> Self {
        out.push(Action::Send(request.clone()));
        let (timer_e, timer_f) = ((!reliable).then(|| now + TIMER_E), now + TIMER_F);
        let waiting = Waiting { request, timer_e, interval: TIMER_E, timer_f };
        Self { reliable, state: State::Trying(waiting) }
    }

    /// When [`NonInviteClientEvent::Deadline`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Trying(waiting) | State::Proceeding(waiting) => {
                let Waiting { timer_e, timer_f, .. } = waiting;
                Some(timer_e.map_or(*timer_f, |timer_e| timer_e.min(*timer_f)))
            }
            State::Completed { timer_k } => Some(*timer_k),
            State::Terminated => None,
        }
    }

    /// No final response came yet.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.state, State::Trying(_) | State::Proceeding(_))
    }

    /// Takes one event and pushes what follows from it.
    pub(crate) fn handle(
        &mut self,
        event: NonInviteClientEvent,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        use NonInviteClientEvent::{Deadline, Final, Provisional, TransportError};
        let state = std::mem::replace(&mut self.state, State::Terminated);
        self.state = match (state, event) {
            (State::Trying(waiting) | State::Proceeding(waiting), Provisional) => {
                out.push(Action::Deliver);
                State::Proceeding(waiting)
            }
            (State::Trying(_) | State::Proceeding(_), Final) => {
                out.push(Action::Deliver);
                State::Completed { timer_k: now + wait(TIMER_K, self.reliable) }
            }
            (State::Trying(waiting), Deadline) => {
                let interval = (waiting.interval * 2).min(T2);
                repeated(waiting, interval, now, out).map_or(State::Terminated, State::Trying)
            }
            // In Proceeding the interval is T2 at once (§17.1.2.2).
            (State::Proceeding(waiting), Deadline) => {
                repeated(waiting, T2, now, out).map_or(State::Terminated, State::Proceeding)
            }
            (State::Trying(_) | State::Proceeding(_), TransportError) => {
                out.extend([Action::Unreachable, Action::Terminated]);
                State::Terminated
            }
            (State::Completed { timer_k }, Deadline) if now >= timer_k => {
                out.push(Action::Terminated);
                State::Terminated
            }
            (
                state @ (State::Completed { .. } | State::Terminated),
                Provisional | Final | Deadline | TransportError,
            ) => state,
        };
    }
}

/// The request goes out again where timer E is due; `None` once timer F is.
fn repeated(
    mut waiting: Waiting,
    interval: Duration,
    now: Instant,
    out: &mut Vec<Action>,
) -> Option<Waiting> {
    if now >= waiting.timer_f {
        out.extend([Action::TimedOut, Action::Terminated]);
        return None;
    }
    if waiting.timer_e.is_some_and(|timer_e| now >= timer_e) {
        out.push(Action::Resend(waiting.request.clone()));
        waiting.interval = interval;
        waiting.timer_e = Some(now + interval);
    }
    Some(waiting)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYE: Bytes = Bytes::from_static(b"BYE");

    /// Lets the clock jump from deadline to deadline; says when BYE went out again.
    fn run_out(machine: &mut NonInviteClient, start: Instant) -> (Vec<u128>, Vec<Action>) {
        let mut resent = Vec::new();
        let mut last = Vec::new();
        while let Some(at) = machine.deadline() {
            last.clear();
            machine.handle(NonInviteClientEvent::Deadline, at, &mut last);
            if last == [Action::Resend(BYE)] {
                resent.push((at - start).as_millis());
            }
        }
        (resent, last)
    }

    #[test]
    fn an_unanswered_request_is_repeated_up_to_every_t2_until_timer_f() {
        let start = Instant::now();
        let mut machine = NonInviteClient::new(BYE, false, start, &mut Vec::new());
        let (resent, last) = run_out(&mut machine, start);
        assert_eq!(resent, [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
        assert_eq!(last, [Action::TimedOut, Action::Terminated]);
    }

    #[test]
    fn after_a_provisional_response_the_interval_is_t2() {
        let start = Instant::now();
        let mut machine = NonInviteClient::new(BYE, false, start, &mut Vec::new());
        machine.handle(NonInviteClientEvent::Provisional, start, &mut Vec::new());
        let (resent, last) = run_out(&mut machine, start);
        assert_eq!(resent, [500, 4500, 8500, 12500, 16500, 20500, 24500, 28500]);
        assert_eq!(last, [Action::TimedOut, Action::Terminated]);
    }

    #[test]
    fn the_final_response_is_delivered_once_and_repeats_absorbed_for_timer_k() {
        let start = Instant::now();
        let mut out = Vec::new();
        let mut machine = NonInviteClient::new(BYE, false, start, &mut out);
        assert_eq!(out, [Action::Send(BYE)]);
        out.clear();
        machine.handle(NonInviteClientEvent::Final, start, &mut out);
        machine.handle(NonInviteClientEvent::Final, start, &mut out);
        assert_eq!(out, [Action::Deliver]);
        assert!(!machine.is_pending());
        let (resent, last) = run_out(&mut machine, start);
        assert_eq!((resent, last), (vec![], vec![Action::Terminated]));
    }

    #[test]
    fn on_a_reliable_transport_nothing_is_repeated() {
        let start = Instant::now();
        let mut machine = NonInviteClient::new(BYE, true, start, &mut Vec::new());
        assert_eq!(machine.deadline(), Some(start + TIMER_F));
        let mut out = Vec::new();
        machine.handle(NonInviteClientEvent::Provisional, start, &mut out);
        assert_eq!(machine.deadline(), Some(start + TIMER_F));
        machine.handle(NonInviteClientEvent::Final, start, &mut out);
        machine.handle(NonInviteClientEvent::Deadline, start, &mut out);
        assert_eq!(out, [Action::Deliver, Action::Deliver, Action::Terminated]);
    }
}
