//! INVITE server transaction (RFC 3261 §17.2.1, RFC 6026 §7.1).

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::Action;
use super::timer::{T2, TIMER_G, TIMER_H, TIMER_I, TIMER_L, wait};

/// One INVITE that came in. The 2xx is repeated by the transaction user, all
/// other final responses by this machine.
#[derive(Debug)]
pub(crate) struct InviteServer {
    /// The transport repeats nothing and loses nothing.
    reliable: bool,
    state: State,
}

/// What may happen to an INVITE server transaction.
#[derive(Debug, Clone)]
pub(crate) enum InviteServerEvent {
    /// The INVITE came again.
    Request,
    /// An ACK that belongs to this transaction.
    Ack,
    /// The transaction user answers.
    Respond {
        /// Status code, 100 to 699.
        status: u16,
        /// The whole response.
        bytes: Bytes,
    },
    /// [`InviteServer::deadline`] has come.
    Deadline,
}

#[derive(Debug)]
enum State {
    Proceeding { last: Option<Bytes> },
    Completed { last: Bytes, timer_g: Option<Instant>, interval: Duration, timer_h: Instant },
    Confirmed { timer_i: Instant },
    Accepted { timer_l: Instant },
    Terminated,
}

impl InviteServer {
    /// A transaction for an INVITE that has just come in. On a `reliable`
    /// transport a refusal is not repeated, and timer I is zero.
    pub(crate) fn new(reliable: bool) -> Self {
        Self { reliable, state: State::Proceeding { last: None } }
    }

    /// When [`InviteServerEvent::Deadline`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Proceeding { .. } | State::Terminated => None,
            State::Completed { timer_g, timer_h, .. } => {
                Some(timer_g.map_or(*timer_h, |timer_g| timer_g.min(*timer_h)))
            }
            State::Confirmed { timer_i } => Some(*timer_i),
            State::Accepted { timer_l } => Some(*timer_l),
        }
    }

    /// No final response was given yet.
    pub(crate) fn is_proceeding(&self) -> bool {
        matches!(self.state, State::Proceeding { .. })
    }

    /// A final response still waits to be given or to be acknowledged.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.state, State::Proceeding { .. } | State::Completed { .. })
    }

    /// Takes one event and pushes what follows from it.
    pub(crate) fn handle(&mut self, event: InviteServerEvent, now: Instant, out: &mut Vec<Action>) {
        let state = std::mem::replace(&mut self.state, State::Terminated);
        self.state = match state {
            State::Proceeding { last } => proceeding(last, self.reliable, event, now, out),
            State::Completed { last, timer_g, interval, timer_h } => {
                completed(last, (timer_g, interval), timer_h, event, now, out)
            }
            State::Confirmed { timer_i } => match event {
                InviteServerEvent::Deadline if now >= timer_i => terminated(out),
                _ => State::Confirmed { timer_i },
            },
            State::Accepted { timer_l } => accepted(timer_l, event, now, out),
            State::Terminated => State::Terminated,
        };
    }
}

fn proceeding(
    last: Option<Bytes>,
    reliable: bool,
    event: InviteServerEvent,
    now: Instant,
    out: &mut Vec<Action>,
) -> State {
    match event {
        InviteServerEvent::Request => {
            out.extend(last.clone().map(Action::Resend));
            State::Proceeding { last }
        }
        InviteServerEvent::Respond { status, bytes } => {
            out.push(Action::Send(bytes.clone()));
            match status {
                ..200 => State::Proceeding { last: Some(bytes) },
                200..300 => State::Accepted { timer_l: now + TIMER_L },
                300.. => State::Completed {
                    last: bytes,
                    timer_g: (!reliable).then(|| now + TIMER_G),
                    interval: TIMER_G,
                    timer_h: now + TIMER_H,
                },
            }
        }
        InviteServerEvent::Ack | InviteServerEvent::Deadline => State::Proceeding { last },
    }
}

fn completed(
    last: Bytes,
    (mut timer_g, mut interval): (Option<Instant>, Duration),
    timer_h: Instant,
    event: InviteServerEvent,
    now: Instant,
    out: &mut Vec<Action>,
) -> State {
    match event {
        // Timer G runs on unreliable transports only.
        InviteServerEvent::Ack => {
            return State::Confirmed { timer_i: now + wait(TIMER_I, timer_g.is_none()) };
        }
        InviteServerEvent::Request => out.push(Action::Resend(last.clone())),
        InviteServerEvent::Deadline if now >= timer_h => {
            out.push(Action::TimedOut);
            return terminated(out);
        }
        InviteServerEvent::Deadline if timer_g.is_some_and(|timer_g| now >= timer_g) => {
            out.push(Action::Resend(last.clone()));
            interval = (interval * 2).min(T2);
            timer_g = Some(now + interval);
        }
        InviteServerEvent::Deadline | InviteServerEvent::Respond { .. } => {}
    }
    State::Completed { last, timer_g, interval, timer_h }
}

