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
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use crate::MediaError;
use crate::backlog::Backlog;
use crate::event::MediaEvent;
use crate::statistics::Totals;
use crate::sync::{Finished, Names, Task};
use crate::wav::{Wav, Whole};

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
        /// Samples of silence before them.
        silence: usize,
        /// What to append, see [`wav::octets`](crate::wav::octets).
        sound: Vec<u8>,
    },
    /// End the file, sync it and tell.
    Close {
        /// Which recording.
        key: Key,
        /// How much of it is above -45 dBFS.
        said: Duration,
    },
}

/// A recording as the writer has it; without a file after an error.
struct Open {
    file: String,
    name: u64,
    events: UnboundedSender<MediaEvent>,
    wav: Option<Wav>,
}

/// Names that are so old are synced, so that a call that ends has only its file
/// to wait for, and many calls share the sync.
const NAMES_AFTER: Duration = Duration::from_secs(1);

/// The thread's state.
pub struct Writer {
    folder: PathBuf,
    totals: Arc<Totals>,
    backlog: Arc<Backlog>,
    names: Arc<Names>,
    syncers: Sender<Task>,
    open: HashMap<Key, Open>,
    /// When the first name was made of those that nobody was asked to sync.
    unsynced: Option<Instant>,
}

impl Writer {
    /// Writes into `folder`; what is whole goes to `syncers`.
    pub fn new(
        folder: PathBuf,
        totals: Arc<Totals>,
        backlog: Arc<Backlog>,
        names: Arc<Names>,
        syncers: Sender<Task>,
    ) -> Self {
        Self { folder, totals, backlog, names, syncers, open: HashMap::new(), unsynced: None }
    }

    /// Runs until all workers are gone; then ends what is still open.
    pub fn run(mut self, batches: &Receiver<Vec<Job>>) {
        while let Ok(batch) = batches.recv() {
            for job in batch {
                let key = match &job {
                    Job::Open { key, .. } | Job::Write { key, .. } | Job::Close { key, .. } => *key,
                };
                let waited = match &job {
                    Job::Write { sound, .. } => sound.len() / 2,
                    Job::Open { .. } | Job::Close { .. } => 0,
                };
                // A fault ends one recording and not the thread.
                if catch_unwind(AssertUnwindSafe(|| self.work(job))).is_err() {
                    self.fail(key, MediaError::Fault);
                }
                self.backlog.release(waited);
            }
            if self.unsynced.is_some_and(|since| since.elapsed() >= NAMES_AFTER) {
                self.unsynced = None;
                self.send(Task::Names(self.names.last()));
            }
        }
        // Of a worker that is gone: what is there is measured.
        for (_, open) in std::mem::take(&mut self.open) {
            self.finish(open, None);
        }
    }

    fn work(&mut self, job: Job) {
        match job {
            Job::Open { key, file, events } => self.create(key, file, events),
            Job::Write { key, silence, sound } => self.append(key, silence, &sound),
            Job::Close { key, said } => self.close(key, said),
        }
    }

    fn create(&mut self, key: Key, file: String, events: UnboundedSender<MediaEvent>) {
        let (wav, error) = match Wav::create(&self.folder.join(&file)) {
            Ok(wav) => (Some(wav), None),
            Err(source) => (None, Some(MediaError::Recording { file: file.clone(), source })),
        };
        let name = self.names.add();
        self.unsynced.get_or_insert_with(Instant::now);
        self.open.insert(key, Open { file, name, events, wav });
        self.totals.recordings.store(self.open.len(), Ordering::Relaxed);
        if let Some(error) = error {
            self.fail(key, error);
        }
    }

    fn append(&mut self, key: Key, silence: usize, sound: &[u8]) {
        let Some(open) = self.open.get_mut(&key) else { return };
        let Some(wav) = &mut open.wav else { return };
        let silent = wav.append_silence(silence);
        if let Err(source) = silent.and_then(|()| wav.append(sound)) {
            let error = MediaError::Recording { file: open.file.clone(), source };
            self.fail(key, error);
        }
    }

    fn close(&mut self, key: Key, said: Duration) {
        let Some(mut open) = self.open.remove(&key) else { return };
        // What cannot be ended in order is ended by its length.
        let whole = open.wav.take().and_then(|wav| wav.finalize(said).ok());
        self.finish(open, whole);
    }

    fn finish(&self, open: Open, whole: Option<Whole>) {
        self.totals.recordings.store(self.open.len(), Ordering::Relaxed);
        let Open { file, name, events, .. } = open;
        self.send(Task::Finish(Finished { file, name, events, whole }));
    }

    fn send(&self, task: Task) {
        // The syncers live as long as this thread does.
        let _ = self.syncers.send(task);
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
