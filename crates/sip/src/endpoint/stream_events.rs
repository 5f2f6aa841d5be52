//! What happens on connections.

use std::time::Instant;

use super::task::Task;
use crate::transport::{Broken, ConnectionId, Origin, StreamEvent};
use crate::wire::{Malformed, Message, read_datagram};

impl Task {
    pub(super) fn handle_stream(&mut self, event: StreamEvent, now: Instant) {
        match event {
            StreamEvent::Message(origin, message) => {
                self.handle_whole(&message, origin, now);
                self.transports.close_stranger(origin);
            }
            StreamEvent::Broken(origin, broken) => self.handle_broken(broken, origin, now),
            StreamEvent::Idle(connection) => {
                if !self.is_used(connection) {
                    self.transports.close(connection);
                }
            }
            StreamEvent::Refused(origin) => self.note_stranger(origin, None, now),
            StreamEvent::Failed(connection) => {
                self.connection_failed(connection, now);
                self.registrations_lost(connection, now);
            }
        }
    }

    /// Answers where that can be done, and closes: nobody knows where the next
    /// message begins.
    fn handle_broken(&mut self, broken: Broken, origin: Origin, now: Instant) {
        let Broken { status, reason, head } = broken;
        let fault = match read_datagram(&head) {
            Err(fault) => fault.because(status, reason),
            Ok(Some(Message::Request(request))) => Malformed::new(reason).of(request),
            Ok(_) => Malformed::new(reason),
        };
        self.handle_malformed(&fault.because(status, reason), origin, now);
        if let Some(connection) = origin.connection {
            self.transports.close(connection);
            self.connection_failed(connection, now);
        }
    }

    /// A call or a request of ours lives on it, and its peer may be out of reach
    /// by any other way.
    fn is_used(&self, connection: ConnectionId) -> bool {
        let calls = self.calls.values().filter_map(|call| call.origin());
        let mut used = calls.filter_map(|origin| origin.connection);
        used.any(|used| used == connection)
            || self.outbound.listens_on(connection)
            || self.awaits_response_on(connection)
    }
}
