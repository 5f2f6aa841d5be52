//! The journal and outbox that lose nothing, and the couriers that hand mail over.
//!
//! A call's end, or a report of one, is given to the [`Journal`]: once
//! [`Journal::end`] or [`Journal::report`] has resolved it is on stable storage,
//! and from then on its mail is delivered, returned or still there. Who claims
//! a mail ([`Journal::claims`]) hands it to a [`Courier`] and settles what became
//! of it ([`Journal::settle`]); a crash between the two costs at most a second
//! copy with the same Message-ID (RFC 1047).
//!
//! Inside: `journal` is the database and its one writer, `stored` the form in
//! which values lie there, `retry` the schedule (pure), `smtp` and `maildir` the
//! couriers. No vendor type crosses the crate's border.

mod courier;
mod journal;
mod maildir;
mod retry;
mod smtp;
mod stored;

pub use courier::Courier;
pub use journal::{
    Claim, ClaimKind, Claims, Counts, Filed, Heard, Journal, JournalError, JournalSettings,
    LedgerDetail, LedgerQuery, LedgerRow, MailRow, MailState, OpenCall, Seen, Settled, Swept,
    Waiting, WaitingMark,
};
pub use maildir::MaildirCourier;
pub use retry::RetrySchedule;
pub use smtp::{SmtpCourier, SmtpSettings};
