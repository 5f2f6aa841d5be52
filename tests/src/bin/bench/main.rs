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

mod echo;
mod figures;
mod missed;
mod options;
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
    if let Some(Part::Echo) = options.part {
        return echo::serve();
    }
    match &options.part {
        Some(Part::Voicemail(part)) => voicemail::run(&options, *part),
        Some(Part::Missed(part)) => missed::run(&options, *part),
        Some(Part::Signalling(part)) => signalling::run(&options, *part),
        Some(Part::Threads(part)) => threads::run(&options, *part),
        Some(Part::Start(part)) => start::run(&options, *part),
        Some(Part::Echo) | None => everything(&options),
    }
}

fn everything(options: &Options) {
    let part = |words: &[&str]| Options::parse_from([&["bench"], words].concat()).part;
    if let Some(Part::Voicemail(part)) = part(&["voicemail", "--rounds", "3"]) {
        voicemail::run(options, part);
    }
    if let Some(Part::Missed(part)) = part(&["missed"]) {
        missed::run(options, part);
    }
    if let Some(Part::Signalling(part)) = part(&["signalling"]) {
        signalling::run(options, part);
    }
    if let Some(Part::Start(part)) = part(&["start"]) {
        start::run(options, part);
    }
}

impl Options {
    /// The programs to measure, in turns.
    fn binaries(&self) -> Vec<&Path> {
        let first = self.binary.as_deref().unwrap_or_else(|| binary::ringpost());
        std::iter::once(first).chain(self.against.as_deref()).collect()
    }
}
