//! Calls that hang up in the greeting.

use std::path::Path;

use ringpost_tests::load::{Kind, check_mails};

use crate::figures::{both, complain, in_turns, median, ms, short};
use crate::options::{self, Options};
use crate::world::{Setup, World};

/// One round.
pub struct Round {
    /// Whether the calls were told of.
    pub mail: bool,
    /// CPU of the server for one call, in ms.
    pub cpu: f64,
    /// CPU of the kernel's threads meanwhile, for one call, in ms.
    pub kernel: f64,
    /// From INVITE to 200, median and p99 in ms.
    pub answer: [f64; 2],
    /// Seconds from the first call to the last mail.
    pub took: f64,
    /// Requests sent again for want of a response.
    pub repeats: u32,
    /// What went wrong.
    pub faults: Vec<String>,
}

/// Runs and prints it; the rounds of the first program, those without mail first.
pub fn run(options: &Options, part: options::Missed) -> Vec<Round> {
    println!("missed: {} calls, {} begun a second", part.calls, part.rate);
    let kinds: &[bool] = match (part.mail, part.no_mail) {
        (true, _) => &[true],
        (_, true) => &[false],
        _ => &[false, true],
    };
    let mut all = Vec::new();
    for mail in kinds {
        let mut results = in_turns(options, part.rounds, |binary| {
            let round = round(options, binary, part.calls, part.rate, *mail);
            round.print();
            round
        });
        for (rounds, binary) in results.iter().zip(options.binaries()) {
            let median = median(rounds.iter().map(|round| round.cpu));
            println!("median: {median:.3} ms a call; {}", short(binary));
        }
        all.append(&mut results[0]);
    }
    all
}

/// One round with a fresh server.
pub fn round(options: &Options, binary: &Path, calls: usize, rate: f64, mail: bool) -> Round {
    let mut world = World::new(options, binary, Setup { mails: mail, ..Setup::default() });
    // Code, buffers and the store are warm before anything counts.
    world.run(Kind::MISSED, calls.min(100), 100.0, usize::from(mail));
    let ran = world.run(Kind::MISSED, calls, rate, usize::from(mail));
    let mut faults = world.errors();
    faults.extend(ran.outcome.faults());
    if mail {
        faults.append(&mut check_mails(&ran.outcome.calls, &ran.mails).faults);
    } else if !ran.mails.is_empty() {
        faults.push(format!("{} mails nobody wanted", ran.mails.len()));
    }
    let unheard = ran.outcome.calls.iter().filter(|call| call.sound.received == 0).count();
    if unheard > 0 {
        faults.push(format!("{unheard} calls heard nothing of the greeting"));
    }
    if ran.outcome.late.as_millis() > 40 || ran.own.as_secs_f64() > 0.8 * calls as f64 / rate {
        println!(
            "  the bench itself was late by {:.0} ms: was the machine busy?",
            ms(ran.outcome.late)
        );
    }
    let each = |time| ms(time) / calls as f64;
    let answer = ran.outcome.calls.iter().filter_map(|call| call.answer_took());
    Round {
        mail,
        cpu: each(ran.spent.total),
        kernel: each(ran.spent.kernel),
        answer: both(&answer.collect::<Vec<_>>()),
        took: ran.took.as_secs_f64(),
        repeats: ran.outcome.calls.iter().map(|call| call.repeats).sum(),
        faults,
    }
}

impl Round {
    /// One line.
    pub fn print(&self) {
        println!(
            "  {}: {:.3} ms CPU a call; kernel {:.3} ms; 200 after {:.2} / {:.2} ms; {} requests \
             repeated; {:.1} s until the last {}",
            if self.mail { "with mail" } else { "without mail" },
            self.cpu,
            self.kernel,
            self.answer[0],
            self.answer[1],
            self.repeats,
            self.took,
            if self.mail { "mail" } else { "call" },
        );
        complain(&self.faults);
    }
}
