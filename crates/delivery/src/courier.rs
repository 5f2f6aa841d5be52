//! The port through which a finished mail leaves: whoever can hand mail over
//! implements [`Courier`].

use std::future::Future;
use std::pin::Pin;

use ringpost_model::{Mail, Verdict};

/// Hands one mail to one recipient and says what became of it.
///
/// A courier never fails: whatever goes wrong is a [`Verdict`]. It may keep a
/// connection from one mail to the next. Dropping the future gives up; the mail
/// may have been handed over all the same, and the next call starts afresh.
pub trait Courier: Send {
    /// Delivers `mail`. `Delivered` only when the other side has taken the
    /// responsibility for it (RFC 5321 §6.1).
    fn deliver(&mut self, mail: Mail) -> Pin<Box<dyn Future<Output = Verdict> + Send + '_>>;
}
