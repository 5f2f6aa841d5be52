//! Everything, and the table of it.

use clap::Parser;

use crate::figures::{median, ms};
use crate::floor::Floor;
use crate::missed::Round as Missed;
use crate::options::{Options, Part};
use crate::voicemail::{CALL_SECONDS, Round};
use crate::{floor, limit, machine, missed, most, signalling, start, voicemail};

/// Lines of the table.
#[derive(Default)]
struct Table(Vec<[String; 3]>);

impl Table {
    fn line(&mut self, what: &str, figure: impl Into<String>, target: &str) {
        self.0.push([what.to_owned(), figure.into(), target.to_owned()]);
    }

    fn print(&self) {
        println!("\n| | measured | shall |\n|---|---|---|");
        for [what, figure, target] in &self.0 {
            println!("| {what} | {figure} | {target} |");
        }
        println!("\n{}", machine::describe());
    }
}

/// Measures all parts and prints the table.
pub fn everything(options: &Options) {
    let mut table = Table::default();
    for words in [
        &["voicemail", "--rounds", "3"][..],
        &["floor"],
        &["missed"],
        &["signalling"],
        &["limit"],
        &["most-calls", "--steps", "500,1000,1500"],
        &["most-rate", "--steps", "1000,2000,3000"],
        &["start"],
    ] {
        let part = Options::parse_from([&["bench"], words].concat()).part;
        match part {
            Some(Part::Voicemail(part)) => {
                let before = floor::run();
                let rounds = voicemail::run(options, part);
                let after = floor::run();
                table.voicemail(&rounds, before.between(after));
            }
            Some(Part::Missed(part)) => table.missed(&missed::run(options, part)),
            Some(Part::Signalling(part)) => table.signalling(&signalling::run(options, part)),
            Some(Part::Limit(part)) => table.limit(part.calls, &limit::run(options, part)),
            Some(Part::MostCalls(part)) => {
                let most = most::calls(options, &part).words();
                table.line(
                    "most calls at once, all recorded whole and delivered once",
                    most,
                    "1,000",
                );
            }
            Some(Part::MostRate(part)) => {
                let most = most::rate(options, &part).words();
                table.line("most missed calls a second, all filed and mailed once", most, "2,000");
            }
            Some(Part::Start(part)) => {
                let starts = start::run(options, part);
                table.line(
                    "start to the first answer",
                    format!("{:.0} ms", starts.median),
                    "30 ms",
                );
                table.line("idle memory", format!("{:.1} MB", starts.idle), "20 MB");
            }
            _ => {}
        }
    }
    table.print();
}

impl Table {
    fn voicemail(&mut self, rounds: &[Round], floor: Floor) {
        let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
        let cpu = of(|round| round.cpu);
        let kernel = of(|round| round.kernel);
        self.line(
            "CPU for one voicemail call, 200 at once",
            format!("{cpu:.2} ms (and {kernel:.2} ms of the kernel's threads, machine-wide)"),
            "2 ms",
        );
        self.line(
            "the same for each second of call",
            format!("{:.3} ms", cpu / CALL_SECONDS),
            "0.2 ms",
        );
        let bare = ms(floor.of(550.0, 105.0));
        let media = of(|round| round.media);
        self.line(
            "packets of it (550 in, 105 out), beside bare loops",
            format!(
                "{media:.2} ms, {:.2} times {bare:.2} ms (a packet received {:.2} µs, sent {:.2} µs)",
                media / bare,
                ms(floor.receive) * 1000.0,
                ms(floor.send) * 1000.0
            ),
            "2 times",
        );
        self.line(
            "memory for one call at once, fresh server",
            format!(
                "{:.0} kB, {:.0} kB when all is done",
                of(|round| round.memory[0]),
                of(|round| round.memory[1])
            ),
            "64 kB",
        );
        let pair = |figure: fn(&Round) -> [f64; 2]| {
            [0, 1].map(|at| median(rounds.iter().map(|round| figure(round)[at])))
        };
        let [half, most] = pair(|round| round.answer);
        let words = format!("{half:.2} / {most:.2} ms");
        self.line("INVITE to 200, median / p99, 200 at once", words, "0.3 / 2 ms");
        let [half, most] = pair(|round| round.mail);
        let words = format!("{half:.0} / {most:.0} ms");
        self.line("BYE to the mail at the sink, median / p99", words, "30 / 80 ms");
        let worst = rounds.iter().map(|round| round.deviation.longest()).max().unwrap_or_default();
        let gap = rounds.iter().map(|round| round.longest_gap).max().unwrap_or_default();
        self.line(
            "greeting sent, off its beat of 20 ms",
            format!(
                "{:.2} ms p99, {:.1} ms at worst, longest gap {:.0} ms, {} packets lost",
                of(|round| ms(round.deviation.quantile(0.99))),
                ms(worst),
                ms(gap),
                rounds.iter().map(|round| round.lost_heard).sum::<u64>()
            ),
            "",
        );
        let lost: usize = rounds.iter().map(|round| round.checked.lost).sum();
        let frames: usize = rounds.iter().map(|round| round.checked.frames).sum();
        let faults: usize = rounds.iter().map(|round| round.faults.len()).sum();
        self.line(
            "frames of the recordings that are lost",
            format!("{lost} of {frames}; {faults} failures of any kind"),
            "0",
        );
    }

    fn missed(&mut self, rounds: &[Missed]) {
        for (mail, what, target) in [
            (false, "CPU for one missed call without its mail, 1,000 a second", "0.5 ms"),
            (true, "the same with its mail", "1 ms"),
        ] {
            let of = || rounds.iter().filter(|round| round.mail == mail);
            let (cpu, kernel) =
                (median(of().map(|round| round.cpu)), median(of().map(|round| round.kernel)));
            self.line(what, format!("{cpu:.2} ms (kernel's threads {kernel:.2} ms)"), target);
        }
    }

    fn signalling(&mut self, figures: &[signalling::Figure]) {
        for figure in figures {
            let words = format!(
                "{:.3} ms, {:.0} times the {:.1} µs of an empty echo",
                figure.cpu,
                figure.cpu / figure.echo,
                figure.echo * 1000.0
            );
            self.line(&format!("CPU, {}", figure.name), words, "");
        }
    }

    fn limit(&mut self, calls: usize, figures: &limit::Figures) {
        self.line(
            &format!("refused with 503 while {calls} calls are in, 1,000 a second"),
            format!(
                "{:.3} ms CPU, after {:.2} / {:.2} ms; {} frames of those inside lost, their \
                 greeting off its beat by {:.2} ms p99",
                figures.cpu, figures.took[0], figures.took[1], figures.lost, figures.deviation[0]
            ),
            "",
        );
    }
}
