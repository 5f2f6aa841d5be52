//! What operators see, and what is let go in time.

use super::*;

const DAY: u64 = 24 * 3600;

fn ids(rows: Vec<LedgerRow>) -> Vec<String> {
    rows.into_iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn the_ledger_is_read_newest_first_by_whom_and_when() {
    let (journal, _dir) = journal().await;
    journal.end(record("1", Ear::Call, MESSAGE, "a", 10).from("+14255550142")).await.unwrap();
    journal.report(record("2", Ear::Info, MISSED, "a", 20), None).await.unwrap();
    let bob = record("3", Ear::Call, GREETING, "c", 30).to("bob", &["bob@example.com"]);
    journal.end(bob).await.unwrap();
    let first = journal.claim(at(10), 1).await.unwrap().remove(0);
    journal.settle(&first, &delivered(), at(11)).await.unwrap();

    let all = LedgerQuery::default();
    assert_eq!(ids(journal.ledger(all.clone()).await.unwrap()), ["3", "2", "1"]);
    for (query, expected) in [
        (LedgerQuery { subscriber: Some("ALICE".into()), ..all.clone() }, vec!["2", "1"]),
        (LedgerQuery { since: Some(at(20)), ..all.clone() }, vec!["3", "2"]),
        (LedgerQuery { until: Some(at(20)), ..all.clone() }, vec!["1"]),
        (LedgerQuery { unsettled: true, ..all.clone() }, vec!["3"]),
        (LedgerQuery { limit: 1, ..all.clone() }, vec!["3"]),
    ] {
        assert_eq!(ids(journal.ledger(query.clone()).await.unwrap()), expected, "{query:?}");
    }
    let row = journal.ledger(all).await.unwrap().pop().unwrap();
    assert_eq!((row.caller.as_str(), row.called.as_str()), ("+14255550142", "alice"));
    assert_eq!((row.ear, row.stage, row.outcome), (Ear::Call, 3, MESSAGE));
    assert_eq!(row.duration, Some(Duration::from_millis(8900)));
    assert_eq!(row.mails, [MailState::Delivered]);
    assert_eq!(journal.show("no such id").await, Ok(None));
}

#[tokio::test]
async fn every_form_of_the_question_goes_by_an_index() {
    let (journal, _dir) = journal().await;
    for (subscriber, unsettled, index) in [
        (None, false, "ledger_by_end"),
        (Some("alice"), false, "ledger_by_subscriber (subscriber=? AND ended>?"),
        (None, true, "outbox_unsettled (state=?)"),
        (Some("alice"), true, "outbox_unsettled (state=?)"),
    ] {
        let subscriber = subscriber.map(str::to_owned);
        let query = LedgerQuery { subscriber, unsettled, ..LedgerQuery::default() };
        let explain = format!("EXPLAIN QUERY PLAN {}", super::super::ledger::rows_sql(&query));
        let rows = sqlx::query(sqlx::AssertSqlSafe(explain)).fetch_all(&journal.readers).await;
        let steps: Vec<String> =
            rows.unwrap().iter().map(|row| sqlx::Row::get(row, "detail")).collect();
        assert!(steps.iter().any(|step| step.contains(index)), "{index}: {steps:?}");
        assert!(!steps.iter().any(|step| step.starts_with("SCAN ledger")), "{steps:?}");
    }
}

#[tokio::test]
async fn the_command_line_looks_and_retries_beside_a_running_server() {
    let (journal, dir) = journal().await;
    journal.end(record("1", Ear::Call, MESSAGE, "a", 0)).await.unwrap();
    let claim = journal.claim(at(0), 1).await.unwrap().remove(0);
    let beside = Journal::open_existing(dir.path()).await.unwrap();
    assert_eq!(beside.show("1").await.unwrap().unwrap().record, claim.record);
    assert_eq!(beside.retry("1", at(0)).await, Ok(0), "it is being sent");
    assert_eq!(claimed(&journal, at(0)).await, [], "the lease still holds");
    journal.settle(&claim, &try_again("451"), at(0)).await.unwrap();
    assert_eq!(beside.retry("1", at(1)).await, Ok(1));
    beside.close().await;
    assert_eq!(claimed(&journal, at(1)).await.len(), 1);
}

#[tokio::test]
async fn counts_say_how_full_the_outbox_is() {
    let (journal, _dir) = journal().await;
    assert_eq!(journal.counts().await, Ok(Counts::default()));
    journal.end(record("1", Ear::Call, MESSAGE, "a", 5)).await.unwrap();
    journal.end(record("2", Ear::Call, MESSAGE, "b", 9)).await.unwrap();
    journal.report(record("3", Ear::Info, MISSED, "c", 9), Some("live")).await.unwrap();
    let counts = journal.counts().await.unwrap();
    assert_eq!((counts.queued, counts.held, counts.oldest_queued), (2, 1, Some(at(5))));
}

#[tokio::test]
async fn recordings_go_when_nobody_needs_them_and_not_before() {
    let (journal, dir) = journal().await;
    journal.end(record("v", Ear::Call, MESSAGE, "a", 0)).await.unwrap();
    let mut short = record("s", Ear::Call, Outcome::MissedCall(Why::TooShort), "b", 0);
    short.recording =
        Some(Recording { file: "s.wav".into(), duration: Duration::from_millis(300) });
    journal.end(short).await.unwrap();
    let claims = journal.claim(at(0), 2).await.unwrap();
    assert_eq!(journal.sweep(at(2 * DAY)).await.unwrap().recordings, [""; 0], "not delivered");
    let mut kept = journal.referenced_recordings().await.unwrap();
    kept.sort();
    assert_eq!(kept, ["s.wav", "v.wav"]);
    for claim in &claims {
        journal.settle(claim, &delivered(), at(30)).await.unwrap();
    }
    assert_eq!(journal.sweep(at(60)).await.unwrap().recordings, [""; 0], "kept for a day");
    // The sound that was no message counts from its call, the message from its delivery.
    assert_eq!(journal.sweep(at(DAY + 1)).await.unwrap().recordings, ["s.wav"]);
    assert_eq!(journal.sweep(at(DAY + 31)).await.unwrap().recordings, ["v.wav"]);
    assert_eq!(journal.sweep(at(DAY + 32)).await.unwrap().recordings, [""; 0]);
    assert_eq!(journal.referenced_recordings().await.unwrap(), [""; 0]);
    // Killed before the file was deleted: it is offered once more.
    journal.close().await;
    let journal = open(dir.path()).await;
    assert_eq!(journal.sweep(at(DAY + 39)).await.unwrap().recordings, ["v.wav"]);
    // The rows stay for their time, then go with all that hangs on them.
    assert_eq!(journal.sweep(at(89 * DAY)).await.unwrap().rows, 0);
    assert_eq!(journal.sweep(at(91 * DAY)).await.unwrap().rows, 2);
    assert_eq!(journal.ledger(LedgerQuery::default()).await.unwrap(), []);
}

#[tokio::test]
async fn what_waits_to_be_sent_outlives_its_time() {
    let (journal, _dir) = journal().await;
    journal.end(record("1", Ear::Call, MESSAGE, "a", 0)).await.unwrap();
    let swept = journal.sweep(at(400 * DAY)).await.unwrap();
    assert_eq!((swept.rows, swept.recordings), (0, vec![]));
    assert_eq!(claimed(&journal, at(400 * DAY)).await.len(), 1);
}

#[tokio::test]
async fn a_sweep_takes_everything_however_much() {
    let (journal, _dir) = journal().await;
    let ends = (0..2500).map(|number| {
        let (journal, id) = (journal.clone(), format!("{number}"));
        let silent = Outcome::Silent(Why::NotOurs);
        tokio::spawn(async move { journal.end(record(&id, Ear::Call, silent, &id, 0)).await })
    });
    for end in ends.collect::<Vec<_>>() {
        end.await.unwrap().unwrap();
    }
    let swept = journal.sweep(at(91 * DAY)).await.unwrap();
    assert_eq!((swept.identifiers, swept.rows), (2500, 2500));
}
