//! The mails as their readers get them.
//!
//! `golden` compares whole messages byte for byte with the files in
//! `tests/golden/`; `RINGPOST_BLESS=1 cargo test -p ringpost-composer` writes
//! those files anew, and what changed is then read in the diff. `story` reads
//! single promises back through another parser, `hostile` does so with
//! input that nobody sends in good faith.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails; the functions beside the tests are tests too"
)]

mod golden;
mod hostile;
mod samples;
mod story;
