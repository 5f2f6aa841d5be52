//! The engine: its threads, and the streams it opens.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self as channel, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::Instant;

use tokio::sync::mpsc;

use crate::backlog::Backlog;
use crate::clock::{self, Samples};
use crate::event::MediaEvent;
use crate::line::Line;
use crate::session::{Outbox, Session};
use crate::statistics::{Statistics, Totals};
use crate::stream::{Stream, StreamConfig};
use crate::sync::{self, Names};
use crate::worker::{Command, Worker};
use crate::writer::Writer;
use crate::{MediaError, port};

/// How an engine is started.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Media workers; 0: one for every two cores. One serves thousands of calls,
    /// and each call costs less the more there are.
    pub workers: usize,
    /// UDP ports for RTP; the even ones are used.
    pub ports: RangeInclusive<u16>,
    /// Folder of the recordings; created where it is missing.
    pub recordings: PathBuf,
}

/// The media engine. Clones are the same engine; it stops with the last one.
#[derive(Debug, Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    ports: RangeInclusive<u16>,
    next: AtomicU64,
    totals: Arc<Totals>,
    workers: Vec<Arc<Post>>,
    /// In the order in which they end: workers, writer, syncers.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// The way to a worker.
#[derive(Debug)]
pub(crate) struct Post {
    epoch: Instant,
    commands: Sender<Command>,
    worker: Thread,
    streams: Arc<AtomicUsize>,
}

impl Post {
    /// Sends, and wakes the worker where the next tick is too late. Without a
    /// worker (the engine has stopped) nothing is left to do.
    pub fn send(&self, command: Command) -> bool {
        let urgent = command.is_urgent();
        let sent = self.commands.send(command).is_ok();
        if urgent {
            self.worker.unpark();
        }
        sent
    }

    /// A moment as the worker counts it.
    pub fn now(&self, moment: Instant) -> Samples {
        clock::samples(moment.saturating_duration_since(self.epoch))
    }
}

impl Engine {
    /// Starts the threads.
    ///
    /// # Errors
    /// The recordings folder cannot be used, or a thread cannot be started.
    pub fn start(config: EngineConfig) -> Result<Self, MediaError> {
        let EngineConfig { workers, ports, recordings } = config;
        prepare(&recordings)?;
        let count = match workers {
            0 => thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2)),
            count => count,
        };
        let epoch = Instant::now();
        let totals = Arc::new(Totals::default());
        let backlog = Arc::new(Backlog::default());
        let names = Arc::new(Names::default());
        let (batches, batches_in) = channel::channel();
        let (tasks, tasks_in) = channel::channel();
        let mut posts = Vec::with_capacity(count);
        let mut threads = Vec::with_capacity(count + 1 + sync::SYNCERS);
        for number in 0..count {
            let (commands, commands_in) = channel::channel();
            let streams = Arc::new(AtomicUsize::new(0));
            let worker = Worker::new(
                epoch,
                clock::TICK.mul_f64(number as f64 / count as f64),
                commands_in,
                batches.clone(),
                Outbox { backlog: Arc::clone(&backlog), ..Outbox::default() },
                Arc::clone(&totals),
                Arc::clone(&streams),
            );
            let thread = spawn(&format!("media-{number}"), move || worker.run())?;
            let worker = thread.thread().clone();
            posts.push(Arc::new(Post { epoch, commands, worker, streams }));
            threads.push(thread);
        }
        let (folder, counted, named) =
            (recordings.clone(), Arc::clone(&totals), Arc::clone(&names));
        let writer = Writer::new(folder, counted, backlog, named, tasks);
        threads.push(spawn("media-writer", move || writer.run(&batches_in))?);
        let tasks_in = Arc::new(Mutex::new(tasks_in));
        for number in 0..sync::SYNCERS {
            let (folder, names, tasks_in) =
                (recordings.clone(), Arc::clone(&names), Arc::clone(&tasks_in));
            let run = move || sync::run(&folder, &names, &tasks_in);
            threads.push(spawn(&format!("media-sync-{number}"), run)?);
        }
        let inner = Inner {
            ports,
            next: AtomicU64::new(1),
            totals,
            workers: posts,
            threads: Mutex::new(threads),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Opens a stream on a free port, at the worker that has the fewest.
    ///
    /// # Errors
    /// No port is free, the address cannot be bound, or the engine has stopped.
    pub fn open(
        &self,
        config: StreamConfig,
    ) -> Result<(Stream, mpsc::UnboundedReceiver<MediaEvent>), MediaError> {
        let idle = |post: &&Arc<Post>| post.streams.load(Ordering::Relaxed);
        let post = self.inner.workers.iter().min_by_key(idle).ok_or(MediaError::Stopped)?;
        let (socket, address) = port::bind(config.local, &self.inner.ports)?;
        let id = self.inner.next.fetch_add(1, Ordering::Relaxed);
        let (events, events_in) = mpsc::unbounded_channel();
        let session = Box::new(Session::new(id, config.nat, events));
        let line = Line::new(id, socket, config.local, session);
        // A worker that has a call comes by within a tick.
        let asleep = post.streams.fetch_add(1, Ordering::AcqRel) == 0;
        if !post.send(Command::Open(line)) {
            post.streams.fetch_sub(1, Ordering::AcqRel);
            return Err(MediaError::Stopped);
        }
        if asleep {
            post.worker.unpark();
        }
        Ok((Stream::new(id, address, Arc::clone(post)), events_in))
    }

    /// What the engine has done so far; at most a tick old.
    pub fn statistics(&self) -> Statistics {
        let count = |post: &Arc<Post>| post.streams.load(Ordering::Relaxed);
        self.inner.totals.read(self.inner.workers.iter().map(count).sum())
    }

    /// Ends all streams, closes and syncs their recordings, tells of them, and
    /// ends the threads. Returns when that is done; may wait for the disk.
    pub fn stop(&self) {
        self.inner.stop();
    }
}

impl Inner {
    fn stop(&self) {
        for worker in &self.workers {
            worker.send(Command::Stop);
        }
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a media thread ended by a fault");
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

fn prepare(recordings: &Path) -> Result<(), MediaError> {
    std::fs::create_dir_all(recordings)
        .map_err(|source| MediaError::File { path: recordings.to_owned(), source })
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, MediaError> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(MediaError::Start)
}
