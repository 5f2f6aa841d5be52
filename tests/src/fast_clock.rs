//! A wall clock that runs faster for a program under test: what is kept for a day
//! is old after seconds.
//!
//! A C library of a few lines stands before the system's and answers for the wall
//! clock alone; the C compiler that SQLite needs anyway makes it.

use std::path::Path;
use std::time::Duration;

use crate::{load, process};

const SOURCE: &str = include_str!("fast_clock.c");
const DAY: f64 = 86_400.0;

/// What a program needs in its environment.
pub struct FastClock {
    library: String,
    from: Duration,
    speed: u64,
}

impl FastClock {
    /// Starts now, with days of this length; its library is put into `folder`.
    pub fn with_days_of(day: Duration, folder: &Path) -> Self {
        let (source, library) = (folder.join("fast_clock.c"), folder.join("fast_clock.so"));
        std::fs::write(&source, SOURCE).expect("a file");
        let arguments = ["-shared", "-fPIC", "-O2", "-o"].map(std::ffi::OsStr::new);
        let files = [library.as_os_str(), source.as_os_str()];
        process::run("cc", arguments.into_iter().chain(files));
        Self {
            library: library.display().to_string(),
            from: load::now(),
            speed: (DAY / day.as_secs_f64()) as u64,
        }
    }

    /// Variables of its environment.
    pub fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("LD_PRELOAD", self.library.clone()),
            ("FAST_CLOCK_FROM", self.from.as_nanos().to_string()),
            ("FAST_CLOCK_SPEED", self.speed.to_string()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_day_is_over_soon_and_a_pause_is_as_long_as_ever() {
        let folder = tempfile::tempdir().unwrap();
        let clock = FastClock::with_days_of(Duration::from_secs(1), folder.path());
        let mut date = Command::new("sh");
        date.args(["-c", "date +%s; sleep 1; date +%s"]).envs(clock.environment());
        let begun = std::time::Instant::now();
        let words = process::output(&mut date).unwrap().stdout;
        assert!(begun.elapsed() >= Duration::from_secs(1));
        let words = String::from_utf8(words).unwrap();
        let times: Vec<u64> = words.lines().map(|line| line.parse().unwrap()).collect();
        assert!(times[1] - times[0] >= 86_400, "{times:?}");
        assert!(times[0] + 1 >= clock.from.as_secs(), "{times:?}");
    }
}
