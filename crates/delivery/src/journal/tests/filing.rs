//! Who is told, and who was told already.

use super::*;

const HOUR: u64 = 3600;

#[tokio::test]
async fn an_end_is_one_row_and_one_mail_for_each_address() {
    let (journal, _dir) = journal().await;
    let both = ["alice@example.com", "team@example.com", "ALICE@example.com", " "];
    let record = record("1", Ear::Call, MESSAGE, "a@example.com", 0).to("alice", &both);
    assert_eq!(journal.end(record.clone()).await, Ok(told(2)));
    // The same end once more: the same answer and nothing new.
    assert_eq!(journal.end(record.clone()).await, Ok(told(2)));
    assert_eq!(journal.ledger(LedgerQuery::default()).await.unwrap().len(), 1);
    let claims = journal.claim(at(0), 10).await.unwrap();
    assert_eq!(claims.len(), 2);
    assert!(claims.iter().all(|claim| claim.record == record && claim.kind == ClaimKind::Telling));
}

#[tokio::test]
async fn a_silent_end_is_a_row_without_a_mail() {
    let (journal, _dir) = journal().await;
    let mut record = record("1", Ear::Call, Outcome::Silent(Why::Refused(486)), "a", 0);
    record.subscriber = None;
    assert_eq!(journal.end(record.clone()).await, Ok(Filed::Silent));
    assert_eq!(journal.end(record).await, Ok(Filed::Silent));
    assert_eq!(claimed(&journal, at(9)).await, []);
    assert_eq!(outcome(&journal, "1").await, Outcome::Silent(Why::Refused(486)));
}

#[tokio::test]
async fn cancel_and_report_of_one_call_are_one_notification() {
    let (journal, _dir) = journal().await;
    let cancel = record("1", Ear::Call, Outcome::MissedCall(Why::Cancelled), "a", 0);
    assert_eq!(journal.end(cancel).await, Ok(told(1)));
    let report = record("2", Ear::Info, MISSED, "a", 1);
    assert_eq!(journal.report(report, None).await, Ok(same_call("1")));
    // The front end repeats it under another id: still the first.
    let mut repeat = record("3", Ear::Info, MISSED, "b", 2);
    repeat.identifiers.push("a".into());
    assert_eq!(journal.report(repeat, None).await, Ok(same_call("1")));
    // By "b" alone it is known by now, too.
    let by_new_name = record("4", Ear::Http, MISSED, "b", 3);
    assert_eq!(journal.report(by_new_name, None).await, Ok(same_call("1")));
    assert_eq!(claimed(&journal, at(9)).await.len(), 1);
    assert_eq!(outcome(&journal, "2").await, Outcome::Silent(Why::SameCall));
}

#[tokio::test]
async fn answered_elsewhere_silences_the_report_that_follows() {
    let (journal, _dir) = journal().await;
    let elsewhere = record("1", Ear::Call, Outcome::Silent(Why::AnsweredElsewhere), "a", 0);
    assert_eq!(journal.end(elsewhere).await, Ok(Filed::Silent));
    let report = record("2", Ear::Info, MISSED, "a", 1);
    assert_eq!(journal.report(report, None).await, Ok(same_call("1")));
}

#[tokio::test]
async fn an_ear_that_does_not_tell_leaves_it_to_another() {
    for why in [Why::NotOurs, Why::NotMissed, Why::Refused(503)] {
        let (journal, _dir) = journal().await;
        let silent = record("1", Ear::Info, Outcome::Silent(why), "a", 0);
        assert_eq!(journal.report(silent, None).await, Ok(Filed::Silent));
        let repeat = record("2", Ear::Info, Outcome::Silent(why), "a", 1);
        assert_eq!(journal.report(repeat, None).await, Ok(same_call("1")), "{why:?}");
        let system = record("3", Ear::Http, MISSED, "a", 2);
        assert_eq!(journal.report(system, None).await, Ok(told(1)), "{why:?}");
        let message = record("4", Ear::Call, MESSAGE, "a", 3);
        assert_eq!(journal.end(message).await, Ok(told(1)), "{why:?}");
    }
}

