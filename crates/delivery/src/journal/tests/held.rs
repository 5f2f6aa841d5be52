//! Reports of a call that is still live.

use super::*;

#[tokio::test]
async fn a_report_waits_for_its_call_and_never_stands_beside_its_voice_mail() {
    for (end, by) in [(MESSAGE, "live"), (GREETING, "live")] {
        let (journal, _dir) = journal().await;
        let report = record("r", Ear::Info, MISSED, "other-name", 5);
        assert_eq!(journal.report(report.clone(), Some("live")).await, Ok(Filed::Held));
        assert_eq!(journal.report(report.clone(), Some("live")).await, Ok(Filed::Held));
        assert_eq!(
            (claimed(&journal, at(9)).await, journal.counts().await.unwrap().held),
            (vec![], 1)
        );
        assert_eq!(journal.end(record("live", Ear::Call, end, "a", 20)).await, Ok(told(1)));
        assert_eq!(outcome(&journal, "r").await, Outcome::Silent(Why::SameCall));
        assert_eq!(journal.show("r").await.unwrap().unwrap().told_by.as_deref(), Some(by));
        assert_eq!(claimed(&journal, at(20)).await.len(), 1);
        // A repeat after the end finds it told, whichever way it comes.
        assert_eq!(journal.report(report.clone(), Some("live")).await, Ok(same_call("live")));
        let repeat = record("r2", Ear::Info, MISSED, "other-name", 30);
        assert_eq!(journal.report(repeat, None).await, Ok(same_call("live")));
        assert_eq!(journal.counts().await.unwrap().held, 0);
    }
}

#[tokio::test]
async fn when_the_live_call_tells_nobody_the_report_does() {
    for (why, is_told) in [
        (Why::AnsweredElsewhere, false),
        (Why::SameCall, false),
        (Why::Refused(503), true),
        (Why::NotOurs, true),
    ] {
        let (journal, _dir) = journal().await;
        journal.report(record("r", Ear::Http, MISSED, "a", 5), Some("live")).await.unwrap();
        let end = record("live", Ear::Call, Outcome::Silent(why), "a", 20);
        assert_eq!(journal.end(end).await, Ok(Filed::Silent));
        assert_eq!(outcome(&journal, "r").await.is_told(), is_told, "{why:?}");
        assert_eq!(claimed(&journal, at(20)).await.len(), usize::from(is_told), "{why:?}");
    }
}

#[tokio::test]
async fn a_report_that_comes_just_after_the_end_is_told_by_it() {
    let (journal, _dir) = journal().await;
    journal.end(record("live", Ear::Call, MESSAGE, "a", 20)).await.unwrap();
    let report = record("r", Ear::Info, MISSED, "b", 21);
    assert_eq!(journal.report(report, Some("live")).await, Ok(same_call("live")));
}

#[tokio::test]
async fn what_is_silent_does_not_wait() {
    let (journal, _dir) = journal().await;
    let report = record("r", Ear::Info, Outcome::Silent(Why::NotMissed), "a", 5);
    assert_eq!(journal.report(report, Some("live")).await, Ok(Filed::Silent));
}

#[tokio::test]
async fn the_live_call_of_another_subscriber_tells_only_him() {
    let (journal, _dir) = journal().await;
    let bob = record("r", Ear::Info, MISSED, "a", 5).to("bob", &["bob@example.com"]);
    journal.report(bob, Some("live")).await.unwrap();
    journal.end(record("live", Ear::Call, MESSAGE, "a", 20)).await.unwrap();
    assert_eq!(claimed(&journal, at(20)).await.len(), 2);
}

#[tokio::test]
async fn held_for_a_call_that_left_no_trace_it_becomes_a_notification() {
    let (journal, dir) = journal().await;
    journal.report(record("r1", Ear::Info, MISSED, "a", 5), Some("gone")).await.unwrap();
    journal.report(record("r2", Ear::Info, MISSED, "a", 6), Some("gone")).await.unwrap();
    journal.close().await;
    let journal = open(dir.path()).await;
    assert_eq!(journal.release_held().await, Ok(2));
    assert_eq!(journal.release_held().await, Ok(0));
    // The second is a repeat of the first.
    assert_eq!(claimed(&journal, at(9)).await, [("r1".into(), "alice@example.com".into())]);
    assert_eq!(outcome(&journal, "r2").await, Outcome::Silent(Why::SameCall));
}
