//! The one writer: it takes every job that is waiting, runs them in one
//! transaction, and answers each caller only after the COMMIT has returned.
//!
//! With `synchronous = FULL` a COMMIT costs one sync of the write-ahead log,
//! so that many calls that end together share it. One that finds the writer
//! idle is committed at once; behind it the next commit comes [`PACE`] later,
//! with whatever has come until then.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use ringpost_model::Timestamp;
use sqlx::SqliteConnection;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use super::desk::Desk;
use super::job::{Asked, Job, Task};
use super::store::Store;
use super::{JournalError, batch};

/// Most jobs in one transaction: bounds how long the first of them waits.
const MOST: usize = 512;

/// From the beginning of one commit to that of the next, at least.
const PACE: Duration = Duration::from_millis(40);

/// How long a job that can wait does so for one that cannot: an open call has
/// to be on stable storage a tenth of a second after its answer.
const PATIENCE: Duration = Duration::from_millis(40);

/// So many that can wait are worth a commit of their own.
const ENOUGH: usize = 32;

/// How often a writer whose last commit failed finds out whether it works again.
const PROBE_EVERY: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 2000 });

/// What a probe writes, in octets: as much as the end of a few calls.
const PROBE_SIZE: i64 = 64 * 1024;

/// The way to the writer.
#[derive(Clone)]
pub(super) struct Queue {
    jobs: mpsc::Sender<Message>,
    health: Health,
    work: Arc<Notify>,
    desk: Desk,
}

enum Message {
    Job(Job),
    Close(oneshot::Sender<()>),
}

/// What the last commit said.
#[derive(Clone, Default)]
struct Health(Arc<Mutex<Option<JournalError>>>);

impl Health {
    fn set(&self, error: Option<JournalError>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    fn get(&self) -> Option<JournalError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Queue {
    /// Starts the writer on this connection. It ends when it is closed, or when
    /// every clone of the queue is gone.
    pub(super) fn start(store: Store, db: SqliteConnection, runtime: &Handle) -> Self {
        let (jobs, waiting) = mpsc::channel(1024);
        let queue =
            Self { jobs, health: Health::default(), work: Arc::default(), desk: Desk::default() };
        let writer = Writer {
            store,
            db: Some(db),
            health: queue.health.clone(),
            work: Arc::clone(&queue.work),
            desk: queue.desk.clone(),
            next: Instant::now(),
        };
        runtime.spawn(writer.serve(waiting));
        queue
    }

    /// Runs the task; resolves once its effects are on stable storage.
    pub(super) async fn submit<T: Task>(&self, task: T) -> Result<T::Output, JournalError> {
        let (asked, answer) = Asked::new(task);
        self.jobs.send(Message::Job(T::job(asked))).await.map_err(|_| JournalError::Closed)?;
        answer.await.map_err(|_| JournalError::Closed)?
    }

    pub(super) fn healthy(&self) -> Result<(), JournalError> {
        if self.jobs.is_closed() {
            return Err(JournalError::Closed);
        }
        self.health.get().map_or(Ok(()), Err)
    }

    pub(super) fn work(&self) -> Arc<Notify> {
        Arc::clone(&self.work)
    }

    pub(super) fn desk(&self) -> Desk {
        self.desk.clone()
    }

    /// Commits what is waiting, then ends the writer.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.jobs.send(Message::Close(done)).await.is_ok() {
            let _closed = closed.await;
        }
        self.desk.close();
    }
}

struct Writer {
    store: Store,
    db: Option<SqliteConnection>,
    health: Health,
    work: Arc<Notify>,
    desk: Desk,
    /// When the next commit may begin.
    next: Instant,
}

/// Jobs that wait for the next commit.
#[derive(Default)]
struct Batch {
    jobs: Vec<Job>,
    /// Whether one of them cannot wait for others.
    is_urgent: bool,
    closers: Vec<oneshot::Sender<()>>,
}

impl Batch {
    fn add(&mut self, message: Message) {
        match message {
            Message::Job(job) => {
                self.is_urgent |= !job.can_wait();
                self.jobs.push(job);
            }
            Message::Close(done) => {
                self.is_urgent = true;
                self.closers.push(done);
            }
        }
    }

    fn is_full(&self) -> bool {
        self.jobs.len() >= MOST || (!self.is_urgent && self.jobs.len() >= ENOUGH)
    }
}

impl Writer {
    async fn serve(mut self, mut waiting: mpsc::Receiver<Message>) {
        let mut closers = Vec::new();
        loop {
            let first = tokio::select! {
                message = waiting.recv() => message,
                () = tokio::time::sleep(PROBE_EVERY), if self.health.get().is_some() => {
                    self.probe().await;
                    continue;
                }
            };
            let Some(first) = first else { break };
            let batch = self.gather(first, &mut waiting).await;
            if !batch.closers.is_empty() {
                closers.extend(batch.closers);
                waiting.close();
            }
            self.next = Instant::now() + PACE;
            self.commit(batch.jobs).await;
        }
        if let Some(db) = self.db.take()
            && let Err(error) = sqlx::Connection::close(db).await
        {
            tracing::warn!(%error, "the outbox did not close cleanly; nothing is lost by it");
        }
        for done in closers {
            let _gone = done.send(());
        }
    }

