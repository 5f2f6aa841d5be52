//! What a call costs: `make bench`.
//!
//! Everything is measured in one run, on loopback, so that the figures can be
//! compared with each other where they cannot be with those of another machine.
//! CPU time is that of the server with all its threads, in user and in kernel
//! mode, as the kernel accounts it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark stops where something is wrong, and prints what it measured"
)]

mod caller;
mod echo;

use std::time::{Duration, Instant};

use ringpost_tests::server::Server;
use ringpost_tests::settings::{Settings, Subscriber};

use caller::{Kind, Load};

/// Calls of each kind, unless the first argument says otherwise.
const CALLS: usize = 20_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|word| word == "echo") {
        return echo::serve();
    }
    let calls = arguments.first().map_or(CALLS, |number| number.parse().expect("a number"));
    println!("{calls} calls of each kind, 2,000 a second at most; no mail is due.\n");
    println!("| work | CPU for each | datagrams for each | a second | beside the empty echo |");
    println!("|---|---|---|---|---|");
    let answered = measure(calls, Kind::Answered, "server");
    let cancelled = measure(calls, Kind::Cancelled, "server, ringing first");
    let asked = measure(calls, Kind::Asked, "server asked");
    for row in [answered, cancelled, asked] {
        let floor = echo::measure(calls, row.datagrams.div_ceil(2));
        // The kernel counts in hundredths of a second: a short run may show none.
        let beside = if floor.is_zero() {
            "too few to be measured".to_owned()
        } else {
            let times = row.cpu.as_secs_f64() / floor.as_secs_f64();
            format!("{times:.0} times its {:.0} µs", floor.as_secs_f64() * 1e6)
        };
        println!(
            "| {} | {:.0} µs | {} | {:.0} | {beside} |",
            row.name,
            row.cpu.as_secs_f64() * 1e6,
            row.datagrams,
            row.rate,
        );
    }
}

/// One line of the table.
struct Row {
    name: &'static str,
    /// CPU of the server for one call.
    cpu: Duration,
    /// Datagrams of one call, both ways.
    datagrams: usize,
    /// Calls in a second of the clock.
    rate: f64,
}

fn measure(calls: usize, kind: Kind, what: &str) -> Row {
    let quiet = Subscriber::new("carol", "+14255550103", "1003").without_missed_calls();
    // A call that is over keeps its place until it is on stable storage.
    let settings = Settings::new().subscriber(quiet).limit("calls", 4000);
    let settings = match kind {
        Kind::Answered | Kind::Asked => settings,
        Kind::Cancelled => settings.limit("answer_after_seconds", 60),
    };
    let server = Server::start(settings);
    // Code, buffers and the store are warm before anything counts.
    Load::new(server.sip(), kind).run(calls / 20);
    let (before, begun) = (server.cpu_seconds(), Instant::now());
    let datagrams = Load::new(server.sip(), kind).run(calls);
    let elapsed = begun.elapsed();
    // A call is live until its end is on stable storage.
    server.wait_idle();
    let cpu = server.cpu_seconds() - before;
    assert!(cpu > 0.0, "{what}: no CPU time was accounted");
    Row {
        name: kind.name(),
        cpu: Duration::from_secs_f64(cpu / calls as f64),
        datagrams: datagrams / calls,
        rate: calls as f64 / elapsed.as_secs_f64(),
    }
}
