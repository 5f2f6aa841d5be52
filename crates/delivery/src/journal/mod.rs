//! The journal and outbox: `outbox.db` in the state folder, SQLite in
//! write-ahead mode with `synchronous = FULL`.
//!
//! Everything that changes it goes through one writer (`writer`), which commits
//! many jobs at once; reading has connections of its own. A call is an open-call
//! row from its answer to its end (`calls`); its end makes a ledger row, what it
//! may be recognised by (`hearsay`), and outbox rows (`filing`, `same_call`);
//! mails are claimed and settled (`outbox`, `settling`); voice mails are counted
//! and heard (`waiting`); what is old goes (`sweep`).

mod batch;
mod calls;
mod desk;
mod entry;
mod error;
mod filing;
mod fresh;
mod hearsay;
mod job;
mod ledger;
mod outbox;
mod same_call;
mod settings;
mod settling;
mod store;
mod sweep;
#[cfg(test)]
mod tests;
mod value;
mod waiting;
mod writer;

use std::path::Path;
use std::sync::Arc;

use ringpost_model::{CallRecord, CallerIdentity, Timestamp, Verdict};
use sqlx::SqlitePool;
use tokio::runtime::Handle;
use tokio::sync::Notify;

pub use desk::Claims;
pub use error::JournalError;
pub use ledger::{LedgerDetail, LedgerQuery, LedgerRow, MailRow, MailState};
pub use settings::JournalSettings;
pub use value::{Claim, ClaimKind, Counts, Filed, OpenCall, Settled, Swept};
pub use waiting::{Heard, Seen, Waiting, WaitingMark};

use self::calls::{Begin, Filing, ReleaseHeld, Report};
use self::entry::Entry;
use self::filing::Limits;
use self::outbox::{Claiming, KeepIdentity, Retrying};
use self::settling::{Delivered, Settling};
use self::store::Store;
use self::sweep::Sweeping;
use self::waiting::Seeing;
use self::writer::{Probe, Queue};
use crate::stored::{self, StoredIdentity, StoredOpenCall};

/// The journal and outbox. Clones are the same journal.
#[derive(Clone)]
pub struct Journal {
    queue: Queue,
    readers: SqlitePool,
    settings: Arc<JournalSettings>,
}

