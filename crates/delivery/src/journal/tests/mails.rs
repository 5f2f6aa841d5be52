//! Leases, the schedule, returns.

use super::*;

const DAY: u64 = 24 * 3600;

async fn one_mail() -> (Journal, TempDir) {
    let (journal, dir) = journal().await;
    journal.end(record("1", Ear::Call, MESSAGE, "a", 0)).await.unwrap();
    (journal, dir)
}

async fn claim(journal: &Journal, now: Timestamp) -> Claim {
    journal.claim(now, 10).await.unwrap().remove(0)
}

#[tokio::test]
async fn a_claimed_mail_is_leased_and_delivered_once() {
    let (journal, _dir) = one_mail().await;
    assert_eq!(journal.next_due().await, Ok(Some(at(0))));
    let first = claim(&journal, at(0)).await;
    assert_eq!(claimed(&journal, at(0)).await, [], "leased");
    assert_eq!(journal.next_due().await, Ok(Some(at(600))), "the end of the lease");
    assert_eq!(journal.settle(&first, &delivered(), at(1)).await, Ok(Settled::Delivered));
    assert_eq!(claimed(&journal, at(9 * DAY)).await, []);
    assert_eq!(journal.next_due().await, Ok(None));
    let mail = journal.show("1").await.unwrap().unwrap().mails.remove(0);
    assert_eq!((mail.state, mail.attempts, mail.next_at), (MailState::Delivered, 1, None));
    assert_eq!(mail.last_reason.as_deref(), Some("250 2.0.0 queued"));
}

#[tokio::test]
async fn claims_come_oldest_first_and_no_more_than_asked_for() {
    let (journal, _dir) = journal().await;
    for (id, second) in [("3", 30), ("1", 10), ("2", 20), ("9", 90)] {
        journal.end(record(id, Ear::Call, GREETING, id, second)).await.unwrap();
    }
    let ids = |claims: Vec<Claim>| claims.into_iter().map(|c| c.record.id).collect::<Vec<_>>();
    assert_eq!(ids(journal.claim(at(40), 2).await.unwrap()), ["1", "2"]);
    assert_eq!(ids(journal.claim(at(40), 9).await.unwrap()), ["3"], "9 is not due");
}

#[tokio::test]
async fn what_failed_is_tried_again_by_the_schedule_and_returned_after_four_days() {
    let (journal, _dir) = one_mail().await;
    // The four days begin with the first attempt: the server was off before it.
    let begin = 30 * DAY;
    let mut now = at(begin);
    let mut waits = Vec::new();
    let returned_at = loop {
        let claim = claim(&journal, now).await;
        assert_eq!(claim.attempts as usize, waits.len());
        match journal.settle(&claim, &try_again("451 later"), now).await.unwrap() {
            Settled::Again { at } => {
                assert_eq!(journal.next_due().await, Ok(Some(at)));
                waits.push(at.since(now).as_millis());
                now = at;
            }
            Settled::Returned => break now,
            other => panic!("{other:?}"),
        }
    };
    for (wait, middle) in waits.iter().zip([5_000, 10_000, 20_000, 40_000]) {
        assert!((middle * 8 / 10..=middle * 12 / 10).contains(wait), "{waits:?}");
    }
    assert_eq!(returned_at, at(begin + 4 * DAY));
    let shown = journal.show("1").await.unwrap().unwrap();
    assert_eq!(shown.mails[0].state, MailState::Returned);
    assert_eq!(shown.mails[0].last_reason.as_deref(), Some("451 later"));
}

