//! What goes into the trace: every message of a peer as it came and as it is sent.
//! Strangers leave no trace: a flood of theirs would wash the calls away.

use std::time::SystemTime;

use bytes::Bytes;

use super::task::Task;
use crate::Hop;
use crate::trace::Direction;
use crate::transport::Origin;

impl Task {
    /// A message came, whatever is in it.
    pub(super) fn trace_received(&self, bytes: &[u8], from: Origin) {
        if self.is_traced(from) {
            let bytes = Bytes::copy_from_slice(bytes);
            self.traced.keep(SystemTime::now(), Direction::Received, hop(from), bytes);
        }
    }

    /// A message is being sent.
    pub(super) fn trace_sent(&self, bytes: &Bytes, to: Origin) {
        if self.is_traced(to) {
            self.traced.keep(SystemTime::now(), Direction::Sent, hop(to), bytes.clone());
        }
    }

    fn is_traced(&self, origin: Origin) -> bool {
        self.traced.is_on() && self.peer(origin).is_some()
    }
}

fn hop(origin: Origin) -> Hop {
    Hop { transport: origin.transport, addr: origin.source }
}
