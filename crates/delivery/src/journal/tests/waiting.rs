//! Which voice mails are new and which were heard, and who is told of it.

use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Row};

use super::*;

const fn counts(new: u64, old: u64) -> Waiting {
    Waiting { new, old }
}

fn seen(subscriber: &str, changed: u64, waiting: Waiting) -> Option<Seen> {
    Some(Seen { subscriber: subscriber.into(), changed, waiting })
}

fn one(id: &str) -> Heard {
    Heard::One(id.into())
}

async fn heard_at(journal: &Journal, id: &str) -> Option<Timestamp> {
    journal.show(id).await.unwrap().unwrap().seen_at
}

#[tokio::test]
async fn a_voice_mail_is_new_until_it_is_heard() {
    let (journal, dir) = journal().await;
    assert_eq!(journal.waiting("alice").await, Ok(counts(0, 0)));
    for (id, outcome) in [("1", MESSAGE), ("2", MESSAGE), ("3", GREETING), ("4", MESSAGE)] {
        journal.end(record(id, Ear::Call, outcome, id, 1)).await.unwrap();
    }
    // A group: several mailboxes, one message.
    let group = record("5", Ear::Call, MESSAGE, "5", 1);
    let group = group.to("Team", &["ann@example.com", "ben@example.com", "cleo@example.com"]);
    journal.end(group).await.unwrap();
    assert_eq!(journal.waiting("ALICE").await, Ok(counts(3, 0)));
    assert_eq!(journal.waiting("team").await, Ok(counts(1, 0)));

    let first = journal.seen(one("1"), at(10)).await;
    assert_eq!(first, Ok(seen("alice", 1, counts(2, 1))));
    // Heard is heard: the second time changes nothing.
    let again = journal.seen(one("1"), at(20)).await;
    assert_eq!(again, Ok(seen("alice", 0, counts(2, 1))));
    assert_eq!(heard_at(&journal, "1").await, Some(at(10)));
    // A notification is nothing to be heard, nor is what is not there.
    for id in ["3", "nothing", ""] {
        assert_eq!(journal.seen(one(id), at(20)).await, Ok(None), "{id:?}");
    }
    assert_eq!(heard_at(&journal, "3").await, None);

    let all = |user: &str| journal.seen(Heard::AllOf(user.into()), at(30));
    assert_eq!(all("Alice").await, Ok(seen("alice", 2, counts(0, 3))));
    assert_eq!(all("Alice").await, Ok(seen("alice", 0, counts(0, 3))));
    assert_eq!(all("nobody").await, Ok(seen("nobody", 0, counts(0, 0))));
    assert_eq!(journal.waiting("team").await, Ok(counts(1, 0)), "somebody else's");
    let rows = journal.ledger(LedgerQuery::default()).await.unwrap();
    let mut heard: Vec<_> = rows.into_iter().map(|row| (row.id, row.seen_at)).collect();
    heard.sort();
    let at = |number: &str, seconds: Option<u64>| (number.to_owned(), seconds.map(at));
    let expected =
        [at("1", Some(10)), at("2", Some(30)), at("3", None), at("4", Some(30)), at("5", None)];
    assert_eq!(heard, expected);

    // It is on the disk.
    journal.close().await;
    let journal = open(dir.path()).await;
    assert_eq!(journal.waiting("alice").await, Ok(counts(0, 3)));
    journal.end(record("6", Ear::Call, MESSAGE, "6", 40)).await.unwrap();
    assert_eq!(journal.waiting("alice").await, Ok(counts(1, 3)));
}

#[tokio::test]
async fn what_the_ledger_lets_go_waits_no_more() {
    const DAY: u64 = 24 * 3600;
    let (journal, _dir) = journal().await;
    journal.end(record("1", Ear::Call, MESSAGE, "1", 0)).await.unwrap();
    journal.end(record("2", Ear::Call, MESSAGE, "2", 50 * DAY)).await.unwrap();
    for claim in journal.claim(at(50 * DAY), 2).await.unwrap() {
        journal.settle(&claim, &delivered(), at(50 * DAY)).await.unwrap();
    }
    // The sound goes first, the row after its time.
    journal.sweep(at(60 * DAY)).await.unwrap();
    assert_eq!(journal.waiting("alice").await, Ok(counts(2, 0)));
    journal.sweep(at(91 * DAY)).await.unwrap();
    assert_eq!(journal.waiting("alice").await, Ok(counts(1, 0)));
}

