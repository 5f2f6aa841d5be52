//! Non-INVITE server transaction (RFC 3261 §17.2.2).

use std::time::Instant;

use bytes::Bytes;

use super::Action;
use super::timer::{TIMER_J, wait};

/// One request other than INVITE and ACK that came in.
#[derive(Debug)]
pub(crate) struct NonInviteServer {
    /// The transport repeats nothing and loses nothing.
    reliable: bool,
    state: State,
}

/// What may happen to a non-INVITE server transaction.
#[derive(Debug, Clone)]
pub(crate) enum NonInviteServerEvent {
    /// The request came again.
    Request,
    /// The transaction user answers.
    Respond {
        /// Status code, 100 to 699.
        status: u16,
        /// The whole response.
        bytes: Bytes,
    },
    /// [`NonInviteServer::deadline`] has come.
    Deadline,
}

#[derive(Debug)]
enum State {
    Trying,
    Proceeding { last: Bytes },
    Completed { last: Bytes, timer_j: Instant },
    Terminated,
}

impl NonInviteServer {
    /// A transaction for a request that has just come in. On a `reliable`
    /// transport timer J is zero.
    pub(crate) fn new(reliable: bool) -> Self {
        Self { reliable, state: State::Trying }
    }

    /// When [`NonInviteServerEvent::Deadline`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Trying | State::Proceeding { .. } | State::Terminated => None,
            State::Completed { timer_j, .. } => Some(*timer_j),
        }
    }

    /// No final response was given yet.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.state, State::Trying | State::Proceeding { .. })
    }

    /// Takes one event and pushes what follows from it.
    pub(crate) fn handle(
        &mut self,
        event: NonInviteServerEvent,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        use NonInviteServerEvent::{Deadline, Request, Respond};
        let state = std::mem::replace(&mut self.state, State::Terminated);
        self.state = match (state, event) {
            (State::Trying | State::Proceeding { .. }, Respond { status, bytes }) => {
                out.push(Action::Send(bytes.clone()));
                if status < 200 {
                    State::Proceeding { last: bytes }
                } else {
                    State::Completed { last: bytes, timer_j: now + wait(TIMER_J, self.reliable) }
                }
            }
            (State::Proceeding { last }, Request) => {
                out.push(Action::Resend(last.clone()));
                State::Proceeding { last }
            }
            (State::Completed { last, timer_j }, Request) => {
                out.push(Action::Resend(last.clone()));
                State::Completed { last, timer_j }
            }
            (State::Completed { timer_j, .. }, Deadline) if now >= timer_j => {
                out.push(Action::Terminated);
                State::Terminated
            }
            // A repeat before any response is dropped in Trying (§17.2.2), and a
            // second final response is ignored.
            (state, Request | Respond { .. } | Deadline) => state,
        };
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn respond(status: u16) -> NonInviteServerEvent {
        NonInviteServerEvent::Respond { status, bytes: Bytes::from(status.to_string()) }
    }

    #[test]
    fn a_repeat_gets_the_same_answer_for_timer_j() {
        use NonInviteServerEvent::{Deadline, Request};
        let bytes = |status: u16| Bytes::from(status.to_string());
        let steps = [
            (0, Request, vec![]),
            (10, respond(100), vec![Action::Send(bytes(100))]),
            (20, Request, vec![Action::Resend(bytes(100))]),
            (100, respond(404), vec![Action::Send(bytes(404))]),
            (200, Request, vec![Action::Resend(bytes(404))]),
            (300, respond(200), vec![]),
            (32_099, Request, vec![Action::Resend(bytes(404))]),
            (32_099, Deadline, vec![]),
            (32_100, Deadline, vec![Action::Terminated]),
            (32_200, Request, vec![]),
        ];
        let start = Instant::now();
        let mut machine = NonInviteServer::new(false);
        assert!(machine.is_pending());
        for (at, event, expected) in steps {
            let mut out = Vec::new();
            machine.handle(event, start + Duration::from_millis(at), &mut out);
            assert_eq!(out, expected, "at {at} ms");
        }
        assert_eq!(machine.deadline(), None);
        assert!(!machine.is_pending());
    }

    #[test]
    fn on_a_reliable_transport_no_repeat_is_waited_for() {
        let start = Instant::now();
        let mut machine = NonInviteServer::new(true);
        machine.handle(respond(200), start, &mut Vec::new());
        let mut out = Vec::new();
        machine.handle(NonInviteServerEvent::Deadline, start, &mut out);
        assert_eq!(out, [Action::Terminated]);
    }
}
