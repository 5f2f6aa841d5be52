//! At the limit: as many calls as there may be are in, and a multitude knocks.

use std::time::Duration;

use ringpost_tests::load::cpu::{self, Reading, Spent};
use ringpost_tests::load::{Keep, Kind, Load, Plan, check_mails};
use ringpost_tests::waiting;

use crate::figures::{both, complain, ms};
use crate::options::{self, Options};
use crate::world::{PATIENCE, Setup, World};

/// Seconds in which those who are in call.
const RAMP: f64 = 3.0;
/// Until the last of them has heard the greeting.
const ALL_RECORD: Duration = Duration::from_secs(7);
/// Time of quiet, with which the other is compared.
const BEFORE: Duration = Duration::from_secs(4);
/// Seconds in which the others call.
const SECONDS: f64 = 5.0;
/// Frames of those who are in: until after the others have gone.
const FRAMES: u16 = 1000;
/// Number of the first call that is one too many.
const FIRST_REFUSED: u32 = 1_000_000;

/// What a refusal costs, and those who are in meanwhile.
pub struct Figures {
    /// CPU of the server for one refusal, in ms.
    pub cpu: f64,
    /// From INVITE to 503, median and p99 in ms.
    pub took: [f64; 2],
    /// Frames that the recordings of those who are in have lost.
    pub lost: usize,
    /// Their greeting, off its beat: p99 and worst in ms.
    pub deviation: [f64; 2],
    /// Memory that the refusals added, in kB each.
    pub memory: f64,
}

/// Runs and prints it for the first program.
pub fn run(options: &Options, part: options::Limit) -> Figures {
    let setup = Setup { keep: Keep::All, limit: part.calls as u32, ..Setup::default() };
    let binary = options.binaries()[0];
    let world = World::new(options, binary, setup);
    let (server, id) = (world.server.sip(), world.server.id());
    let kind = Kind::Spoken { frames: FRAMES };
    let plan = Plan::steady(server, kind, part.calls, part.calls as f64 / RAMP);
    let inside = Load::start(plan.to(&world.users));
    waiting::pass(Duration::from_secs_f64(RAMP) + ALL_RECORD);
    let before = Reading::of(id);
    waiting::pass(BEFORE);
    let meanwhile = Reading::of(id);
    let memory = cpu::status_kib(id, "VmRSS:");
    let count = (part.rate * SECONDS) as usize;
    let plan = Plan::steady(server, Kind::Answered, count, part.rate);
    let outside = Load::start(plan.to(&world.users).from(FIRST_REFUSED)).finish();
    let spent = Reading::of(id).since(&meanwhile);
    let quiet = meanwhile.since(&before);
    let grown = cpu::status_kib(id, "VmRSS:").saturating_sub(memory);
    let inside = inside.finish();
    world.sink.wait(part.calls, PATIENCE);
    world.rest();

    let mut faults: Vec<String> = inside.faults();
    let refused = |status: Option<u16>| status == Some(503);
    let taken = outside.calls.iter().filter(|call| !refused(call.status)).count();
    if taken > 0 {
        faults.push(format!("{taken} of {count} calls over the limit were not refused with 503"));
    }
    let mut checked = check_mails(&inside.calls, &world.sink.take());
    faults.append(&mut checked.faults);
    faults.extend(world.logged_errors());
    let took: Vec<Duration> = outside.calls.iter().filter_map(|call| call.over_after()).collect();
    let figures = Figures {
        cpu: ms(beyond(spent.total, quiet.total)) / count as f64,
        took: both(&took),
        lost: checked.lost,
        deviation: [ms(inside.deviation.quantile(0.99)), ms(inside.deviation.longest())],
        memory: grown as f64 * 1.024 / count as f64,
    };
    println!(
        "limit: {} calls are in; {count} more, {} a second, get 503 after {:.2} / {:.2} ms and cost \
         {:.3} ms CPU and {:.1} kB each; of those inside {} frames are lost",
        part.calls,
        part.rate,
        figures.took[0],
        figures.took[1],
        figures.cpu,
        figures.memory,
        figures.lost,
    );
    println!("  by thread:{}", by_thread(&spent, &quiet, count));
    complain(&faults);
    figures
}

/// What was used beyond the work of a quiet time, which was shorter.
fn beyond(spent: Duration, quiet: Duration) -> Duration {
    spent.saturating_sub(quiet.mul_f64(SECONDS / BEFORE.as_secs_f64()))
}

/// µs for each of so many calls, of each thread.
fn by_thread(spent: &Spent, quiet: &Spent, count: usize) -> String {
    let words = spent.threads.iter().map(|(name, time)| {
        let quiet = quiet
            .threads
            .iter()
            .find(|(of, _)| of == name)
            .map_or(Duration::ZERO, |(_, time)| *time);
        format!(" {name} {:.0} µs", ms(beyond(*time, quiet)) * 1000.0 / count as f64)
    });
    words.collect::<Vec<_>>().join(",")
}