#[tokio::test]
async fn who_has_a_change_is_told_whoever_made_it() {
    let (journal, dir) = journal().await;
    let (start, nobody) = journal.waiting_changes(WaitingMark::default()).await.unwrap();
    assert_eq!(nobody, [""; 0]);
    journal.end(record("1", Ear::Call, MESSAGE, "1", 0)).await.unwrap();
    journal
        .end(record("2", Ear::Call, GREETING, "2", 0).to("bob", &["b@example.com"]))
        .await
        .unwrap();
    let (mark, changed) = journal.waiting_changes(start).await.unwrap();
    assert_eq!(changed, ["alice"], "a notification is nothing that waits");
    let changes = async |mark| journal.waiting_changes(mark).await.unwrap();
    assert_eq!(changes(mark).await, (mark, vec![]));

    let beside = Journal::open_existing(dir.path()).await.unwrap();
    beside.seen(one("1"), at(5)).await.unwrap();
    beside.close().await;
    let (mark, changed) = changes(mark).await;
    assert_eq!(changed, ["alice"]);
    // Another one in the same millisecond is not missed.
    journal
        .end(record("3", Ear::Call, MESSAGE, "3", 5).to("carol", &["c@example.com"]))
        .await
        .unwrap();
    journal.seen(Heard::AllOf("carol".into()), at(5)).await.unwrap();
    let (mark, changed) = changes(mark).await;
    assert!(changed.contains(&"carol".to_owned()), "{changed:?}");
    journal
        .end(record("4", Ear::Call, MESSAGE, "4", 6).to("dave", &["d@example.com"]))
        .await
        .unwrap();
    let (_, changed) = changes(mark).await;
    assert!(changed.contains(&"dave".to_owned()), "{changed:?}");
    // From the beginning: everybody.
    assert_eq!(changes(WaitingMark::default()).await.1, ["alice", "carol", "dave"]);
}

#[tokio::test]
async fn counting_looks_at_no_row_of_anybody_else() {
    let (journal, _dir) = journal().await;
    let plan = async |sql: &str| -> String {
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let rows = sqlx::query(AssertSqlSafe(explain)).fetch_all(&journal.readers).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>("detail") + "\n").collect()
    };
    let count = plan(crate::journal::waiting::COUNT).await;
    assert!(count.contains("COVERING INDEX ledger_waiting (subscriber=?)"), "{count}");
    let changes = plan(crate::journal::waiting::CHANGES).await;
    assert!(changes.contains("INTEGER PRIMARY KEY (rowid>?)"), "{changes}");
    assert!(changes.contains("COVERING INDEX ledger_seen (seen_at>?)"), "{changes}");
    assert!(!count.contains("SCAN ") && !changes.contains("SCAN ledger"), "{count}{changes}");
}

/// An outbox as the version before wrote it, with one voice mail.
async fn of_the_version_before(dir: &Path) {
    let earlier = store::MIGRATIONS.iter().filter(|migration| migration.version < 3);
    let earlier = Migrator::with_migrations(earlier.cloned().collect());
    std::fs::write(dir.join("outbox.db"), "").unwrap();
    let mut db = store::Store::at(dir).writer().await.unwrap();
    earlier.run(&mut db).await.unwrap();
    let body =
        stored::write(&stored::StoredRecord::from(&record("old", Ear::Call, MESSAGE, "old", 0)));
    sqlx::query(
        "INSERT INTO ledger (id, subscriber, caller, called, ear, stage, outcome, why, received, \
         ended, body) VALUES ('old', 'alice', '', 'alice', 'call', 4, 'voice-mail', \
         'message-left', ?1, ?1, ?2)",
    )
    .bind(START.as_millis())
    .bind(body.unwrap())
    .execute(&mut db)
    .await
    .unwrap();
    sqlx::Connection::close(db).await.unwrap();
}

#[tokio::test]
async fn an_outbox_of_the_version_before_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    of_the_version_before(dir.path()).await;
    // A command beside the old server changes nothing under it.
    let error = Journal::open_existing(dir.path()).await.err().unwrap();
    assert_eq!(error, JournalError::Older);
    assert!(error.to_string().contains("start the server"), "{error}");
    let journal = open(dir.path()).await;
    assert_eq!(journal.waiting("alice").await, Ok(counts(1, 0)));
    assert_eq!(journal.seen(one("old"), at(1)).await, Ok(seen("alice", 1, counts(0, 1))));
    Journal::open_existing(dir.path()).await.unwrap().close().await;
}
