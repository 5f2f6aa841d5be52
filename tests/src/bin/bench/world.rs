//! A server with its subscribers, a mail sink, and the meters on it.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use ringpost_tests::load::cpu::{self, Reading, Spent};
use ringpost_tests::load::{CallPlan, Drops, Keep, Kind, Load, Mail, MailSink, Outcome, Plan};
use ringpost_tests::server::Server;
use ringpost_tests::settings::{Settings, Subscriber};
use ringpost_tests::sound::{RATE, speech, write_wav};
use ringpost_tests::waiting;

use crate::options::Options;

/// Called users.
const USERS: usize = 10;
/// Without a mail for so long, no more come.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Greeting and tone together.
const GREETING_SECONDS: f64 = 2.1;
/// Ringpost's own tone.
const TONE_SECONDS: f64 = 0.4;

/// How the server of a part is set up.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Missed calls are told of.
    pub mails: bool,
    /// What is kept of a mail.
    pub keep: Keep,
    /// Seconds that it rings before it answers.
    pub ring: u32,
    /// `limits.calls`.
    pub limit: u32,
}

impl Default for Setup {
    fn default() -> Self {
        // A call that is over keeps its place until it is on stable storage.
        Self { mails: true, keep: Keep::Nothing, ring: 0, limit: 5000 }
    }
}

/// A server under load.
pub struct World {
    pub server: Server,
    pub sink: MailSink,
    pub users: Vec<String>,
    placed: u32,
    /// Those that must be in its ledger.
    calls: u64,
}

/// What a load used and what became of it.
pub struct Ran {
    pub outcome: Outcome,
    pub mails: Vec<Mail>,
    pub spent: Spent,
    /// The most memory over that before, in KiB.
    pub grown_kib: u64,
    /// Memory over that before when all was done, in KiB.
    pub kept_kib: u64,
    /// Datagrams that the kernel threw away, machine-wide.
    pub drops: Drops,
    /// CPU of this process, mail sink included.
    pub own: Duration,
    /// From the first call to the last mail.
    pub took: Duration,
}

impl World {
    /// A fresh one.
    pub fn new(options: &Options, binary: &Path, setup: Setup) -> Self {
        let sink = MailSink::start(setup.keep);
        let subscriber = |at: usize| {
            let one = Subscriber::new(
                &format!("user{at}"),
                &format!("+142555501{at:02}"),
                &format!("{}", 1000 + at),
            );
            if setup.mails { one } else { one.without_missed_calls() }
        };
        let mut settings = Settings::new()
            .mail(&sink.url())
            .media_at(own_address())
            .limit("calls", setup.limit)
            .limit("answer_after_seconds", setup.ring)
            .limit("notifications_per_hour", 1_000_000);
        if !options.mail_line.iter().any(|line| line.starts_with("audio")) {
            settings = settings.line("mail", "audio = \"pcm\"");
        }
        for line in &options.mail_line {
            settings = settings.line("mail", line.clone());
        }
        if !options.log_line.is_empty() {
            settings = settings.table(format!("[log]\n{}", options.log_line.join("\n")));
        }
        settings.subscribers = (0..USERS).map(subscriber).collect();
        let mut server = Server::prepared(settings);
        server.use_binary(binary);
        server.up();
        let users: Vec<String> = (0..USERS).map(|at| format!("user{at}")).collect();
        let world = Self { server, sink, users, placed: 0, calls: 0 };
        world.greet();
        world
    }

    /// Gives everybody a greeting of his own, so that it is of a known length.
    fn greet(&self) {
        let file = self.server.folder().join("greeting.wav");
        let sound = speech(GREETING_SECONDS - TONE_SECONDS, 77);
        assert_eq!(sound.len() * 10 / RATE, 17);
        std::fs::write(&file, write_wav(&sound)).unwrap();
        let file = file.to_str().unwrap();
        for user in &self.users {
            self.server.says(&["greeting", "set", user, file]);
        }
    }

    /// Calls of one kind, each told of by `mails` mails, until all is done and the
    /// server rests again.
    pub fn run(&mut self, kind: Kind, calls: usize, rate: f64, mails: usize) -> Ran {
        let plan = Plan::steady(self.server.sip(), kind, calls, rate);
        self.run_plan(plan, calls * mails)
    }

    /// The same for any plan.
    pub fn run_plan(&mut self, plan: Plan, mails: usize) -> Ran {
        let plan = plan.to(&self.users).from(self.placed);
        self.placed += plan.calls.len() as u32;
        let id = self.server.id();
        self.sink.take();
        cpu::forget_peak(id);
        let resident = cpu::status_kib(id, "VmRSS:");
        let filed = |call: &CallPlan| call.kind != Kind::Options;
        self.calls += plan.calls.iter().filter(|call| filed(call)).count() as u64;
        let begun = ringpost_tests::load::now();
        let (before, own, drops) = (Reading::of(id), cpu::of_self(), Drops::now());
        let outcome = Load::start(plan).finish();
        self.sink.wait(mails, PATIENCE);
        self.rest();
        let spent = Reading::of(id).since(&before);
        let own = cpu::of_self().saturating_sub(own);
        let drops = Drops::now().since(drops);
        let grown_kib = cpu::peak_kib(id).saturating_sub(resident);
        let kept_kib = cpu::status_kib(id, "VmRSS:").saturating_sub(resident);
        let mails = self.sink.take();
        let last = mails.iter().map(|mail| mail.at).max();
        let ended = outcome.calls.iter().filter_map(|call| call.over).max();
        let end = last.max(ended).unwrap_or(begun);
        Ran {
            outcome,
            mails,
            spent,
            grown_kib,
            kept_kib,
            drops,
            own,
            took: end.saturating_sub(begun),
        }
    }

    /// Waits until the server does nothing any more; asking it would be work.
    pub fn rest(&self) {
        let mut before = cpu::of_process(self.server.id());
        for _ in 0..100 {
            waiting::pass(Duration::from_millis(200));
            let now = cpu::of_process(self.server.id());
            if now.saturating_sub(before) < Duration::from_millis(1) {
                return;
            }
            before = now;
        }
    }

    /// What went wrong on its side: lines of its log at error, and calls that are not
    /// in its ledger.
    pub fn errors(&self) -> Vec<String> {
        let mut errors = self.logged_errors();
        let filed = self.filed();
        if filed != self.calls {
            errors.push(format!("{} calls were placed, {filed} are filed", self.calls));
        }
        errors
    }

    /// Lines of its log at error.
    pub fn logged_errors(&self) -> Vec<String> {
        let log = self.server.log();
        log.into_iter().filter(|line| line.contains("ERROR")).collect()
    }

    /// How many calls it has filed since its start.
    pub fn filed(&self) -> u64 {
        let metrics = self.server.metrics();
        let lines = metrics.lines().filter(|line| line.starts_with("ringpost_calls_total"));
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum::<f64>() as u64
    }
}

/// An address of loopback for this process: a test that runs meanwhile may want all
/// ports of 127.0.0.1.
fn own_address() -> IpAddr {
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 1, high, low.clamp(1, 254)).into()
}
