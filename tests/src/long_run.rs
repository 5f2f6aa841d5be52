//! A busy house for days that last seconds: what a call leaves behind when all
//! that was to be kept of it is old, which must be nothing.
//!
//! The wall clock of the server runs fast ([`FastClock`]); calls, sound and waits
//! take the time that they take. Every kind of call that a house knows is there,
//! and the mail server is away for a while each day.

mod calls;
mod sample;

use std::time::{Duration, Instant};

use crate::fast_clock::FastClock;
use crate::load::{Keep, MailSink};
use crate::server::Server;
use crate::settings::{Settings, Subscriber};
use crate::sound::{speech, write_wav};
use crate::waiting;

pub use calls::Told;
pub use sample::Sample;

/// Users who are called, in turn.
const USERS: usize = 10;
/// Seconds of their greeting; a beep of 0.4 s follows.
const GREETING: f64 = 0.4;
/// Rings for longer than anybody waits.
const SLOW: &str = "[[subscriber]]\nuser = \"slow\"\nmail = \"slow@example.com\"\n\
                    answer_after_seconds = 60";
/// The mail server takes nothing for this one.
const REFUSED: &str = "[[subscriber]]\nuser = \"refused\"\nmail = \"refused@example.com\"";

/// The house.
pub struct House {
    /// Ringpost.
    pub server: Server,
    /// Where its mails go.
    pub sink: MailSink,
    day: Duration,
    begun: Instant,
    /// Calls that were planned so far, of every kind; they are numbered.
    placed: u32,
    /// Those that are over.
    calls: usize,
    /// Mails so far.
    mails: usize,
}

impl House {
    /// Opens it, with days of this length, of which the ledger keeps one.
    pub fn open(day: Duration) -> Self {
        let sink = MailSink::start(Keep::Nothing);
        let sweeps = format!("sweep_seconds = {}", day.as_secs_f64() / 50.0);
        let mut settings = Settings::new()
            .mail(&sink.url())
            // A lease is reckoned from this, by the fast clock.
            .line("mail", "timeout_seconds = 7200")
            .line("state", "keep_ledger_days = 1")
            .line("state", sweeps)
            .limit("notifications_per_hour", 0)
            .table(SLOW)
            .table(REFUSED)
            .table("[log]\nlevel = \"error\"");
        settings.subscribers = (0..USERS)
            .map(|at| {
                let (number, extension) = (format!("+142555501{at:02}"), (1000 + at).to_string());
                Subscriber::new(&format!("user{at}"), &number, &extension)
            })
            .collect();
        let mut server = Server::prepared(settings);
        let clock = FastClock::with_days_of(day, server.folder());
        for (name, value) in clock.environment() {
            server.set_environment(name, &value);
        }
        server.up();
        let house =
            Self { server, sink, day, begun: Instant::now(), placed: 0, calls: 0, mails: 0 };
        house.greet();
        house
    }

    fn greet(&self) {
        let file = self.server.folder().join("greeting.wav");
        std::fs::write(&file, write_wav(&speech(GREETING, 77))).unwrap();
        let file = file.display().to_string();
        for at in 0..USERS {
            self.server.says(&["greeting", "set", &format!("user{at}"), &file]);
        }
    }

    /// How things stand now.
    pub fn sample(&self) -> Sample {
        let days = self.begun.elapsed().as_secs_f64() / self.day.as_secs_f64();
        Sample::of(&self.server, days, self.calls, self.mails + self.sink.count())
    }

    /// Waits until nothing is kept of any call any more, within a few days.
    pub fn forget(&self) -> Sample {
        waiting::until("all that is old to be let go", self.day * 4, || {
            let sample = self.sample();
            (sample.rows == 0 && sample.recordings == 0).then_some(sample)
        })
    }
}