#[tokio::test]
async fn a_refused_mail_is_returned_to_the_postmaster_and_kept() {
    let (journal, _dir) = one_mail().await;
    let claim1 = claim(&journal, at(0)).await;
    let refusal = refused("550 5.1.1 no such user");
    assert_eq!(journal.settle(&claim1, &refusal, at(1)).await, Ok(Settled::Returned));
    let back = claim(&journal, at(1)).await;
    assert_eq!(back.recipient, "postmaster@example.com");
    assert_eq!(back.record, claim1.record);
    let ClaimKind::Return { recipient, reason, attempts, at: given_up } = &back.kind else {
        panic!("{back:?}")
    };
    assert_eq!((recipient.as_str(), *attempts, *given_up), ("alice@example.com", 1, at(1)));
    assert_eq!(reason, "550 5.1.1 no such user");
    assert_eq!(journal.settle(&back, &delivered(), at(2)).await, Ok(Settled::Delivered));
    let shown = journal.show("1").await.unwrap().unwrap();
    assert_eq!(shown.mails[0].last_reason.as_deref(), Some("550 5.1.1 no such user"));
    assert_eq!(shown.mails.iter().map(|mail| mail.is_return).collect::<Vec<_>>(), [false, true]);
    // Its recording stays, so that it can be retried, and refused and returned again.
    assert_eq!(journal.sweep(at(2 * DAY)).await.unwrap().recordings, [""; 0]);
    assert_eq!(journal.retry("1", at(2 * DAY)).await, Ok(1));
    let again = claim(&journal, at(2 * DAY)).await;
    assert_eq!((again.kind.clone(), again.attempts), (ClaimKind::Telling, 0));
    assert_eq!(journal.settle(&again, &refusal, at(2 * DAY)).await, Ok(Settled::Returned));
    assert!(matches!(claim(&journal, at(2 * DAY)).await.kind, ClaimKind::Return { .. }));
}

#[tokio::test]
async fn a_return_is_never_returned() {
    let (journal, _dir) = one_mail().await;
    let first = claim(&journal, at(0)).await;
    journal.settle(&first, &refused("550"), at(0)).await.unwrap();
    let back = claim(&journal, at(0)).await;
    assert_eq!(journal.settle(&back, &refused("554"), at(1)).await, Ok(Settled::Dead));
    let counts = journal.counts().await.unwrap();
    assert_eq!((counts.queued, counts.returned, counts.dead), (0, 1, 1));
    // Kept as long as nobody looks after it, and due again when asked for.
    journal.sweep(at(1000 * DAY)).await.unwrap();
    assert_eq!(journal.retry("1", at(1000 * DAY)).await, Ok(2));
    assert_eq!(journal.claim(at(1000 * DAY), 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_lease_that_ran_out_goes_to_the_next_and_the_late_word_counts_only_if_delivered() {
    let (journal, _dir) = one_mail().await;
    let slow = claim(&journal, at(0)).await;
    let quick = claim(&journal, at(601)).await;
    assert_eq!(slow.id, quick.id);
    journal.settle(&quick, &try_again("451"), at(602)).await.unwrap();
    assert_eq!(journal.settle(&slow, &refused("550"), at(603)).await, Ok(Settled::Stale));
    assert_eq!(journal.counts().await.unwrap().queued, 1);
    assert_eq!(journal.settle(&slow, &delivered(), at(604)).await, Ok(Settled::Delivered));
    assert_eq!(claimed(&journal, at(DAY)).await, []);
}

#[tokio::test]
async fn who_rang_is_kept_for_the_next_attempt() {
    let (journal, _dir) = one_mail().await;
    let identity = CallerIdentity { raw: "+14255550142".into(), ..CallerIdentity::default() };
    let first = claim(&journal, at(0)).await;
    assert_eq!(first.identity, None);
    journal.keep_identity("1", &identity).await.unwrap();
    journal.settle(&first, &try_again("451"), at(0)).await.unwrap();
    assert_eq!(claim(&journal, at(60)).await.identity.as_ref(), Some(&identity));
    assert_eq!(journal.show("1").await.unwrap().unwrap().identity, Some(identity));
}

#[tokio::test]
async fn whoever_waits_for_work_is_woken_by_the_commit_that_makes_it() {
    let (journal, _dir) = journal().await;
    let work = journal.work();
    journal.end(record("1", Ear::Call, MESSAGE, "a", 0)).await.unwrap();
    work.notified().await;
    let first = claim(&journal, at(0)).await;
    journal.settle(&first, &refused("550"), at(0)).await.unwrap();
    work.notified().await;
    journal.report(record("2", Ear::Info, MISSED, "b", 0), None).await.unwrap();
    work.notified().await;
    journal.retry("1", at(0)).await.unwrap();
    work.notified().await;
}

#[tokio::test]
async fn a_mail_that_cannot_be_read_holds_up_no_other() {
    let (journal, _dir) = one_mail().await;
    journal.end(record("2", Ear::Call, GREETING, "b", 0)).await.unwrap();
    journal
        .queue
        .submit(health::Sql("UPDATE ledger SET body = 'no json' WHERE id = '1'"))
        .await
        .unwrap();
    assert_eq!(claimed(&journal, at(1)).await, [("2".into(), "alice@example.com".into())]);
    assert_eq!(journal.counts().await.unwrap().dead, 1);
}
