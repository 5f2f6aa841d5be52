//! What the called user and the server's limits ask of one call.

use std::time::Duration;

use ringpost_model::{Notify, Why};

/// The rules of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Who tells the called user of calls that rang and stopped.
    pub notify: Notify,
    /// `false`: no missed call notification.
    pub missed_calls: bool,
    /// How long the call rings (180) before the answer; zero: not at all.
    pub answer_after: Duration,
    /// Quiet between the ACK and the greeting.
    pub greeting_delay: Duration,
    /// The longest greeting.
    pub greeting: Duration,
    /// The longest recording.
    pub recording: Duration,
    /// The longest call, from the answer.
    pub call: Duration,
    /// Uninterrupted quiet that ends a recording; zero: quiet never does.
    pub silence: Duration,
    /// A shorter recording is no message.
    pub minimum_message: Duration,
    /// A recording with less sound in it has nothing said.
    pub minimum_said: Duration,
}

impl Policy {
    /// Why a recording is no message; `None` when it is one.
    pub(crate) fn empty(&self, duration: Duration, said: Duration) -> Option<Why> {
        if duration < self.minimum_message {
            Some(Why::TooShort)
        } else if said < self.minimum_said {
            Some(Why::NothingSaid)
        } else {
            None
        }
    }
}
