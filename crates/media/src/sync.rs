//! The syncer threads: a recording is told of once it is on stable storage.
//!
//! There are several, since file systems write the syncs of many threads in one
//! go, and those of one thread one after the other.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;

use crate::event::{MediaEvent, Recorded};
use crate::recover;
use crate::wav::Whole;
use crate::{MediaError, recover_file};

/// Threads.
pub const SYNCERS: usize = 4;
/// So many files share one sync of their folder; more would let the first wait
/// for the last.
const BATCH: usize = 8;

/// What a syncer is asked to do.
#[derive(Debug)]
pub enum Task {
    /// A recording is whole: sync it and tell.
    Finish(Finished),
    /// Sync the names of recordings up to that number.
    Names(u64),
}

/// A recording that the writer has let go of.
#[derive(Debug)]
pub struct Finished {
    /// Its file inside the recordings folder.
    pub file: String,
    /// The number of that name, see [`Names::add`].
    pub name: u64,
    /// Who is told.
    pub events: UnboundedSender<MediaEvent>,
    /// The file; `None` where writing failed.
    pub whole: Option<Whole>,
}

/// The names in the recordings folder. A name does not change, so that one sync
/// of the folder is good for all that were made before it.
#[derive(Debug, Default)]
pub struct Names {
    made: AtomicU64,
    synced: AtomicU64,
}

impl Names {
    /// A file was created; returns the number of its name.
    pub fn add(&self) -> u64 {
        self.made.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// The number of the last name.
    pub fn last(&self) -> u64 {
        self.made.load(Ordering::Acquire)
    }

    /// Makes the name with that number durable, and all others; nothing is left
    /// to do where somebody has done that.
    fn sync(&self, folder: &Path, name: u64) -> Result<(), MediaError> {
        if self.synced.load(Ordering::Acquire) >= name {
            return Ok(());
        }
        let made = self.last();
        recover::sync_folder(folder)?;
        self.synced.fetch_max(made, Ordering::AcqRel);
        Ok(())
    }
}

/// Runs until the writer is gone.
pub fn run(folder: &Path, names: &Names, tasks: &Mutex<Receiver<Task>>) {
    loop {
        let batch = next(tasks);
        if batch.is_empty() {
            return;
        }
        let mut newest = 0;
        let mut settled = Vec::with_capacity(batch.len());
        for task in batch {
            match task {
                Task::Names(name) => newest = newest.max(name),
                Task::Finish(one) => {
                    newest = newest.max(one.name);
                    settled.push((settle(folder, &one), one.events));
                }
            }
        }
        let folder_error = names.sync(folder, newest).err();
        if let (Some(error), []) = (&folder_error, settled.as_slice()) {
            tracing::warn!(%error, "names of recordings are not synced yet; each will be as it ends");
        }
        for (result, events) in settled {
            let result = match (&folder_error, result) {
                (Some(error), Ok(_)) => Err(unsynced(folder, error)),
                (_, result) => result,
            };
            let _ = events.send(MediaEvent::RecordingClosed(result));
        }
    }
}

/// What is to be done by now; waits for something. Empty when there will be no more.
fn next(tasks: &Mutex<Receiver<Task>>) -> Vec<Task> {
    // Who waits here holds the lock; the others wait for it.
    let tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
    let first = tasks.recv().ok();
    first.into_iter().chain(tasks.try_iter().take(BATCH - 1)).collect()
}

fn settle(folder: &Path, finished: &Finished) -> Result<Recorded, MediaError> {
    let path = folder.join(&finished.file);
    let Some(whole) = &finished.whole else {
        // A full disk: what is there is worth keeping.
        return recover_file(&path);
    };
    sync(&whole.file, &path)?;
    let Whole { duration, said, .. } = *whole;
    Ok(Recorded { file: finished.file.clone(), duration, said })
}

fn sync(file: &File, path: &Path) -> Result<(), MediaError> {
    file.sync_all().map_err(|source| MediaError::File { path: path.to_owned(), source })
}

fn unsynced(folder: &Path, error: &MediaError) -> MediaError {
    let path = folder.to_owned();
    MediaError::File { path, source: io::Error::other(error.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sync_is_good_for_all_names_before_it_and_for_none_after() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let names = Names::default();
        let (first, second) = (names.add(), names.add());
        assert!(names.sync(&gone, first).is_err());
        names.sync(folder.path(), first).unwrap();
        // Nothing is left to do, so that nothing can fail.
        names.sync(&gone, second).unwrap();
        assert!(names.sync(&gone, names.add()).is_err());
    }
}
