//! SIP by itself, beside an empty echo.

use std::path::Path;

use ringpost_tests::load::{Kind, Plan};

use crate::echo;
use crate::figures::{complain, in_turns, median, ms, short};
use crate::options::{self, Options};
use crate::world::{Setup, World};

/// Calls under way.
const AT_ONCE: usize = 100;

/// One kind of call.
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// CPU of the server for one, in ms.
    pub cpu: f64,
    /// CPU of the echo for as many datagrams, in ms.
    pub echo: f64,
}

/// Runs and prints it; the medians of the first program.
pub fn run(options: &Options, part: options::Signalling) -> Vec<Figure> {
    println!(
        "signalling: {} calls of each kind, {} begun a second; no mail is due",
        part.calls, part.rate
    );
    // Datagrams: both ways, ACKs included.
    let kinds = [
        (Kind::Answered, "answered, hung up at once", 0, 6),
        (Kind::Cancelled, "cancelled while it rings", 60, 7),
        (Kind::Options, "no call but OPTIONS", 0, 2),
    ];
    kinds
        .map(|(kind, name, ring, datagrams)| {
            let echo = ms(echo::measure(part.calls, usize::div_ceil(datagrams, 2)));
            let results =
                in_turns(options, part.rounds, |binary| round(options, binary, part, kind, ring));
            let medians: Vec<f64> =
                results.iter().map(|rounds| median(rounds.iter().copied())).collect();
            for (cpu, binary) in medians.iter().zip(options.binaries()) {
                println!(
                    "  {name}: {cpu:.3} ms CPU, {datagrams} datagrams, {:.0} times the echo's \
                     {:.1} µs; {}",
                    cpu / echo,
                    echo * 1000.0,
                    short(binary)
                );
            }
            Figure { name, cpu: medians[0], echo }
        })
        .into()
}

fn round(
    options: &Options,
    binary: &Path,
    part: options::Signalling,
    kind: Kind,
    ring: u32,
) -> f64 {
    let setup = Setup { mails: false, ring, ..Setup::default() };
    let mut world = World::new(options, binary, setup);
    // Code, buffers and the store are warm before anything counts.
    world.run(kind, part.calls / 20, part.rate, 0);
    let mut plan = Plan::steady(world.server.sip(), kind, part.calls, part.rate);
    (plan.at_once, plan.insists) = (AT_ONCE, true);
    let ran = world.run_plan(plan, 0);
    let refused: u32 = ran.outcome.calls.iter().map(|call| call.refused).sum();
    if refused > 0 {
        println!("  {refused} times a call was told to try later: the disk is slow");
    }
    let mut faults = world.errors();
    faults.extend(ran.outcome.faults());
    complain(&faults);
    ms(ran.spent.total) / part.calls as f64
}
