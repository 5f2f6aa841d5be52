//! Mails handed over by the commit that files them, and those that are claimed.

use super::crash::killed;
use super::*;

/// Later than everything that is due here.
fn late() -> Timestamp {
    at(10 * 24 * 3600)
}

async fn end(journal: &Journal, id: &str, second: u64) {
    let filed = journal.end(record(id, Ear::Call, GREETING, id, second)).await;
    assert_eq!(filed, Ok(told(1)));
}

/// The next mail, which is there or about to be.
async fn next(claims: &mut Claims) -> Claim {
    let soon = Duration::from_secs(20);
    tokio::time::timeout(soon, claims.next()).await.expect("a mail").unwrap()
}

/// Until mails are handed over: nothing older is due.
async fn caught_up(journal: &Journal, claims: &mut Claims) {
    end(journal, "first", 0).await;
    let first = next(claims).await;
    journal.settle(&first, &delivered(), late()).await.unwrap();
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while journal.queue.desk().offer().is_none() {
        assert!(std::time::Instant::now() < until, "still behind");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_mails_of_an_end_are_leased_by_its_own_commit() {
    let (journal, dir) = journal().await;
    let mut claims = journal.claims(10, late);
    caught_up(&journal, &mut claims).await;
    let both = ["alice@example.com", "team@example.com"];
    let record = record("1", Ear::Call, MESSAGE, "a", 5).to("alice", &both);
    assert_eq!(journal.end(record.clone()).await, Ok(told(2)));
    assert_eq!(claimed(&journal, late()).await, [], "nobody else can have them");
    let copy = killed(&dir);
    for recipient in both {
        let claim = next(&mut claims).await;
        assert_eq!((claim.recipient.as_str(), claim.attempts), (recipient, 0));
        assert_eq!((&claim.record, &claim.kind), (&record, &ClaimKind::Telling));
        let settled = journal.settle(&claim, &delivered(), late()).await;
        assert_eq!(settled, Ok(Settled::Delivered));
        let mails = journal.show("1").await.unwrap().unwrap().mails;
        let mail = mails.iter().find(|mail| mail.recipient == recipient).unwrap();
        assert_eq!((mail.state, mail.attempts), (MailState::Delivered, 1));
    }
    // Killed before they were brought: due again.
    assert_eq!(claimed(&open(copy.path()).await, at(6)).await.len(), 2);
}

#[tokio::test]
async fn what_was_there_before_comes_first_and_oldest_first() {
    let (journal, _dir) = journal().await;
    for (id, second) in [("3", 30), ("1", 10), ("2", 20)] {
        end(&journal, id, second).await;
    }
    let mut claims = journal.claims(1, late);
    end(&journal, "4", 40).await;
    for id in ["1", "2", "3", "4"] {
        assert_eq!(next(&mut claims).await.record.id, id);
    }
}

#[tokio::test]
async fn more_than_there_is_room_for_all_come_once() {
    let (journal, _dir) = journal().await;
    let mut claims = journal.claims(3, late);
    caught_up(&journal, &mut claims).await;
    for number in 0..20 {
        end(&journal, &format!("m{number:02}"), number).await;
    }
    let mut ids = Vec::new();
    for _ in 0..20 {
        let claim = next(&mut claims).await;
        let settled = journal.settle(&claim, &delivered(), late()).await;
        assert_eq!(settled, Ok(Settled::Delivered), "{}", claim.record.id);
        ids.push(claim.record.id);
    }
    ids.sort();
    assert_eq!(ids, (0..20).map(|number| format!("m{number:02}")).collect::<Vec<_>>());
    assert_eq!(journal.counts().await.unwrap().queued, 0);
}

#[tokio::test]
async fn what_was_not_taken_comes_again() {
    let (journal, _dir) = journal().await;
    let mut claims = journal.claims(10, late);
    caught_up(&journal, &mut claims).await;
    end(&journal, "1", 5).await;
    let first = next(&mut claims).await;
    let settled = journal.settle(&first, &try_again("451 later"), at(5)).await.unwrap();
    assert!(matches!(settled, Settled::Again { .. }), "{settled:?}");
    let second = next(&mut claims).await;
    assert_eq!((second.id, second.attempts), (first.id, 1));
    journal.settle(&second, &refused("550"), at(6)).await.unwrap();
    assert!(matches!(next(&mut claims).await.kind, ClaimKind::Return { .. }));
}

#[tokio::test]
async fn a_call_that_ended_in_the_future_waits_for_it() {
    let (journal, _dir) = journal().await;
    let mut claims = journal.claims(10, late);
    caught_up(&journal, &mut claims).await;
    end(&journal, "1", 11 * 24 * 3600).await;
    assert_eq!(claimed(&journal, at(12 * 24 * 3600)).await.len(), 1, "not leased");
}

#[tokio::test]
async fn nothing_is_handed_to_nobody() {
    let (journal, _dir) = journal().await;
    let mut claims = journal.claims(10, late);
    caught_up(&journal, &mut claims).await;
    drop(claims);
    end(&journal, "1", 5).await;
    assert_eq!(claimed(&journal, late()).await.len(), 1);
}

#[tokio::test]
async fn of_a_closed_journal_there_is_none() {
    let (journal, _dir) = journal().await;
    let mut claims = journal.claims(10, late);
    caught_up(&journal, &mut claims).await;
    journal.close().await;
    let soon = Duration::from_secs(20);
    assert_eq!(tokio::time::timeout(soon, claims.next()).await, Ok(None));
}
