//! More than the machine can do: calls that hang up in the greeting come faster
//! and faster, while a few callers leave a message. What is done of that, what is
//! refused, what is late; and the memory before, meanwhile and afterwards.

use std::path::Path;
use std::time::Duration;

use ringpost_tests::load::cpu::{self, Reading};
use ringpost_tests::load::{Keep, Kind, Load, Plan, check_mails};
use ringpost_tests::waiting;

use crate::figures::{both, complain, in_turns, ms};
use crate::options::{self, Options};
use crate::world::{PATIENCE, Setup, World};

/// Number of the first call of the crowd.
const CROWD: u32 = 1_000_000;
/// Those who leave a message are in within so many seconds.
const RAMP: f64 = 1.0;
/// Until a transaction is forgotten (RFC 3261, timers H and J), and some more.
const LINGER: Duration = Duration::from_secs(40);

/// Runs and prints it.
pub fn run(options: &Options, part: &options::Overload) {
    for rate in &part.rates {
        println!("overload: {rate} calls a second for {} s", part.seconds);
        in_turns(options, 1, |binary| round(options, binary, part, *rate));
    }
}

fn round(options: &Options, binary: &Path, part: &options::Overload, rate: f64) {
    let setup =
        Setup { keep: Keep::All, mails: !part.no_mail, limit: part.limit, ..Setup::default() };
    let world = World::new(options, binary, setup);
    let (server, id) = (world.server.sip(), world.server.id());
    // Code, buffers and the store are warm before anything counts.
    let plan = Plan::steady(server, Kind::MISSED, 50, 50.0);
    Load::start(plan.to(&world.users).from(2 * CROWD)).finish();
    world.sink.wait(if part.no_mail { 0 } else { 50 }, PATIENCE);
    world.rest();
    world.sink.take();
    let memory = || cpu::status_kib(id, "VmRSS:") as f64 * 1.024 / 1000.0;
    let before = memory();
    cpu::forget_peak(id);

    let frames = 50 * (part.seconds as u16 + 3);
    let kind = Kind::Spoken { frames };
    let plan = Plan::steady(server, kind, part.inside, part.inside as f64 / RAMP);
    let inside = Load::start(plan.to(&world.users));
    waiting::pass(Duration::from_secs_f64(RAMP));
    let spent = Reading::of(id);
    let count = (rate * part.seconds) as usize;
    let plan = Plan::steady(server, Kind::MISSED, count, rate);
    let crowd = Load::start(plan.to(&world.users).from(CROWD)).finish();
    let spent = Reading::of(id).since(&spent);
    let inside = inside.finish();
    let done: Vec<_> = crowd.calls.iter().filter(|call| call.fault.is_none()).cloned().collect();
    let mails = part.inside + if part.no_mail { 0 } else { done.len() };
    world.sink.wait(mails, PATIENCE);
    world.rest();
    let peak = cpu::peak_kib(id) as f64 * 1.024 / 1000.0;
    waiting::pass(LINGER);
    let after = memory();

    let refused: Vec<_> = crowd.calls.iter().filter(|call| call.status == Some(503)).collect();
    let took: Vec<_> = done.iter().filter_map(|call| call.answer_took()).collect();
    let sent_off: Vec<_> = refused.iter().filter_map(|call| call.over_after()).collect();
    let repeats: u32 = crowd.calls.iter().map(|call| call.repeats).sum();
    let began = crowd.calls.iter().filter_map(|call| call.begun).min();
    let began_last = crowd.calls.iter().filter_map(|call| call.begun).max();
    let offered = began_last.zip(began).map_or(0.0, |(last, first)| (last - first).as_secs_f64());
    let mut faults = inside.faults();
    let (of_crowd, of_inside): (Vec<_>, Vec<_>) =
        world.sink.take().into_iter().partition(|mail| mail.call.is_some_and(|at| at >= CROWD));
    let mut checked = check_mails(&inside.calls, &of_inside);
    faults.append(&mut checked.faults);
    if !part.no_mail {
        faults.append(&mut check_mails(&done, &of_crowd).faults);
    }
    faults.extend(world.logged_errors());
    let [answer, late] = both(&took);
    let [no, no_late] = both(&sent_off);
    println!(
        "  of {:.0} a second: {:.0} done, {:.0} refused, {:.0} lost; 200 after {answer:.1} / {late:.1} ms, \
         503 after {no:.1} / {no_late:.1} ms; {repeats} requests repeated; {:.3} ms CPU each",
        count as f64 / offered,
        done.len() as f64 / offered,
        refused.len() as f64 / offered,
        (count - done.len() - refused.len()) as f64 / offered,
        ms(spent.total) / count as f64,
    );
    println!(
        "  the {} inside: greeting off its beat by {:.2} ms (p99), {:.1} ms at worst, {} packets lost; \
         {} frames of recordings lost; the bench itself was late by {:.1} ms\n  \
         memory: {before:.1} MB before, {peak:.1} MB at most, {after:.1} MB afterwards",
        part.inside,
        ms(inside.deviation.quantile(0.99)),
        ms(inside.deviation.longest()),
        inside.calls.iter().map(|call| u64::from(call.sound.lost)).sum::<u64>(),
        checked.lost,
        ms(crowd.late.max(inside.late)),
    );
    complain(&faults);
}
