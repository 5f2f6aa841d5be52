//! What a call costs: `make bench`, or a part of it (`bench --help`).
//!
//! Everything is measured in one run, on loopback, so that the figures can be
//! compared with each other where they cannot be with those of another machine.
//! The calls are those of [`ringpost_tests::load`]; a call that leaves a voice mail
//! sends 550 packets and hears 105: a greeting with its tone of 2.1 s, a message of
//! 8.9 s.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark stops where something is wrong, and prints what it measured"
)]

mod ahead;
mod echo;
mod figures;
mod floor;
mod limit;
mod machine;
mod missed;
mod most;
mod options;
mod overload;
mod report;
mod signalling;
mod start;
mod threads;
mod voicemail;
mod world;

use std::path::Path;

use clap::Parser;
use ringpost_tests::binary;

use options::{Options, Part};

fn main() {
    let options = Options::parse();
    if options.ahead && !ahead::is_so() {
        ahead::go();
    }
    match options.part.clone() {
        Some(Part::Voicemail(part)) => drop(voicemail::run(&options, part)),
        Some(Part::Missed(part)) => drop(missed::run(&options, part)),
        Some(Part::Signalling(part)) => drop(signalling::run(&options, part)),
        Some(Part::MostCalls(part)) => drop(most::calls(&options, &part)),
        Some(Part::MostRate(part)) => drop(most::rate(&options, &part)),
        Some(Part::Limit(part)) => drop(limit::run(&options, part)),
        Some(Part::Overload(part)) => overload::run(&options, &part),
        Some(Part::Threads(part)) => threads::run(&options, part),
        Some(Part::Start(part)) => drop(start::run(&options, part)),
        Some(Part::Floor) => drop(floor::run()),
        Some(Part::Echo) => echo::serve(),
        Some(Part::FloorReceive { sockets }) => floor::receiver(sockets),
        Some(Part::FloorSend { sockets, to, frames }) => floor::sender(sockets, to, frames),
        None => report::everything(&options),
    }
    if figures::failed() {
        std::process::exit(1);
    }
}

impl Options {
    /// The programs to measure, in turns.
    fn binaries(&self) -> Vec<&Path> {
        let first = self.binary.as_deref().unwrap_or_else(|| binary::ringpost());
        std::iter::once(first).chain(self.against.as_deref()).collect()
    }
}