impl Journal {
    /// Opens the outbox of a server, creating and updating it as needed, and
    /// frees every lease: whoever held one is gone. One server at a time may
    /// have it open. Needs a tokio runtime, here and as long as it is open.
    pub async fn open(settings: JournalSettings) -> Result<Self, JournalError> {
        let store = Store::at(&settings.dir);
        let mut db = store.create().await?;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut db).await?;
        sqlx::query("UPDATE outbox SET leased_until = NULL WHERE leased_until IS NOT NULL")
            .execute(&mut db)
            .await?;
        sweep::offer_again(&mut db).await?;
        sqlx::query("COMMIT").execute(&mut db).await?;
        Ok(Self::with(store, db, settings))
    }

    /// Opens the outbox beside a server that may be running, for looking at it
    /// for [`retry`](Self::retry) and for [`seen`](Self::seen). Leases stay as
    /// they are.
    pub async fn open_existing(dir: &Path) -> Result<Self, JournalError> {
        let store = Store::at(dir);
        let db = store.existing().await?;
        Ok(Self::with(store, db, JournalSettings::new(dir)))
    }

    fn with(store: Store, db: sqlx::SqliteConnection, settings: JournalSettings) -> Self {
        let readers = store.readers();
        let runtime = settings.writer.clone().unwrap_or_else(Handle::current);
        Self { queue: Queue::start(store, db, &runtime), readers, settings: Arc::new(settings) }
    }

    fn limits(&self) -> Limits {
        Limits { notifications_per_hour: self.settings.notifications_per_hour }
    }

    /// Notes that a call was answered; resolves once that is on stable storage.
    pub async fn begin(&self, call: &OpenCall) -> Result<(), JournalError> {
        let body = stored::write(&StoredOpenCall::from(call))?;
        self.queue.submit(Begin { id: call.id.clone(), body }).await
    }

    /// The calls that were answered and have not ended: at the start of the
    /// server, those that a crash cut off.
    pub async fn open_calls(&self) -> Result<Vec<OpenCall>, JournalError> {
        calls::open_calls(&self.readers).await
    }

    /// Files the end of a call: one ledger row, and one mail for each address of
    /// the subscriber unless the outcome is silent or another record tells of
    /// the same call. A voice mail is never dropped; it takes an unsent
    /// notification of the same call with it. Reports held for this call are
    /// settled with it. Resolves once all of that is on stable storage; the same
    /// id again changes nothing.
    pub async fn end(&self, record: CallRecord) -> Result<Filed, JournalError> {
        self.queue.submit(Filing::new(Entry::new(record)?, self.limits(), true)).await
    }

    /// Files a report of a call. `live` is the id of the call that it is about,
    /// where that has not ended: the report then waits for its end. Resolves
    /// once it is on stable storage.
    pub async fn report(
        &self,
        record: CallRecord,
        live: Option<&str>,
    ) -> Result<Filed, JournalError> {
        let (entry, limits) = (Entry::new(record)?, self.limits());
        match live.map(str::to_owned) {
            Some(live) => self.queue.submit(Report { entry, live, limits }).await,
            None => self.queue.submit(Filing::new(entry, limits, false)).await,
        }
    }

    /// At the start of the server, after the open calls were ended: what is
    /// still held, for calls that left no trace, is filed by its own outcome.
    /// Returns how many reports that were.
    pub async fn release_held(&self) -> Result<u64, JournalError> {
        // A server starts on a full disk too, where there is nothing to write.
        match self.counts().await?.held {
            0 => Ok(0),
            _ => self.queue.submit(ReleaseHeld { limits: self.limits() }).await,
        }
    }

    /// Leases at most `at_most` mails that are due, oldest first.
    pub(crate) async fn claim(
        &self,
        now: Timestamp,
        at_most: usize,
    ) -> Result<Vec<Claim>, JournalError> {
        let (lease, postmaster) = (self.settings.lease, self.settings.postmaster.clone());
        self.queue.submit(Claiming { now, at_most, lease, postmaster }).await
    }

    /// Keeps who rang, so that later mails of the record show the same.
    pub async fn keep_identity(
        &self,
        record_id: &str,
        identity: &CallerIdentity,
    ) -> Result<(), JournalError> {
        let body = stored::write(&StoredIdentity::from(identity))?;
        self.queue.submit(KeepIdentity { record: record_id.to_owned(), body }).await
    }

    /// Notes what became of a claimed mail: done, tried again by the schedule,
    /// or returned to the postmaster (a return itself is never returned).
    pub async fn settle(
        &self,
        claim: &Claim,
        verdict: &Verdict,
        now: Timestamp,
    ) -> Result<Settled, JournalError> {
        let mail = claim.id;
        let (reason, refused) = match verdict {
            Verdict::Delivered { reply } => {
                return self.queue.submit(Delivered { mail, reply: reply.clone(), now }).await;
            }
            Verdict::TryAgain { reason } => (reason.clone(), false),
            Verdict::Refused { reason } => (reason.clone(), true),
        };
        let (attempts, retry) = (claim.attempts, self.settings.retry.clone());
        let jitter = rand::random();
        let settling = Settling { mail, attempts, reason, refused, now, retry, jitter };
        self.queue.submit(settling).await
    }

    /// When a mail is due next, or a lease runs out.
    pub(crate) async fn next_due(&self) -> Result<Option<Timestamp>, JournalError> {
        ledger::next_due(&self.readers).await
    }

    /// Notified (one permit) after each commit by which mails became due. What
    /// another process makes due is not seen here.
    pub(crate) fn work(&self) -> Arc<Notify> {
        self.queue.work()
    }

    /// Rows of the ledger, newest first.
    pub async fn ledger(&self, query: LedgerQuery) -> Result<Vec<LedgerRow>, JournalError> {
        ledger::rows(&self.readers, query).await
    }

    /// Everything about one record.
    pub async fn show(&self, id: &str) -> Result<Option<LedgerDetail>, JournalError> {
        ledger::detail(&self.readers, id).await
    }

    /// Makes the queued, returned and dead mails of a record due now, with a
    /// fresh four days. Returns how many; what is being sent is left alone.
    pub async fn retry(&self, id: &str, now: Timestamp) -> Result<u64, JournalError> {
        self.queue.submit(Retrying { record: id.to_owned(), now }).await
    }

    /// The voice mails of a subscriber that are in the ledger, named without
    /// regard to case; of somebody unknown there are none.
    pub async fn waiting(&self, subscriber: &str) -> Result<Waiting, JournalError> {
        waiting::count(&self.readers, &subscriber.to_lowercase()).await
    }

    /// Notes that voice mails were heard; resolves once that is on stable
    /// storage. `None`: there is no voice mail of that id. What was heard
    /// before stays as it is.
    pub async fn seen(&self, heard: Heard, now: Timestamp) -> Result<Option<Seen>, JournalError> {
        self.queue.submit(Seeing { heard, now }).await
    }

    /// Subscribers (in lower case) whose counts may have changed since the mark,
    /// by whatever process, and the mark to ask with the next time. The default
    /// mark is the beginning of the ledger. What a sweep took away is not told.
    pub async fn waiting_changes(
        &self,
        since: WaitingMark,
    ) -> Result<(WaitingMark, Vec<String>), JournalError> {
        waiting::changes(&self.readers, since).await
    }

    /// Lets go what is old. The recordings returned are the caller's to delete;
    /// those of the last sweep before a stop are returned again after it.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, JournalError> {
        let mut all = Swept::default();
        loop {
            let keep_ledger = self.settings.keep_ledger;
            let portion = self.queue.submit(Sweeping { now, keep_ledger }).await?;
            all.identifiers += portion.swept.identifiers;
            all.rows += portion.swept.rows;
            all.recordings.extend(portion.swept.recordings);
            if !portion.more {
                return Ok(all);
            }
        }
    }

    /// Names of the recordings that a mail still needs, or that are kept for a
    /// day. Recordings of open calls are not among them.
    pub async fn referenced_recordings(&self) -> Result<Vec<String>, JournalError> {
        ledger::recordings(&self.readers).await
    }

    /// Whether the last commit succeeded; else why not. While it fails, the
    /// writer tries by itself every two seconds.
    pub fn healthy(&self) -> Result<(), JournalError> {
        self.queue.healthy()
    }

    /// Writes something of no meaning, to find out whether a commit would work.
    pub async fn probe(&self) -> Result<(), JournalError> {
        self.queue.submit(Probe).await
    }

    /// How full the outbox is.
    pub async fn counts(&self) -> Result<Counts, JournalError> {
        ledger::counts(&self.readers).await
    }

    /// Commits what is waiting and closes the files, for all clones.
    pub async fn close(self) {
        // The last connection to close puts the log into the database; one that
        // only reads could not.
        self.readers.close().await;
        self.queue.close().await;
    }
}
