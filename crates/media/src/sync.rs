//! The syncer threads: a recording is told of once it is on stable storage.
//!
//! There are several, since file systems write the syncs of many threads in one
//! go, and those of one thread one after the other.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
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

/// A recording that the writer has let go of.
#[derive(Debug)]
pub struct Finished {
    /// Its file inside the recordings folder.
    pub file: String,
    /// Who is told.
    pub events: UnboundedSender<MediaEvent>,
    /// The file; `None` where writing failed.
    pub whole: Option<Whole>,
}

/// Runs until the writer is gone.
pub fn run(folder: &Path, finished: &Mutex<Receiver<Finished>>) {
    loop {
        let batch = next(finished);
        if batch.is_empty() {
            return;
        }
        let results: Vec<_> = batch.iter().map(|one| settle(folder, one)).collect();
        let folder_error = recover::sync_folder(folder).err();
        for (one, result) in batch.into_iter().zip(results) {
            let result = match (&folder_error, result) {
                (Some(error), Ok(_)) => Err(unsynced(folder, error)),
                (_, result) => result,
            };
            let _ = one.events.send(MediaEvent::RecordingClosed(result));
        }
    }
}

/// What is whole by now; waits for one. Empty when there will be no more.
fn next(finished: &Mutex<Receiver<Finished>>) -> Vec<Finished> {
    // Who waits here holds the lock; the others wait for it.
    let finished = finished.lock().unwrap_or_else(PoisonError::into_inner);
    let first = finished.recv().ok();
    first.into_iter().chain(finished.try_iter().take(BATCH - 1)).collect()
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
    let path = PathBuf::from(folder);
    MediaError::File { path, source: io::Error::other(error.to_string()) }
}
