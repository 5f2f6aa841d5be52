//! The harness: everything that a story needs around a running Ringpost.
//!
//! Nothing here shares code with the house, so that a mistake in the house
//! cannot hide behind the same mistake in its tests: SIP is raw text on plain
//! sockets, G.711 is written out once more, mail is read by another parser.
//! Every wait is bounded and names what it waited for; every process that is
//! started here is ended by its id when its owner is dropped.
//!
//! The stories mostly wait for speech and for time to pass, so many of them run
//! at once on few cores: `cargo test -p ringpost-tests -- --test-threads 16`.
//! The binary under test is built when it is missing or stale; `RINGPOST_BINARY`
//! names another one. The peers (sipp, baresip, linphonec, Kamailio, slapd,
//! postfix, dovecot, strace) are Debian packages, installed when they are missing,
//! which needs root, as does the small disk of the stories about full ones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a harness fails the test by panicking, at the place where the fault is seen"
)]

pub mod authority;
pub mod baresip;
pub mod binary;
pub mod certificates;
pub mod directory;
pub mod fast_clock;
pub mod http;
pub mod imap;
pub mod kamailio;
pub mod letter;
pub mod linphone;
pub mod load;
pub mod long_run;
pub mod mail_sink;
pub mod mail_system;
pub mod maildir;
pub mod packages;
pub mod ports;
pub mod process;
pub mod server;
pub mod settings;
pub mod sip;
pub mod sipp;
pub mod small_disk;
pub mod smtp;
pub mod sound;
pub mod store_lock;
pub mod trace;
pub mod waiting;