    /// The first job and whatever else comes until the commit may begin.
    async fn gather(&self, first: Message, waiting: &mut mpsc::Receiver<Message>) -> Batch {
        let patience = Instant::now() + PATIENCE;
        let mut batch = Batch::default();
        batch.add(first);
        loop {
            while !batch.is_full()
                && let Ok(message) = waiting.try_recv()
            {
                batch.add(message);
            }
            let until = if batch.is_urgent { self.next } else { patience.max(self.next) };
            if batch.is_full() || !batch.closers.is_empty() || until <= Instant::now() {
                return batch;
            }
            if batch.is_urgent {
                // Nothing that comes meanwhile changes when the commit begins.
                tokio::time::sleep_until(until).await;
            } else if let Ok(message) = tokio::time::timeout_at(until, waiting.recv()).await {
                match message {
                    Some(message) => batch.add(message),
                    None => return batch,
                }
            }
        }
    }

    /// All jobs in one transaction; where that fails, each in one of its own,
    /// so that a job that cannot succeed costs nobody else his.
    async fn commit(&mut self, mut batch: Vec<Job>) {
        if batch.is_empty() {
            return;
        }
        let ailing = self.health.get().is_some();
        let together = self.transaction(&mut batch).await;
        let several = batch.len() > 1;
        let mut locked = match &together {
            Err(JournalError::Busy) => true,
            Ok(()) | Err(_) => false,
        };
        let mut wakes = false;
        for mut job in batch {
            let committed = match &together {
                Err(_) if several && !locked => {
                    self.transaction(std::slice::from_mut(&mut job)).await
                }
                Err(_) if locked => Err(JournalError::Busy),
                settled => settled.clone(),
            };
            // Waiting for the lock once more for each job would take minutes.
            locked = locked || committed == Err(JournalError::Busy);
            wakes = wakes || (committed.is_ok() && job.wakes());
            let is_safe = committed.is_ok();
            if let Some(filing) = job.answer(committed)
                && is_safe
            {
                self.desk.hand_over(filing);
            }
        }
        if ailing && together.is_ok() {
            // It may have had nothing to write: only a probe says that all is well.
            self.probe().await;
        }
        if wakes {
            self.work.notify_one();
        }
    }

    async fn transaction(&mut self, jobs: &mut [Job]) -> Result<(), JournalError> {
        let done = self.attempt(jobs).await;
        if let Err(error) = &done {
            self.roll_back(error).await;
            if error.is_of_storage() {
                // Said once; who asked says what it means for him.
                if self.health.get().is_none() {
                    tracing::error!(%error, "the outbox takes no commits");
                }
                self.health.set(Some(error.clone()));
            }
        }
        done
    }

    async fn attempt(&mut self, jobs: &mut [Job]) -> Result<(), JournalError> {
        let offer = self.desk.offer();
        let db = match &mut self.db {
            Some(db) => db,
            lost => lost.insert(self.store.writer().await?),
        };
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *db).await?;
        batch::run(db, jobs, offer.as_ref()).await?;
        sqlx::query("COMMIT").execute(&mut *db).await?;
        Ok(())
    }

    /// Ends a failed transaction; SQLite may have done so itself (disk full). A
    /// connection that is in doubt is given up and opened anew.
    async fn roll_back(&mut self, error: &JournalError) {
        let Some(db) = &mut self.db else { return };
        let rolled_back = sqlx::query("ROLLBACK").execute(&mut *db).await;
        let is_stuck =
            rolled_back.is_err_and(|error| !error.to_string().contains("no transaction is active"));
        if is_stuck || matches!(error, JournalError::ReadOnly { .. } | JournalError::Disk { .. }) {
            self.db = None;
        }
    }

    /// A commit that nobody asked for: without calls there would be no other,
    /// and without a good commit there would be no calls.
    async fn probe(&mut self) {
        let (asked, _unheard) = Asked::new(Probe);
        if self.transaction(&mut [Probe::job(asked)]).await.is_ok() {
            tracing::info!("the outbox takes commits again");
            self.health.set(None);
        }
    }
}

/// A commit that is worth something only because it succeeds.
pub(super) struct Probe;

impl Task for Probe {
    type Output = ();

    async fn run(&self, db: &mut SqliteConnection) -> Result<(), JournalError> {
        sqlx::query("INSERT OR REPLACE INTO probe (id, at, body) VALUES (1, ?, zeroblob(?))")
            .bind(Timestamp::from(SystemTime::now()).as_millis())
            .bind(PROBE_SIZE)
            .execute(db)
            .await?;
        Ok(())
    }
}
