//! Calls that leave a message.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use ringpost_tests::load::cpu::Spent;
use ringpost_tests::load::{Checked, Drops, Histogram, Keep, Kind, check_mails};

use crate::figures::{both, complain, in_turns, median, ms, short};
use crate::options::{self, Options};
use crate::world::{Ran, Setup, World};

/// Seconds of sound of a call, by which its cost is divided.
pub const CALL_SECONDS: f64 = 11.0;

/// One round.
pub struct Round {
    calls: usize,
    at_once: usize,
    /// CPU of the server for one call, in ms.
    pub cpu: f64,
    /// CPU of the kernel's threads meanwhile, for one call, in ms.
    pub kernel: f64,
    /// CPU of this bench for one call, in ms.
    own: f64,
    /// CPU of the threads that take and send packets, for one call, in ms.
    pub media: f64,
    /// Memory for one call at the most, and when all was done, in kB.
    pub memory: [f64; 2],
    /// From INVITE to 200, median and p99 in ms.
    pub answer: [f64; 2],
    /// From BYE to the mail, median and p99 in ms.
    pub mail: [f64; 2],
    /// The server's packets, off their beat.
    pub deviation: Histogram,
    /// The longest time between two of them.
    pub longest_gap: Duration,
    late: Duration,
    drops: Drops,
    /// Packets of the server for one call.
    heard: f64,
    /// Packets of the server that are missing in all.
    pub lost_heard: u64,
    /// The recordings.
    pub checked: Checked,
    /// What went wrong.
    pub faults: Vec<String>,
}

/// Runs and prints it; the rounds of the first program.
pub fn run(options: &Options, part: options::Voicemail) -> Vec<Round> {
    println!("voicemail: {} calls, {} begun a second", part.calls, part.rate);
    let mut results = in_turns(options, part.rounds, |binary| {
        let round = round(options, binary, part.calls, part.rate);
        round.print();
        round
    });
    for (rounds, binary) in results.iter().zip(options.binaries()) {
        let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
        println!(
            "median: {:.2} ms a call, {:.3} ms a call-second; packets {:.2} ms; {:.0} kB a call; {}",
            of(|round| round.cpu),
            of(|round| round.cpu) / CALL_SECONDS,
            of(|round| round.media),
            of(|round| round.memory[0]),
            short(binary)
        );
    }
    results.swap_remove(0)
}

/// One round with a fresh server.
pub fn round(options: &Options, binary: &Path, calls: usize, rate: f64) -> Round {
    let mut world = World::new(options, binary, Setup { keep: Keep::All, ..Setup::default() });
    let ran = world.run(Kind::VOICEMAIL, calls, rate, 1);
    Round::of(ran, world.errors())
}

impl Round {
    fn of(ran: Ran, mut faults: Vec<String>) -> Self {
        let Ran { outcome, mails, spent, grown_kib, kept_kib, drops, own, .. } = ran;
        let count = outcome.calls.len();
        let each = |time: Duration| ms(time) / count as f64;
        faults.extend(outcome.faults());
        let mut checked = check_mails(&outcome.calls, &mails);
        faults.append(&mut checked.faults);
        let dots: HashMap<_, _> = mails.iter().map(|mail| (mail.call, mail.at)).collect();
        let mail = outcome
            .calls
            .iter()
            .filter_map(|call| dots.get(&Some(call.number))?.checked_sub(call.hung_up?));
        let answer = outcome.calls.iter().filter_map(|call| call.answer_took());
        let sounds = || outcome.calls.iter().map(|call| call.sound);
        let memory = |kib: u64| kib as f64 * 1.024 / outcome.most_at_once.max(1) as f64;
        Self {
            calls: count,
            at_once: outcome.most_at_once,
            cpu: each(spent.total),
            kernel: each(spent.kernel),
            own: each(own),
            media: each(packet_threads(&spent)),
            memory: [memory(grown_kib), memory(kept_kib)],
            answer: both(&answer.collect::<Vec<_>>()),
            mail: both(&mail.collect::<Vec<_>>()),
            longest_gap: sounds().map(|sound| sound.longest_gap).max().unwrap_or_default(),
            heard: outcome.packets_received() as f64 / count as f64,
            lost_heard: sounds().map(|sound| u64::from(sound.lost)).sum(),
            deviation: outcome.deviation,
            late: outcome.late,
            drops,
            checked,
            faults,
        }
    }

    /// Four lines, and what went wrong.
    pub fn print(&self) {
        println!(
            "  {:.2} ms CPU a call, {:.3} ms a call-second (of it packets {:.2} ms); kernel {:.2} ms; \
             bench {:.2} ms",
            self.cpu,
            self.cpu / CALL_SECONDS,
            self.media,
            self.kernel,
            self.own,
        );
        println!(
            "  {:.0} kB a call, {:.0} kB when all is done, {} at once; 200 after {:.2} / {:.2} ms; \
             mail after {:.1} / {:.1} ms (p50 / p99)",
            self.memory[0],
            self.memory[1],
            self.at_once,
            self.answer[0],
            self.answer[1],
            self.mail[0],
            self.mail[1],
        );
        println!(
            "  greeting: {:.1} packets, {} lost; off the beat by {:.2} ms (p99), {:.1} ms at worst; \
             longest gap {:.1} ms; the bench itself was late by {:.1} ms",
            self.heard,
            self.lost_heard,
            ms(self.deviation.quantile(0.99)),
            ms(self.deviation.longest()),
            ms(self.longest_gap),
            ms(self.late),
        );
        println!(
            "  recordings: {} of {} checked, {:.2} s, {} frames lost",
            self.checked.seconds.len(),
            self.calls,
            median(self.checked.seconds.iter().copied()),
            self.checked.lost,
        );
        if self.drops.total() > 0 {
            println!("  the kernel threw datagrams away, for whatever program: {:?}", self.drops);
        }
        complain(&self.faults);
    }
}

/// CPU of the threads that take and send packets; not of those that write files.
fn packet_threads(spent: &Spent) -> Duration {
    let of_worker = |name: &str| {
        name.strip_prefix("media-").is_some_and(|rest| rest.bytes().all(|one| one.is_ascii_digit()))
    };
    spent.threads.iter().filter(|(name, _)| of_worker(name)).map(|(_, time)| *time).sum()
}
