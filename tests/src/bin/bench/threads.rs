//! Where a call's CPU goes, by thread.

use ringpost_tests::load::{Kind, Plan};

use crate::figures::{complain, ms, short};
use crate::options::{self, LoadKind, Options};
use crate::world::{Setup, World};

/// Runs and prints it.
pub fn run(options: &Options, part: options::Threads) {
    let (kind, calls, rate, mails, ring) = match part.load {
        LoadKind::Voicemail => (Kind::VOICEMAIL, 200, 40.0, 1, 0),
        LoadKind::Missed => (Kind::MISSED, 5000, 1000.0, 1, 0),
        LoadKind::MissedNoMail => (Kind::MISSED, 5000, 1000.0, 0, 0),
        LoadKind::Answered => (Kind::Answered, 10_000, 2000.0, 0, 0),
        LoadKind::Cancelled => (Kind::Cancelled, 10_000, 2000.0, 0, 60),
        LoadKind::Options => (Kind::Options, 20_000, 5000.0, 0, 0),
    };
    let (calls, rate) = (part.calls.unwrap_or(calls), part.rate.unwrap_or(rate));
    for binary in options.binaries() {
        let mut world =
            World::new(options, binary, Setup { mails: mails > 0, ring, ..Setup::default() });
        let plan = Plan::steady(world.server.sip(), kind, calls, rate);
        let ran = world.run_plan(plan, calls * mails);
        let each = |time| ms(time) * 1000.0 / calls as f64;
        println!(
            "{:?}, {calls} calls, {rate} begun a second: µs CPU a call; {}",
            part.load,
            short(binary)
        );
        println!("  {:>8.1}  all threads of the server", each(ran.spent.total));
        for (name, time) in &ran.spent.threads {
            println!("  {:>8.1}  {name}", each(*time));
        }
        println!("  {:>8.1}  the kernel's own threads, machine-wide", each(ran.spent.kernel));
        for (name, time) in ran.spent.kernel_threads.iter().take(4) {
            println!("  {:>8.1}    {name}", each(*time));
        }
        let of = &ran.outcome;
        println!(
            "  {:>8.1}  this bench (SIP {:.1}, RTP {:.1}, mail the rest)",
            each(ran.own),
            each(of.sip_cpu),
            each(of.rtp_cpu)
        );
        let mut faults = world.errors();
        faults.extend(of.faults());
        complain(&faults);
    }
}