#[tokio::test]
async fn a_voice_mail_is_never_dropped_and_takes_the_unsent_notification_with_it() {
    let (journal, _dir) = journal().await;
    journal.report(record("1", Ear::Info, MISSED, "a", 0), None).await.unwrap();
    assert_eq!(journal.end(record("2", Ear::Call, MESSAGE, "a", 9)).await, Ok(told(1)));
    assert_eq!(journal.end(record("3", Ear::Call, MESSAGE, "a", 10)).await, Ok(told(1)));
    let claims: Vec<_> = claimed(&journal, at(10)).await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(claims, ["2", "3"]);
    let first = journal.show("1").await.unwrap().unwrap();
    assert_eq!(first.record.outcome, Outcome::Silent(Why::SameCall));
    assert_eq!((first.told_by.as_deref(), first.mails[0].state), (Some("2"), MailState::Withdrawn));
    // What is heard later is told by the voice mail.
    let late = record("4", Ear::Info, MISSED, "a", 20);
    assert_eq!(journal.report(late, None).await, Ok(same_call("2")));
}

#[tokio::test]
async fn a_notification_that_is_being_sent_is_not_sent_again_beside_the_voice_mail() {
    let (journal, _dir) = journal().await;
    for (verdict, settled, then) in [
        (try_again("451"), Settled::Withdrawn, MailState::Withdrawn),
        (refused("550"), Settled::Withdrawn, MailState::Withdrawn),
        (delivered(), Settled::Delivered, MailState::Delivered),
    ] {
        let name = format!("{verdict:?}");
        let notification = record(&format!("n{name}"), Ear::Info, MISSED, &name, 0);
        journal.report(notification.clone(), None).await.unwrap();
        let claim = journal.claim(at(0), 1).await.unwrap().remove(0);
        journal.end(record(&format!("v{name}"), Ear::Call, MESSAGE, &name, 5)).await.unwrap();
        assert_eq!(journal.settle(&claim, &verdict, at(6)).await, Ok(settled));
        let shown = journal.show(&notification.id).await.unwrap().unwrap();
        assert_eq!(shown.mails[0].state, then);
        assert_eq!(shown.record.outcome.is_told(), then == MailState::Delivered);
    }
}

#[tokio::test]
async fn a_notification_that_a_crash_left_in_hand_is_not_sent_beside_the_voice_mail() {
    let (journal, dir) = journal().await;
    journal.report(record("n", Ear::Info, MISSED, "a", 0), None).await.unwrap();
    assert_eq!(claimed(&journal, at(0)).await.len(), 1);
    journal.end(record("v", Ear::Call, MESSAGE, "a", 5)).await.unwrap();
    journal.close().await;
    let journal = open(dir.path()).await;
    assert_eq!(claimed(&journal, at(6)).await, [("v".into(), "alice@example.com".into())]);
    let shown = journal.show("n").await.unwrap().unwrap();
    assert_eq!(shown.mails[0].state, MailState::Withdrawn);
    assert_eq!(shown.record.outcome, Outcome::Silent(Why::SameCall));
}

