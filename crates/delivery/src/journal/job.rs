//! Jobs on their way through the writer: what is to be done, what came out of
//! it, and who waits for the answer.

use std::future::Future;
use std::pin::Pin;

use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use super::JournalError;
use super::calls::{Begin, Filing};
use super::settling::Delivered;

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

    /// How the writer has it.
    fn job(asked: Asked<Self>) -> Job
    where
        Self: Sized,
    {
        Job::Other(Box::new(asked))
    }
}

/// A job of the writer. The kinds that come with every call have a place of
/// their own, so that many of them can be done by one statement.
pub(super) enum Job {
    /// A call was answered.
    Begin(Asked<Begin>),
    /// A call ended, or was reported.
    File(Box<Asked<Filing>>),
    /// A mail was handed over.
    Delivered(Asked<Delivered>),
    /// Any other, done by itself.
    Other(Box<dyn Alone>),
}

/// A task, its output so far, and who waits for it.
pub(super) struct Asked<T: Task> {
    pub(super) task: T,
    pub(super) output: Option<T::Output>,
    reply: oneshot::Sender<Result<T::Output, JournalError>>,
}

impl<T: Task> Asked<T> {
    /// The job, and where its answer comes.
    pub(super) fn new(task: T) -> (Self, oneshot::Receiver<Result<T::Output, JournalError>>) {
        let (reply, answer) = oneshot::channel();
        (Self { task, output: None, reply }, answer)
    }

    pub(super) async fn run(&mut self, db: &mut SqliteConnection) -> Result<(), JournalError> {
        self.output = None;
        if !(T::ONLY_IF_AWAITED && self.reply.is_closed()) {
            self.output = Some(self.task.run(db).await?);
        }
        Ok(())
    }

    fn wakes(&self) -> bool {
        self.output.as_ref().is_some_and(|output| self.task.wakes(output))
    }

    /// The task again, once whoever asked has his answer.
    pub(super) fn answer(self, committed: Result<(), JournalError>) -> T {
        let Self { task, output, reply } = self;
        let answer = committed.and_then(|()| output.ok_or(JournalError::Closed));
        // Whoever asked may have gone away; what is committed stays so.
        let _gone = reply.send(answer);
        task
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<(), JournalError>> + Send + 'a>>;

/// A job of any kind.
pub(super) trait Alone: Send {
    fn run<'a>(&'a mut self, db: &'a mut SqliteConnection) -> Running<'a>;
    fn wakes(&self) -> bool;
    fn answer(self: Box<Self>, committed: Result<(), JournalError>);
}

impl<T: Task> Alone for Asked<T> {
    fn run<'a>(&'a mut self, db: &'a mut SqliteConnection) -> Running<'a> {
        Box::pin(Asked::run(self, db))
    }

    fn wakes(&self) -> bool {
        Asked::wakes(self)
    }

    fn answer(self: Box<Self>, committed: Result<(), JournalError>) {
        let _task = Asked::answer(*self, committed);
    }
}

impl Job {
    /// Whether a commit a moment later is as good: nobody but a mail's place in
    /// hand waits for it, or it has a tenth of a second (an open call).
    pub(super) fn can_wait(&self) -> bool {
        match self {
            Self::Begin(_) | Self::Delivered(_) => true,
            Self::File(_) | Self::Other(_) => false,
        }
    }

    /// Whether mails became due by it.
    pub(super) fn wakes(&self) -> bool {
        match self {
            Self::Begin(job) => job.wakes(),
            Self::File(job) => job.wakes(),
            Self::Delivered(job) => job.wakes(),
            Self::Other(job) => job.wakes(),
        }
    }

    /// Tells whoever asked. A call's end comes back: its mails may be leased.
    pub(super) fn answer(self, committed: Result<(), JournalError>) -> Option<Filing> {
        match self {
            Self::Begin(job) => drop(job.answer(committed)),
            Self::File(job) => return Some(Asked::answer(*job, committed)),
            Self::Delivered(job) => drop(job.answer(committed)),
            Self::Other(job) => job.answer(committed),
        }
        None
    }
}
