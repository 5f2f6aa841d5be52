//! Disks that are full or read-only, damaged files, jobs that fail.

use sqlx::SqliteConnection;

use super::job::Task;
use super::*;

/// Statements straight to the writer's connection.
pub(super) struct Sql(pub(super) &'static str);

impl Task for Sql {
    type Output = ();

    async fn run(&self, db: &mut SqliteConnection) -> Result<(), JournalError> {
        sqlx::query(self.0).execute(db).await?;
        Ok(())
    }
}

fn large(id: &str) -> CallRecord {
    let mut record = record(id, Ear::Call, MESSAGE, id, 0);
    record.call_id = "x".repeat(200_000);
    record
}

#[tokio::test]
async fn a_full_disk_says_so_and_what_was_there_stays() {
    let (journal, _dir) = journal().await;
    journal.end(record("1", Ear::Call, MESSAGE, "a", 0)).await.unwrap();
    // SQLite's own limit fails as a full disk does: SQLITE_FULL.
    journal.queue.submit(Sql("PRAGMA max_page_count = 1")).await.unwrap();
    let error = journal.end(large("2")).await.unwrap_err();
    assert!(matches!(error, JournalError::Full { .. }), "{error:?}");
    assert!(error.to_string().contains("full") && error.to_string().contains("free some space"));
    assert_eq!(journal.healthy(), Err(error));
    // What needs no more room still works, and what was there still is.
    assert_eq!(claimed(&journal, at(1)).await.len(), 1);
    assert!(journal.healthy().is_err(), "a commit that fits in the last page heals nothing");
    assert!(matches!(journal.probe().await, Err(JournalError::Full { .. })));
    journal.queue.submit(Sql("PRAGMA max_page_count = 1000000")).await.unwrap();
    until_healthy(&journal).await;
    assert_eq!(journal.end(large("2")).await, Ok(told(1)));
}

#[tokio::test]
async fn a_disk_that_can_only_be_read_says_so() {
    let (journal, _dir) = journal().await;
    journal.queue.submit(Sql("PRAGMA query_only = ON")).await.unwrap();
    let error = journal.end(record("1", Ear::Call, MESSAGE, "a", 0)).await.unwrap_err();
    assert!(matches!(error, JournalError::ReadOnly { .. }), "{error:?}");
    assert!(error.to_string().contains("write access"), "{error}");
    assert_eq!(journal.healthy(), Err(error));
    // The writer takes a fresh connection and tries by itself.
    until_healthy(&journal).await;
    assert_eq!(journal.end(record("1", Ear::Call, MESSAGE, "a", 0)).await, Ok(told(1)));
}

async fn until_healthy(journal: &Journal) {
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while journal.healthy().is_err() {
        assert!(std::time::Instant::now() < until, "still not healthy");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn without_a_single_call_the_writer_finds_out_that_it_works_again() {
    let (journal, dir) = journal().await;
    journal.queue.submit(Sql("PRAGMA busy_timeout = 1")).await.unwrap();
    let mut other = store::Store::at(dir.path()).writer().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let error = journal.end(record("1", Ear::Call, MESSAGE, "a", 0)).await.unwrap_err();
    assert_eq!((error, journal.healthy()), (JournalError::Busy, Err(JournalError::Busy)));
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    until_healthy(&journal).await;
    assert_eq!(journal.end(record("1", Ear::Call, MESSAGE, "a", 0)).await, Ok(told(1)));
}

#[tokio::test]
async fn a_job_that_fails_costs_nobody_else_his() {
    let (journal, _dir) = journal().await;
    let good = |id: &'static str| journal.end(record(id, Ear::Call, MESSAGE, id, 0));
    // Joined, they are in the queue together and so in one transaction.
    let (one, bad, two) = tokio::join!(
        good("1"),
        journal.queue.submit(Sql("INSERT INTO ledger (id) VALUES (NULL)")),
        good("2"),
    );
    assert_eq!((one, two), (Ok(told(1)), Ok(told(1))));
    assert!(matches!(bad, Err(JournalError::Failed { .. })), "{bad:?}");
    assert_eq!(claimed(&journal, at(1)).await.len(), 2);
}

#[tokio::test]
async fn a_claim_that_nobody_waits_for_leases_nothing() {
    let (journal, _dir) = journal().await;
    let end = journal.end(record("1", Ear::Call, MESSAGE, "a", 0));
    // Asked for and given up while the writer has not come to it yet.
    let (filed, ()) = tokio::join!(end, async {
        let given_up = journal.claim(at(0), 10);
        let mut given_up = std::pin::pin!(given_up);
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        assert!(given_up.as_mut().poll(&mut context).is_pending());
    });
    assert_eq!(filed, Ok(told(1)));
    assert_eq!(claimed(&journal, at(0)).await.len(), 1);
}

#[tokio::test]
async fn files_that_are_no_outbox_are_not_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let missing = Journal::open_existing(dir.path()).await.err().unwrap();
    assert!(missing.to_string().contains("has the server run"), "{missing}");
    assert!(!dir.path().join("outbox.db").exists(), "looking creates nothing");
    std::fs::write(dir.path().join("outbox.db"), "no database at all, but a long text".repeat(99))
        .unwrap();
    let damaged = Journal::open(JournalSettings::new(dir.path())).await.err().unwrap();
    assert!(matches!(damaged, JournalError::Damaged { .. }), "{damaged:?}");
}

#[tokio::test]
async fn what_a_cut_off_start_left_is_made_anew() {
    let (journal, dir) = journal().await;
    journal.end(record("1", Ear::Call, MESSAGE, "a", 0)).await.unwrap();
    // The log of calls that were never brought into a database that is gone.
    for name in ["outbox.db-wal", "outbox.db-shm"] {
        std::fs::copy(dir.path().join(name), dir.path().join(format!("{name}.kept"))).unwrap();
    }
    journal.close().await;
    for name in ["outbox.db-wal", "outbox.db-shm"] {
        std::fs::rename(dir.path().join(format!("{name}.kept")), dir.path().join(name)).unwrap();
    }
    std::fs::remove_file(dir.path().join("outbox.db")).unwrap();
    std::fs::write(dir.path().join("outbox.db.new"), "SQLite format 3, half of it").unwrap();
    let journal = open(dir.path()).await;
    assert_eq!(journal.end(record("2", Ear::Call, MESSAGE, "b", 0)).await, Ok(told(1)));
    let rows = journal.ledger(LedgerQuery::default()).await.unwrap();
    assert_eq!(rows.len(), 1, "a new database has nothing of another's log");
    assert!(!dir.path().join("outbox.db.new").exists());
}

#[tokio::test]
async fn an_outbox_of_a_newer_ringpost_is_left_alone() {
    let (journal, dir) = journal().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, installed_on, success, \
                 checksum, execution_time) VALUES (99, 'later', 0, TRUE, x'00', 0)";
    journal.queue.submit(Sql(newer)).await.unwrap();
    journal.close().await;
    let error = Journal::open(JournalSettings::new(dir.path())).await.err();
    assert_eq!(error, Some(JournalError::Newer));
}

#[tokio::test]
async fn the_outbox_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let outer = tempfile::tempdir().unwrap();
    let dir = outer.path().join("state");
    let journal = open(&dir).await;
    journal.begin(&open_call("1")).await.unwrap();
    for name in ["outbox.db", "outbox.db-wal"] {
        let mode = std::fs::metadata(dir.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}
