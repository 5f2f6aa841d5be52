//! What is on disk when the process is killed: the files are copied at that
//! point, as kill -9 would leave them, and a second journal opens the copy.

use super::*;

/// The database and its write-ahead log as they are now; the index of the log
/// (`-shm`) is memory of the processes that had it open.
pub(super) fn killed(dir: &TempDir) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in ["outbox.db", "outbox.db-wal"] {
        std::fs::copy(dir.path().join(file), copy.path().join(file)).unwrap();
    }
    copy
}

#[tokio::test]
async fn an_answered_call_is_found_open() {
    let (journal, dir) = journal().await;
    journal.begin(&open_call("1")).await.unwrap();
    journal.begin(&open_call("2")).await.unwrap();
    journal.end(record("2", Ear::Call, GREETING, "b", 3)).await.unwrap();
    let copy = killed(&dir);
    let after = open(copy.path()).await;
    assert_eq!(after.open_calls().await.unwrap(), [open_call("1")]);
    // Its end after the restart closes it, with what was held for it.
    after.report(record("r", Ear::Info, MISSED, "x", 4), Some("1")).await.unwrap();
    assert_eq!(after.end(record("1", Ear::Call, MESSAGE, "a", 5)).await, Ok(told(1)));
    assert_eq!(after.open_calls().await.unwrap(), []);
    assert_eq!(outcome(&after, "r").await, Outcome::Silent(Why::SameCall));
}

#[tokio::test]
async fn a_beginning_that_comes_after_the_end_opens_nothing() {
    let (journal, _dir) = journal().await;
    journal.end(record("1", Ear::Call, GREETING, "a", 3)).await.unwrap();
    journal.begin(&open_call("1")).await.unwrap();
    assert_eq!(journal.open_calls().await.unwrap(), []);
}

#[tokio::test]
async fn whatever_was_answered_is_there_after_a_kill_at_any_point() {
    let (journal, dir) = journal().await;
    let mut copies = Vec::new();
    journal.end(record("1", Ear::Call, MESSAGE, "a", 0)).await.unwrap();
    copies.push((killed(&dir), 1, 0));
    journal.report(record("2", Ear::Info, MISSED, "b", 0), None).await.unwrap();
    copies.push((killed(&dir), 2, 0));
    journal.report(record("3", Ear::Info, MISSED, "c", 0), Some("live")).await.unwrap();
    copies.push((killed(&dir), 2, 1));
    let claims = journal.claim(at(0), 10).await.unwrap();
    assert_eq!(claims.len(), 2);
    // Between the mail server's 250 and our commit: due once more.
    copies.push((killed(&dir), 2, 1));
    journal.settle(&claims[0], &delivered(), at(1)).await.unwrap();
    copies.push((killed(&dir), 1, 1));
    journal.settle(&claims[1], &try_again("451"), at(1)).await.unwrap();
    copies.push((killed(&dir), 1, 1));
    for (number, (copy, queued, held)) in copies.iter().enumerate() {
        let after = open(copy.path()).await;
        let counts = after.counts().await.unwrap();
        assert_eq!((counts.queued, counts.held), (*queued, *held), "copy {number}");
        // Leases died with their holder.
        assert_eq!(claimed(&after, at(60)).await.len() as u64, *queued, "copy {number}");
        // A repeat by the front end is known across the restart.
        if number > 0 {
            let repeat = record("9", Ear::Info, MISSED, "b", 1);
            assert_eq!(after.report(repeat, None).await, Ok(same_call("2")));
        }
    }
}

#[tokio::test]
async fn a_torn_end_of_the_log_costs_nothing_that_was_answered() {
    let (journal, dir) = journal().await;
    journal.end(record("1", Ear::Call, MESSAGE, "a", 0)).await.unwrap();
    let whole = std::fs::metadata(dir.path().join("outbox.db-wal")).unwrap().len();
    journal.end(record("2", Ear::Call, MESSAGE, "b", 0)).await.unwrap();
    // The power went while the second commit was being written.
    for cut in [0, 1, 100, 5000] {
        let copy = killed(&dir);
        let log = copy.path().join("outbox.db-wal");
        std::fs::OpenOptions::new().write(true).open(log).unwrap().set_len(whole + cut).unwrap();
        let after = open(copy.path()).await;
        assert_eq!(claimed(&after, at(1)).await, [("1".into(), "alice@example.com".into())]);
    }
}

#[tokio::test]
async fn closing_commits_what_waits_and_a_closed_journal_says_so() {
    let (journal, dir) = journal().await;
    let clone = journal.clone();
    let ends: Vec<_> = (0..50)
        .map(|number| {
            let (journal, id) = (journal.clone(), format!("{number}"));
            tokio::spawn(async move { journal.end(record(&id, Ear::Call, MESSAGE, &id, 0)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    journal.close().await;
    let mut filed = 0;
    for end in ends {
        match end.await.unwrap() {
            Ok(_) => filed += 1,
            Err(error) => assert_eq!(error, JournalError::Closed),
        }
    }
    assert_eq!(clone.begin(&open_call("1")).await, Err(JournalError::Closed));
    let rows = open(dir.path()).await.ledger(LedgerQuery::default()).await.unwrap().len();
    assert!(rows >= filed, "{filed} were answered, {rows} are there");
}
