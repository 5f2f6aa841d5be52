//! The syncer thread: a recording is told of once it is on stable storage.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use tokio::sync::mpsc::UnboundedSender;

use crate::event::{MediaEvent, Recorded};
use crate::recover;
use crate::wav::Whole;
use crate::{MediaError, recover_file};

/// So many files share one sync of their folder; more would let the first wait
/// for the last.
const BATCH: usize = 16;

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
pub fn run(folder: &Path, finished: &Receiver<Finished>) {
    while let Ok(first) = finished.recv() {
        let batch: Vec<Finished> =
            std::iter::once(first).chain(finished.try_iter().take(BATCH - 1)).collect();
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
