//! What happens to a call, one story a file: a scripted caller against a whole
//! server, and exactly the mails that the called user finds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it measured"
)]

mod answered_elsewhere;
mod back_to_back;
mod caller_shown;
mod cancelled;
mod commands;
mod crowd;
mod days_on_end;
mod deployments;
mod full_disk;
mod greeting;
mod hold;
mod hostile;
mod hung_up_in_greeting;
mod kept;
mod mail_server_down;
mod message_left;
mod nothing_said;
mod options;
mod recipient_refused;
mod recording_ends;
mod refused;
mod reported;
mod same_call;
mod state_folder;
mod stopping;
mod strangers;
mod trace;
mod transferred;
mod waiting;
