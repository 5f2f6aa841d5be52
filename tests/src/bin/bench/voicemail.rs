//! Calls that leave a message.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use ringpost_tests::load::{Checked, Histogram, Keep, Kind, check_mails};

use crate::figures::{complain, median, ms, quantile, short};
use crate::options::{self, Options};
use crate::world::{Ran, World};

/// Seconds of sound of a call, by which its cost is divided.
const CALL_SECONDS: f64 = 11.0;

/// One round.
pub struct Round {
    pub calls: usize,
    pub at_once: usize,
    /// CPU of the server for one call, in ms.
    pub cpu: f64,
    /// CPU of the kernel's threads meanwhile, for one call, in ms.
    pub kernel: f64,
    /// CPU of this bench for one call, in ms.
    pub own: f64,
    /// CPU of the threads that handle packets, for one call, in ms.
    pub media: f64,
    /// Memory for one call, in kB.
    pub memory: f64,
    pub answer: Vec<Duration>,
    pub mail: Vec<Duration>,
    pub deviation: Histogram,
    pub longest_gap: Duration,
    pub late: Duration,
    /// Packets of the server for one call, and those that are missing in all.
    pub heard: f64,
    pub lost_heard: u64,
    pub checked: Checked,
    pub faults: Vec<String>,
}

/// Runs and prints it.
pub fn run(options: &Options, part: options::Voicemail) {
    println!("voicemail: {} calls, {} begun a second", part.calls, part.rate);
    let binaries = options.binaries();
    let mut rounds = vec![Vec::new(); binaries.len()];
    for _ in 0..part.rounds {
        for (rounds, binary) in rounds.iter_mut().zip(&binaries) {
            let round = round(options, binary, part);
            if binaries.len() > 1 {
                println!("{}", short(binary));
            }
            round.print();
            rounds.push(round.key_figures());
        }
    }
    if part.rounds > 1 {
        for (rounds, binary) in rounds.iter().zip(&binaries) {
            let of = |at: usize| median(rounds.iter().map(|round: &[f64; 3]| round[at]));
            println!(
                "median of {}: {:.2} ms a call, {:.3} ms a call-second, {:.0} kB a call; media {:.2} ms ({})",
                part.rounds,
                of(0),
                of(0) / CALL_SECONDS,
                of(1),
                of(2),
                short(binary)
            );
        }
    }
}

/// One round with a fresh server.
pub fn round(options: &Options, binary: &Path, part: options::Voicemail) -> Round {
    let mut world = World::new(options, binary, true, Keep::All, 0);
    let ran = world.run(Kind::VOICEMAIL, part.calls, part.rate, 1);
    Round::of(ran, world.errors())
}

impl Round {
    fn of(ran: Ran, mut faults: Vec<String>) -> Self {
        let Ran { outcome, mails, spent, grown_kib, own, .. } = ran;
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
        let sounds = || outcome.calls.iter().map(|call| call.sound);
        Self {
            calls: count,
            at_once: outcome.most_at_once,
            cpu: each(spent.total),
            kernel: each(spent.kernel),
            own: each(own),
            media: each(packet_threads(&spent)),
            memory: grown_kib as f64 * 1.024 / outcome.most_at_once.max(1) as f64,
            answer: outcome.calls.iter().filter_map(|call| call.answer_took()).collect(),
            mail: mail.collect(),
            longest_gap: sounds().map(|sound| sound.longest_gap).max().unwrap_or_default(),
            heard: outcome.packets_received() as f64 / count as f64,
            lost_heard: sounds().map(|sound| u64::from(sound.lost)).sum(),
            deviation: outcome.deviation,
            late: outcome.late,
            checked,
            faults,
        }
    }

    fn key_figures(&self) -> [f64; 3] {
        [self.cpu, self.memory, self.media]
    }

    fn print(&self) {
        let p = |times: &[Duration], share| ms(quantile(times, share));
        println!(
            "  {:.2} ms CPU a call, {:.3} ms a call-second (of it packets {:.2} ms); kernel {:.2} ms; \
             bench {:.2} ms\n  {:.0} kB a call, {} at once; 200 after {:.2} / {:.2} ms; mail after \
             {:.1} / {:.1} ms (p50 / p99)\n  greeting: {:.1} packets, {} lost, off the beat by \
             {:.2} ms (p99), {:.1} ms at worst, longest gap {:.1} ms; the bench itself was late by {:.1} ms\n  \
             recordings: {} of {} checked, {:.2} s, {} frames lost",
            self.cpu,
            self.cpu / CALL_SECONDS,
            self.media,
            self.kernel,
            self.own,
            self.memory,
            self.at_once,
            p(&self.answer, 0.5),
            p(&self.answer, 0.99),
            p(&self.mail, 0.5),
            p(&self.mail, 0.99),
            self.heard,
            self.lost_heard,
            ms(self.deviation.quantile(0.99)),
            ms(self.deviation.longest()),
            ms(self.longest_gap),
            ms(self.late),
            self.checked.seconds.len(),
            self.calls,
            median(self.checked.seconds.iter().copied()),
            self.checked.lost,
        );
        complain(&self.faults);
    }
}

/// CPU of the threads that take and send packets; not of those that write files.
fn packet_threads(spent: &ringpost_tests::load::cpu::Spent) -> Duration {
    let of_worker = |name: &str| {
        name.strip_prefix("media-").is_some_and(|rest| rest.bytes().all(|one| one.is_ascii_digit()))
    };
    spent.threads.iter().filter(|(name, _)| of_worker(name)).map(|(_, time)| *time).sum()
}
