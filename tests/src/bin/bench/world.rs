//! A server with its subscribers, a mail sink, and the meters on it.

use std::path::Path;
use std::time::Duration;

use ringpost_tests::load::cpu::{self, Reading, Spent};
use ringpost_tests::load::{Keep, Kind, Load, Mail, MailSink, Outcome, Plan};
use ringpost_tests::server::Server;
use ringpost_tests::settings::{Settings, Subscriber};
use ringpost_tests::sound::{RATE, speech, write_wav};
use ringpost_tests::waiting;

use crate::options::Options;

/// Called users.
const USERS: usize = 10;
/// Without a mail for so long, no more come.
const PATIENCE: Duration = Duration::from_secs(20);
/// Greeting and tone together.
const GREETING_SECONDS: f64 = 2.1;
/// Ringpost's own tone.
const TONE_SECONDS: f64 = 0.4;

/// A server under load.
pub struct World {
    pub server: Server,
    pub sink: MailSink,
    pub users: Vec<String>,
    placed: u32,
}

/// What a load used and what became of it.
pub struct Ran {
    pub outcome: Outcome,
    pub mails: Vec<Mail>,
    pub spent: Spent,
    /// The most memory over that before, in KiB.
    pub grown_kib: u64,
    /// CPU of this process, mail sink included.
    pub own: Duration,
    /// From the first call to the last mail.
    pub took: Duration,
}

impl World {
    /// A fresh one; with `mails`, missed calls are told of.
    pub fn new(options: &Options, binary: &Path, mails: bool, keep: Keep, ring: u32) -> Self {
        let sink = MailSink::start(keep);
        let subscriber = |at: usize| {
            let one = Subscriber::new(
                &format!("user{at}"),
                &format!("+142555501{at:02}"),
                &format!("{}", 1000 + at),
            );
            if mails { one } else { one.without_missed_calls() }
        };
        let mut settings = Settings::new()
            .mail(&sink.url())
            .limit("calls", 4000)
            .limit("answer_after_seconds", ring)
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
        let world = Self { server, sink, users, placed: 0 };
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
        let begun = ringpost_tests::load::now();
        let (before, own) = (Reading::of(id), cpu::of_self());
        let outcome = Load::start(plan).finish();
        self.sink.wait(mails, PATIENCE);
        self.rest();
        let spent = Reading::of(id).since(&before);
        let own = cpu::of_self().saturating_sub(own);
        let grown_kib = cpu::peak_kib(id).saturating_sub(resident);
        let mails = self.sink.take();
        let last = mails.iter().map(|mail| mail.at).max();
        let ended = outcome.calls.iter().filter_map(|call| call.over).max();
        let end = last.max(ended).unwrap_or(begun);
        Ran { outcome, mails, spent, grown_kib, own, took: end.saturating_sub(begun) }
    }

    /// Waits until the server does nothing any more; asking it would be work.
    fn rest(&self) {
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

    /// Lines of its log at error, and what it says of its own threads.
    pub fn errors(&self) -> Vec<String> {
        let log = self.server.log();
        log.into_iter().filter(|line| line.contains("ERROR")).collect()
    }
}
