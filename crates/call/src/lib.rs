//! One call as a state machine, reports of missed calls, and which reports are
//! the same call.
//!
//! # The contract of the machine
//!
//! [`Call::new`], then for each [`Event`]: [`Call::handle`] once, and
//! [`Call::poll_action`] until it says `None`. When [`Call::deadline`] has
//! come, the event is [`Event::Deadline`]. Time is always an argument; nothing
//! here waits.
//!
//! However the events come:
//! - there is exactly one [`Action::End`], and nothing after it;
//! - [`Action::HangUp`] never stands before [`Action::Answer`], nor
//!   [`Action::Refuse`] after it;
//! - no voice mail without [`Action::StartRecording`];
//! - every call that has not ended has a deadline, so that none stays for ever.
//!
//! Who is told of what is one table for machine and reports alike
//! ([`outcome_of_report`], [`outcome_of_interrupted`]).

mod machine;
mod policy;
mod report;
mod same_call;
mod told;

pub use machine::{Action, Call, Event};
pub use policy::Policy;
pub use report::{ACCEPTED_TYPES, Report, ReportError, read_report};
pub use same_call::{Hearing, REMEMBERED, same_call};
pub use told::{outcome_of_interrupted, outcome_of_report};
