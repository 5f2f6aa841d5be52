//! The one writer: it takes every job that is waiting, runs them in one
//! transaction, and answers each caller only after the COMMIT has returned.
//!
//! With `synchronous = FULL` a COMMIT costs one sync of the write-ahead log,
//! so that many calls that end together share it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use ringpost_model::Timestamp;
use sqlx::SqliteConnection;
use tokio::sync::{Notify, mpsc, oneshot};

use super::JournalError;
use super::store::Store;

/// Most jobs in one transaction: bounds how long the first of them waits.
const MOST: usize = 512;

/// How often a writer whose last commit failed finds out whether it works again.
const PROBE_EVERY: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 2000 });

/// What a probe writes, in octets: as much as the end of a few calls.
const PROBE_SIZE: i64 = 64 * 1024;

/// Something to be done inside a transaction. It may be run more than once,
/// each time in a fresh transaction; only the last run counts.
pub(super) trait Task: Send + Sync + 'static {
    /// What the caller gets.
    type Output: Send + 'static;

    /// Not run when nobody waits for the answer any more.
    const ONLY_IF_AWAITED: bool = false;

    /// The work.
    fn run(
        &self,
        db: &mut SqliteConnection,
    ) -> impl Future<Output = Result<Self::Output, JournalError>> + Send;

    /// Whether mails became due by it.
    fn wakes(&self, _output: &Self::Output) -> bool {
        false
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<(), JournalError>> + Send + 'a>>;

trait Job: Send {
    fn run<'a>(&'a mut self, db: &'a mut SqliteConnection) -> Running<'a>;
    fn wakes(&self) -> bool;
    fn answer(self: Box<Self>, committed: Result<(), JournalError>);
}

struct Waiting<T: Task> {
    task: T,
    output: Option<T::Output>,
    reply: oneshot::Sender<Result<T::Output, JournalError>>,
}

impl<T: Task> Job for Waiting<T> {
    fn run<'a>(&'a mut self, db: &'a mut SqliteConnection) -> Running<'a> {
        self.output = None;
        Box::pin(async move {
            if !(T::ONLY_IF_AWAITED && self.reply.is_closed()) {
                self.output = Some(self.task.run(db).await?);
            }
            Ok(())
        })
    }

    fn wakes(&self) -> bool {
        self.output.as_ref().is_some_and(|output| self.task.wakes(output))
    }

    fn answer(self: Box<Self>, committed: Result<(), JournalError>) {
        let Self { output, reply, .. } = *self;
        let answer = committed.and_then(|()| output.ok_or(JournalError::Closed));
        // Whoever asked may have gone away; what is committed stays so.
        let _gone = reply.send(answer);
    }
}

/// The way to the writer.
#[derive(Clone)]
pub(super) struct Queue {
    jobs: mpsc::Sender<Message>,
    health: Health,
    work: Arc<Notify>,
}

enum Message {
    Job(Box<dyn Job>),
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
    pub(super) fn start(store: Store, db: SqliteConnection) -> Self {
        let (jobs, waiting) = mpsc::channel(1024);
        let queue = Self { jobs, health: Health::default(), work: Arc::default() };
        let writer = Writer {
            store,
            db: Some(db),
            health: queue.health.clone(),
            work: Arc::clone(&queue.work),
        };
        tokio::spawn(writer.serve(waiting));
        queue
    }

    /// Runs the task; resolves once its effects are on stable storage.
    pub(super) async fn submit<T: Task>(&self, task: T) -> Result<T::Output, JournalError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Waiting { task, output: None, reply });
        self.jobs.send(Message::Job(job)).await.map_err(|_| JournalError::Closed)?;
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

    /// Commits what is waiting, then ends the writer.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.jobs.send(Message::Close(done)).await.is_ok() {
            let _closed = closed.await;
        }
    }
}

struct Writer {
    store: Store,
    db: Option<SqliteConnection>,
    health: Health,
    work: Arc<Notify>,
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
            let mut batch = Vec::new();
            let mut next = Some(first);
            while let Some(message) = next {
                match message {
                    Message::Job(job) => batch.push(job),
                    Message::Close(done) => {
                        closers.push(done);
                        waiting.close();
                    }
                }
                next = if batch.len() < MOST { waiting.try_recv().ok() } else { None };
            }
            self.commit(batch).await;
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

    /// All jobs in one transaction; where that fails, each in one of its own,
    /// so that a job that cannot succeed costs nobody else his.
    async fn commit(&mut self, mut batch: Vec<Box<dyn Job>>) {
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
            job.answer(committed);
        }
        if ailing && together.is_ok() {
            // It may have had nothing to write: only a probe says that all is well.
            self.probe().await;
        }
        if wakes {
            self.work.notify_one();
        }
    }

    async fn transaction(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), JournalError> {
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

    async fn attempt(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), JournalError> {
        let db = match &mut self.db {
            Some(db) => db,
            lost => lost.insert(self.store.writer().await?),
        };
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *db).await?;
        for job in jobs {
            job.run(db).await?;
        }
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
        let (reply, _unheard) = oneshot::channel();
        let job = Box::new(Waiting { task: Probe, output: None, reply });
        if self.transaction(&mut [job]).await.is_ok() {
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