#[tokio::test]
async fn a_report_from_another_year_is_forgotten_like_any_other() {
    let (journal, _dir) = journal().await;
    let mut report = record("1", Ear::Info, MISSED, "a", 0).from("+14255550142");
    report.received = at(8000 * 365 * 24 * HOUR);
    journal.report(report, None).await.unwrap();
    let other = record("2", Ear::Http, MISSED, "b", 3).from("+14255550142");
    assert_eq!(journal.report(other, None).await, Ok(same_call("1")));
    journal.sweep(at(48 * HOUR)).await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM heard_party")
        .fetch_one(&journal.readers)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn callers_that_are_reported_under_one_name_are_told_of_each() {
    let (journal, _dir) = journal().await;
    let report =
        |id, caller: &str, second| record(id, Ear::Info, MISSED, "session", second).from(caller);
    for (id, caller, filed) in [
        ("1", "+14255550142", told(1)),
        ("2", "+14255550143", told(1)),
        ("3", "+14255550142", same_call("1")),
        ("4", "(425) 555-0143", same_call("2")),
    ] {
        assert_eq!(journal.report(report(id, caller, 60), None).await, Ok(filed), "{id}");
    }
}

#[tokio::test]
async fn without_a_common_name_the_parties_and_the_moment_decide() {
    // (ear, caller, second, the same call?)
    for (ear, caller, second, is_same) in [
        (Ear::Info, "+14255550142", 34, true),
        (Ear::Info, "4255550142", 31, true),
        (Ear::Info, "+14255550142", 40, false),
        (Ear::Info, "+14255550143", 31, false),
        (Ear::Call, "+14255550142", 31, false),
    ] {
        let (journal, _dir) = journal().await;
        // It rang for half a minute: what two ears agree on is the end.
        let mut cancel = record("1", Ear::Call, GREETING, "a", 0).from("+14255550142");
        cancel.ended = at(30);
        journal.end(cancel).await.unwrap();
        let other = record("2", ear, MISSED, "b", second).from(caller);
        let expected = if is_same { same_call("1") } else { told(1) };
        assert_eq!(journal.report(other, None).await, Ok(expected), "{ear:?} {caller} {second}");
    }
}

#[tokio::test]
async fn a_call_is_remembered_for_a_day_and_each_subscriber_is_told() {
    let (journal, _dir) = journal().await;
    journal.end(record("1", Ear::Call, GREETING, "a", 0)).await.unwrap();
    // The same user in another spelling; another user of the same call.
    let same = record("2", Ear::Info, MISSED, "a", 1).to("ALICE", &["alice@example.com"]);
    assert_eq!(journal.report(same, None).await, Ok(same_call("1")));
    let bob = record("3", Ear::Info, MISSED, "a", 1).to("bob", &["bob@example.com"]);
    assert_eq!(journal.report(bob, None).await, Ok(told(1)));
    let late = record("4", Ear::Info, MISSED, "a", 23 * HOUR);
    assert_eq!(journal.report(late, None).await, Ok(same_call("1")));
    journal.sweep(at(25 * HOUR)).await.unwrap();
    let later = record("5", Ear::Info, MISSED, "a", 25 * HOUR);
    assert_eq!(journal.report(later, None).await, Ok(told(1)));
}

#[tokio::test]
async fn notifications_have_a_cap_and_voice_mails_have_none() {
    let dir = tempfile::tempdir().unwrap();
    let settings =
        JournalSettings { notifications_per_hour: 3, ..JournalSettings::new(dir.path()) };
    let journal = Journal::open(settings).await.unwrap();
    for number in 0..5 {
        let id = format!("m{number}");
        let filed = journal.end(record(&id, Ear::Call, GREETING, &id, number)).await.unwrap();
        assert_eq!(filed, if number < 3 { told(1) } else { Filed::Silent }, "{id}");
    }
    assert_eq!(outcome(&journal, "m4").await, Outcome::Silent(Why::TooMany));
    assert_eq!(journal.end(record("v", Ear::Call, MESSAGE, "v", 9)).await, Ok(told(1)));
    let bob = record("b", Ear::Call, GREETING, "b", 9).to("bob", &["bob@example.com"]);
    assert_eq!(journal.end(bob).await, Ok(told(1)));
    let later = record("l", Ear::Call, GREETING, "l", HOUR + 1);
    assert_eq!(journal.end(later).await, Ok(told(1)));
}

#[tokio::test]
async fn a_subscriber_without_an_address_is_the_postmasters() {
    let (journal, _dir) = journal().await;
    let record = record("1", Ear::Call, MESSAGE, "a", 0).to("alice", &[]);
    assert_eq!(journal.end(record).await, Ok(told(0)));
    let claim = journal.claim(at(0), 10).await.unwrap().remove(0);
    assert_eq!(claim.recipient, "postmaster@example.com");
    assert!(matches!(claim.kind, ClaimKind::Return { reason, .. } if reason.contains("address")));
}
