//! Ringpost between real parts: sipp calls, slapd knows people, postfix and
//! dovecot take and keep the mail. One file a story.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it measured"
)]

mod certificates;
mod company;
mod directory_away;
mod fifty_calls;
mod front_end;
mod locked_doors;
mod outsiders;
mod passwords;
mod registrar;
mod sipp_calls;
mod sipp_requests;
mod softphones;
mod streams;
mod street;
mod three_callers;
