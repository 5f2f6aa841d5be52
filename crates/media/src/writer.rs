//! The writer thread: batches of sound from the workers into files.
//!
//! It never syncs, so that a slow disk delays no other recording; what is whole
//! goes on to the syncer.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender};

use tokio::sync::mpsc::UnboundedSender;

use crate::MediaError;
use crate::event::MediaEvent;
use crate::statistics::Totals;
use crate::sync::Finished;
use crate::wav::Wav;

/// Names a recording between workers, writer and syncer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The session, unique in the engine.
    pub session: u64,
    /// The session's how many-th recording.
    pub recording: u32,
}

/// One thing to do. Jobs of one recording come in order.
#[derive(Debug)]
pub enum Job {
    /// Create the file.
    Open {
        /// Which recording.
        key: Key,
        /// Its file inside the recordings folder.
        file: String,
        /// Who is told how it went.
        events: UnboundedSender<MediaEvent>,
    },
    /// Append samples.
    Write {
        /// Which recording.
        key: Key,
        /// What to append.
        samples: Vec<i16>,
    },
    /// End the file, sync it and tell.
    Close {
        /// Which recording.
        key: Key,
    },
}

/// A recording as the writer has it; without a file after an error.
struct Open {
    file: String,
    events: UnboundedSender<MediaEvent>,
    wav: Option<Wav>,
}

/// The thread's state.
pub struct Writer {
    folder: PathBuf,
    totals: Arc<Totals>,
    finished: Sender<Finished>,
    open: HashMap<Key, Open>,
}

impl Writer {
    /// Writes into `folder`; what is whole goes to `finished`.
    pub fn new(folder: PathBuf, totals: Arc<Totals>, finished: Sender<Finished>) -> Self {
        Self { folder, totals, finished, open: HashMap::new() }
    }

    /// Runs until all workers are gone; then ends what is still open.
    pub fn run(mut self, batches: &Receiver<Vec<Job>>) {
        while let Ok(batch) = batches.recv() {
            for job in batch {
                let key = match &job {
                    Job::Open { key, .. } | Job::Write { key, .. } | Job::Close { key } => *key,
                };
                // A fault ends one recording and not the thread.
                if catch_unwind(AssertUnwindSafe(|| self.work(job))).is_err() {
                    self.fail(key, MediaError::Fault);
                }
            }
        }
        let left: Vec<Key> = self.open.keys().copied().collect();
        for key in left {
            self.close(key);
        }
    }

    fn work(&mut self, job: Job) {
        match job {
            Job::Open { key, file, events } => self.create(key, file, events),
            Job::Write { key, samples } => self.append(key, &samples),
            Job::Close { key } => self.close(key),
        }
    }

    fn create(&mut self, key: Key, file: String, events: UnboundedSender<MediaEvent>) {
        let (wav, error) = match Wav::create(&self.folder.join(&file)) {
            Ok(wav) => (Some(wav), None),
            Err(source) => (None, Some(MediaError::Recording { file: file.clone(), source })),
        };
        self.open.insert(key, Open { file, events, wav });
        self.totals.recordings.store(self.open.len(), Ordering::Relaxed);
        if let Some(error) = error {
            self.fail(key, error);
        }
    }

    fn append(&mut self, key: Key, samples: &[i16]) {
        let Some(open) = self.open.get_mut(&key) else { return };
        let Some(wav) = &mut open.wav else { return };
        if let Err(source) = wav.append(samples) {
            let error = MediaError::Recording { file: open.file.clone(), source };
            self.fail(key, error);
        }
    }

    fn close(&mut self, key: Key) {
        let Some(open) = self.open.remove(&key) else { return };
        self.totals.recordings.store(self.open.len(), Ordering::Relaxed);
        // What cannot be ended in order is ended by its length.
        let whole = open.wav.and_then(|wav| wav.finalize().ok());
        let finished = Finished { file: open.file, events: open.events, whole };
        // The syncer lives as long as this thread does.
        let _ = self.finished.send(finished);
    }

    /// Tells once; what was written so far stays for the close.
    fn fail(&mut self, key: Key, error: MediaError) {
        tracing::error!(error = %error, "a recording cannot be written");
        if let Some(open) = self.open.get_mut(&key) {
            open.wav = None;
            let _ = open.events.send(MediaEvent::Failed(error));
        }
    }
}
