//! Subscribers of whom it is known that they have no contacts: most mails then
//! cost no question to the database.
//!
//! Another process may store contacts at any time. What is known counts as long
//! as the files of the database stay as they are. A commit is in the files a
//! moment before it can be read, while the disk syncs: so nothing is concluded
//! from files that have just changed, and nothing is believed for long.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the files must have stayed as they are before anything is concluded:
/// longer than a sync takes, and than the file system's clock stands still.
const SETTLED: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 1000 });

/// How long it is believed at most.
const BELIEVED: Duration = Duration::from_secs(60);

/// Most subscribers of whom something is kept.
const MOST: usize = 100_000;

/// What is known of some subscribers.
pub(super) struct Without {
    files: [PathBuf; 2],
    known: Mutex<Known>,
}

struct Known {
    /// Of the database and its write-ahead log.
    states: [Option<State>; 2],
    since: Instant,
    /// Whether somebody has contacts, and when that was found out.
    has: HashMap<String, (bool, Instant)>,
}

/// Changed by every commit, as far as the file system's clock goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    inode: u64,
    octets: u64,
    changed: (i64, i64),
}

impl From<Metadata> for State {
    fn from(file: Metadata) -> Self {
        Self { inode: file.ino(), octets: file.len(), changed: (file.ctime(), file.ctime_nsec()) }
    }
}

impl Without {
    /// For this database. Its files are looked at and never opened: closing one
    /// would free the locks that SQLite holds on it for the whole process.
    pub(super) fn of(database: &Path) -> Self {
        let mut log: OsString = database.into();
        log.push("-wal");
        let known = Known { states: [None; 2], since: Instant::now(), has: HashMap::new() };
        Self { files: [database.to_owned(), log.into()], known: Mutex::new(known) }
    }

    /// Whether the subscriber has contacts; `None` where that is to be asked,
    /// and told to [`found`](Self::found).
    pub(super) fn has(&self, subscriber: &str, now: Instant) -> Option<bool> {
        let states =
            self.files.each_ref().map(|file| std::fs::metadata(file).ok().map(State::from));
        let mut known = self.known();
        if states != known.states {
            *known = Known { states, since: now, has: HashMap::new() };
        }
        let (has, at) = known.has.get(subscriber)?;
        (now.duration_since(*at) < BELIEVED).then_some(*has)
    }

    /// Notes what a question that began at `asked`, after [`has`](Self::has),
    /// has found out.
    pub(super) fn found(&self, subscriber: &str, has: bool, asked: Instant) {
        let mut known = self.known();
        let is_settled = asked.checked_duration_since(known.since) >= Some(SETTLED);
        // Without the file there is nothing whose change would be seen.
        if is_settled && known.states.iter().any(Option::is_some) {
            if known.has.len() >= MOST {
                known.has.clear();
            }
            known.has.insert(subscriber.to_owned(), (has, asked));
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Whole after every statement that could panic.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_goes_with_any_change_of_the_files_and_with_time() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("people.db");
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let without = Without::of(&database);
        assert_eq!(without.has("alice", at(0)), None);
        without.found("alice", false, at(5000));
        assert_eq!(without.has("alice", at(5000)), None, "there is no file yet");

        std::fs::write(&database, "1").unwrap();
        assert_eq!(without.has("alice", at(6000)), None);
        without.found("alice", false, at(6049));
        assert_eq!(without.has("alice", at(7000)), None, "it has just changed");
        without.found("alice", false, at(7000));
        without.found("bob", true, at(7000));
        assert_eq!(without.has("alice", at(7000)), Some(false));
        assert_eq!(without.has("bob", at(7001)), Some(true));
        assert_eq!(without.has("carol", at(7001)), None);
        assert_eq!(without.has("alice", at(67_000)), None, "that was a minute ago");
        assert_eq!(without.has("bob", at(66_999)), Some(true));

        std::fs::write(folder.path().join("people.db-wal"), "a commit").unwrap();
        assert_eq!(without.has("bob", at(67_000)), None);
        // A question that began before the change has not seen it.
        without.found("bob", true, at(66_999));
        assert_eq!(without.has("bob", at(67_000)), None);
    }
}
