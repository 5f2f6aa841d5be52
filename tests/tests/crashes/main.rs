//! kill -9 at each point of a call, one row of the table of crashes a file:
//! what is there after the restart.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it measured"
)]

mod after_the_hang_up;
mod any_moment;
mod anywhere;
mod before_the_answer;
mod between_250_and_commit;
mod in_the_greeting;
mod order_at_load;
mod order_of_syncs;
mod while_recording;
