//! SIP by itself, beside an empty echo.

use ringpost_tests::load::{Keep, Kind, Plan};

use crate::echo;
use crate::figures::{complain, ms, short};
use crate::options::{self, Options};
use crate::world::World;

/// Calls under way.
const AT_ONCE: usize = 100;

/// Runs and prints it.
pub fn run(options: &Options, part: options::Signalling) {
    println!(
        "signalling: {} calls of each kind, {} begun a second; no mail is due",
        part.calls, part.rate
    );
    let kinds = [
        (Kind::Answered, "answered, hung up at once", 0, 6),
        (Kind::Cancelled, "cancelled while it rings", 60, 7),
        (Kind::Options, "no call but OPTIONS", 0, 2),
    ];
    for (kind, name, ring, datagrams) in kinds {
        let floor = ms(echo::measure(part.calls, usize::div_ceil(datagrams, 2)));
        for _ in 0..part.rounds {
            for binary in options.binaries() {
                let mut world = World::new(options, binary, false, Keep::Nothing, ring);
                world.run(kind, part.calls / 20, part.rate, 0);
                let mut plan = Plan::steady(world.server.sip(), kind, part.calls, part.rate);
                (plan.at_once, plan.insists) = (AT_ONCE, true);
                let ran = world.run_plan(plan, 0);
                let each = |time| ms(time) / part.calls as f64;
                let refused: u32 = ran.outcome.calls.iter().map(|call| call.refused).sum();
                println!(
                    "  {name}: {:.3} ms CPU, {datagrams} datagrams, {:.0} times the echo's {:.1} µs; \
                     kernel {:.3} ms; bench {:.3} ms; {refused} times told to try later; {}",
                    each(ran.spent.total),
                    each(ran.spent.total) / floor,
                    floor * 1000.0,
                    each(ran.spent.kernel),
                    each(ran.own),
                    short(binary),
                );
                let mut faults = world.errors();
                faults.extend(ran.outcome.faults());
                complain(&faults);
            }
        }
    }
}
