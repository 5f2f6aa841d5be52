//! Calls that hang up in the greeting.

use std::path::Path;

use ringpost_tests::load::{Keep, Kind, check_mails};

use crate::figures::{complain, median, ms, quantile, short};
use crate::options::{self, Options};
use crate::world::World;

/// Runs and prints it.
pub fn run(options: &Options, part: options::Missed) {
    println!("missed: {} calls, {} begun a second", part.calls, part.rate);
    let kinds: &[bool] = match (part.mail, part.no_mail) {
        (true, _) => &[true],
        (_, true) => &[false],
        _ => &[false, true],
    };
    let binaries = options.binaries();
    for mail in kinds {
        let mut rounds = vec![Vec::new(); binaries.len()];
        for _ in 0..part.rounds {
            for (rounds, binary) in rounds.iter_mut().zip(&binaries) {
                if binaries.len() > 1 {
                    println!("{}", short(binary));
                }
                rounds.push(round(options, binary, part, *mail));
            }
        }
        if part.rounds > 1 {
            for (rounds, binary) in rounds.iter().zip(&binaries) {
                let median = median(rounds.iter().copied());
                println!("median of {}: {median:.3} ms a call ({})", part.rounds, short(binary));
            }
        }
    }
}

/// One round with a fresh server, printed: CPU of the server for one call, in ms.
pub fn round(options: &Options, binary: &Path, part: options::Missed, mail: bool) -> f64 {
    let mut world = World::new(options, binary, mail, Keep::Nothing, 0);
    // Code, buffers and the store are warm before anything counts.
    world.run(Kind::MISSED, part.calls.min(100), 100.0, usize::from(mail));
    let ran = world.run(Kind::MISSED, part.calls, part.rate, usize::from(mail));
    let mut faults = world.errors();
    faults.extend(ran.outcome.faults());
    if mail {
        faults.append(&mut check_mails(&ran.outcome.calls, &ran.mails).faults);
    } else if !ran.mails.is_empty() {
        faults.push(format!("{} mails nobody wanted", ran.mails.len()));
    }
    let each = |time| ms(time) / part.calls as f64;
    let answer: Vec<_> = ran.outcome.calls.iter().filter_map(|call| call.answer_took()).collect();
    let repeats: u32 = ran.outcome.calls.iter().map(|call| call.repeats).sum();
    println!(
        "  {}: {:.3} ms CPU a call; kernel {:.3} ms; bench {:.3} ms; {} at once; 200 after {:.2} / \
         {:.2} ms; {} requests repeated; {:.1} s until the last {}; the bench itself was late by {:.1} ms",
        if mail { "with mail" } else { "without mail" },
        each(ran.spent.total),
        each(ran.spent.kernel),
        each(ran.own),
        ran.outcome.most_at_once,
        ms(quantile(&answer, 0.5)),
        ms(quantile(&answer, 0.99)),
        repeats,
        ran.took.as_secs_f64(),
        if mail { "mail" } else { "call" },
        ms(ran.outcome.late),
    );
    complain(&faults);
    each(ran.spent.total)
}
