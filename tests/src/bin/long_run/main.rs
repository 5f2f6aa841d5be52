//! `make long-run`: days of a busy house in minutes, and what the server uses and
//! keeps meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement stops where something is wrong, and prints what it measured"
)]

use std::cell::Cell;
use std::time::{Duration, Instant};

use clap::Parser;
use ringpost_tests::load::cpu;
use ringpost_tests::long_run::{House, Sample};

/// Days of a busy house in minutes: memory, files and database must stay as they
/// are once the first day is old.
///
/// The wall clock of the server is fast, so that what is kept for a day is let go
/// after one; the ledger is set to keep its rows for as long. Of a hundred calls 56
/// are hung up in the greeting (2 of these to a mailbox that is refused), 10 leave
/// a message, 12 are cancelled while it rings, 15 are reported by INFO, 4 go to
/// nobody and 3 are OPTIONS; for a part of each day the mail server is away.
#[derive(Debug, Parser)]
#[command(name = "long_run", verbatim_doc_comment)]
struct Options {
    /// How many days; the first is what the last is compared with
    #[arg(long, default_value_t = 3)]
    days: usize,
    /// Seconds of a day
    #[arg(long, default_value_t = 150.0)]
    day: f64,
    /// Calls of a day
    #[arg(long, default_value_t = 50_000)]
    calls: usize,
    /// Seconds that the mail server is away each day
    #[arg(long, default_value_t = 5.0)]
    outage: f64,
    /// Seconds between two lines of the table
    #[arg(long, default_value_t = 10.0)]
    every: f64,
}

fn main() {
    let options = Options::parse();
    let day = Duration::from_secs_f64(options.day);
    let mut house = House::open(day);
    println!("{}\n{}", Sample::HEAD, house.sample());
    let last = Cell::new(Instant::now());
    let every = Duration::from_secs_f64(options.every);
    let look = |house: &House| {
        if last.get().elapsed() >= every {
            last.set(Instant::now());
            println!("{}", house.sample());
        }
    };
    let outage = Duration::from_secs_f64(options.outage);
    let (mut ends, mut faults) = (Vec::new(), Vec::new());
    for _ in 0..options.days {
        let told = house.calls(options.calls.div_ceil(100), day, outage, look);
        println!("{} calls, {} mails, {} second copies", told.calls, told.mails, told.copies);
        faults.extend(told.faults);
        ends.push(house.sample());
    }
    let rested = house.forget();
    println!("{rested}  when all is old");
    println!("CPU of the server: {:.1} s", cpu::of_process(house.server.id()).as_secs_f64());
    let [.., second, end] = &ends[..] else { return };
    faults.extend(end.grown_since(second));
    for fault in faults.iter().take(20) {
        println!("FAILED: {fault}");
    }
    if !faults.is_empty() {
        std::process::exit(1);
    }
}