/// RFC 6026: repeats of the INVITE are absorbed, an ACK and further 2xx pass.
fn accepted(
    timer_l: Instant,
    event: InviteServerEvent,
    now: Instant,
    out: &mut Vec<Action>,
) -> State {
    match event {
        InviteServerEvent::Ack => out.push(Action::Deliver),
        InviteServerEvent::Respond { status: 200..300, bytes } => out.push(Action::Resend(bytes)),
        InviteServerEvent::Deadline if now >= timer_l => return terminated(out),
        InviteServerEvent::Respond { .. }
        | InviteServerEvent::Request
        | InviteServerEvent::Deadline => {}
    }
    State::Accepted { timer_l }
}

fn terminated(out: &mut Vec<Action>) -> State {
    out.push(Action::Terminated);
    State::Terminated
}

#[cfg(test)]
mod tests {
    use super::*;

    fn respond(status: u16) -> InviteServerEvent {
        InviteServerEvent::Respond { status, bytes: Bytes::from(status.to_string()) }
    }

    fn bytes(status: u16) -> Bytes {
        Bytes::from(status.to_string())
    }

    /// Feeds events at milliseconds after the start; says what came out.
    fn run(steps: &[(u64, InviteServerEvent)]) -> (InviteServer, Vec<(u64, Action)>) {
        let start = Instant::now();
        let mut machine = InviteServer::new(false);
        let mut all = Vec::new();
        for (at, event) in steps {
            let mut out = Vec::new();
            machine.handle(event.clone(), start + Duration::from_millis(*at), &mut out);
            all.extend(out.into_iter().map(|action| (*at, action)));
        }
        (machine, all)
    }

    /// Lets the clock jump from deadline to deadline until the machine ends.
    fn run_out(machine: &mut InviteServer, start: Instant) -> Vec<(u128, Action)> {
        let mut all = Vec::new();
        while let Some(at) = machine.deadline() {
            let mut out = Vec::new();
            machine.handle(InviteServerEvent::Deadline, at, &mut out);
            all.extend(out.into_iter().map(|a| ((at - start).as_millis(), a)));
        }
        all
    }

    #[test]
    fn a_repeated_invite_gets_the_last_provisional_response() {
        use InviteServerEvent::Request;
        let (_, out) =
            run(&[(0, Request), (1, respond(100)), (2, Request), (3, respond(180)), (4, Request)]);
        let expected = [
            (1, Action::Send(bytes(100))),
            (2, Action::Resend(bytes(100))),
            (3, Action::Send(bytes(180))),
            (4, Action::Resend(bytes(180))),
        ];
        assert_eq!(out, expected);
    }

    #[test]
    fn a_refusal_is_repeated_with_timer_g_until_timer_h() {
        let start = Instant::now();
        let mut machine = InviteServer::new(false);
        machine.handle(respond(486), start, &mut Vec::new());
        let out = run_out(&mut machine, start);
        let times: Vec<u128> =
            out.iter().filter(|(_, a)| *a == Action::Resend(bytes(486))).map(|(t, _)| *t).collect();
        assert_eq!(times, [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
        assert_eq!(out[out.len() - 2..], [(32000, Action::TimedOut), (32000, Action::Terminated)]);
    }

    #[test]
    fn the_ack_ends_the_repeats_and_timer_i_the_transaction() {
        use InviteServerEvent::{Ack, Deadline, Request};
        let (machine, out) = run(&[
            (0, respond(487)),
            (500, Deadline),
            (600, Ack),
            (700, Ack),
            (800, Request),
            (5599, Deadline),
            (5600, Deadline),
        ]);
        let expected = [
            (0, Action::Send(bytes(487))),
            (500, Action::Resend(bytes(487))),
            (5600, Action::Terminated),
        ];
        assert_eq!(out, expected);
        assert_eq!(machine.deadline(), None);
    }

    #[test]
    fn after_a_2xx_repeats_of_the_invite_are_absorbed_and_the_ack_passes() {
        use InviteServerEvent::{Ack, Deadline, Request};
        let (machine, out) = run(&[
            (0, respond(200)),
            (10, Request),
            (500, respond(200)),
            (510, respond(486)),
            (520, Ack),
            (31_999, Deadline),
            (32_000, Deadline),
        ]);
        let expected = [
            (0, Action::Send(bytes(200))),
            (500, Action::Resend(bytes(200))),
            (520, Action::Deliver),
            (32_000, Action::Terminated),
        ];
        assert_eq!(out, expected);
        assert_eq!(machine.deadline(), None);
    }

    #[test]
    fn only_the_first_final_response_counts() {
        let (machine, out) = run(&[(0, respond(487)), (1, respond(200))]);
        assert_eq!(out, [(0, Action::Send(bytes(487)))]);
        assert!(machine.is_pending() && !machine.is_proceeding());
    }

    #[test]
    fn on_a_reliable_transport_a_refusal_is_sent_once_and_waits_for_its_ack() {
        use InviteServerEvent::{Ack, Deadline};
        let start = Instant::now();
        let mut machine = InviteServer::new(true);
        let mut out = Vec::new();
        machine.handle(respond(486), start, &mut out);
        assert_eq!(machine.deadline(), Some(start + TIMER_H));
        machine.handle(Ack, start, &mut out);
        machine.handle(Deadline, start, &mut out);
        assert_eq!(out, [Action::Send(bytes(486)), Action::Terminated]);
    }
}
