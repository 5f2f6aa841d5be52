//! One call, heard of by any ears in any order: the set of mails is the same.

use proptest::prelude::*;

use super::*;

/// One thing that is heard of the call.
#[derive(Debug, Clone, Copy)]
enum Heard {
    /// A report, after the live call or without one.
    Report(Ear),
    /// A report while the call is live.
    Held(Ear),
    /// The end of a call of our own.
    End(Outcome),
    /// The live call ends.
    LiveEnd(Outcome),
    /// The mails that are due are sent.
    Sent,
    /// Killed and started again.
    Restart,
}

fn heard() -> impl Strategy<Value = Heard> {
    let ear = prop_oneof![Just(Ear::Info), Just(Ear::Http), Just(Ear::Cdr)];
    let end = prop_oneof![
        Just(GREETING),
        Just(MESSAGE),
        Just(Outcome::Silent(Why::NotOurs)),
        Just(Outcome::Silent(Why::Refused(503))),
    ];
    prop_oneof![
        3 => ear.clone().prop_map(Heard::Report),
        2 => ear.prop_map(Heard::Held),
        2 => end.clone().prop_map(Heard::End),
        2 => end.prop_map(Heard::LiveEnd),
        1 => Just(Heard::Sent),
        1 => Just(Heard::Restart),
    ]
}

/// Plays the sequence; returns the ledger and what was delivered, in order.
async fn play(sequence: &[Heard]) -> (Vec<LedgerRow>, Vec<Outcome>) {
    let (mut journal, dir) = journal().await;
    let mut sent = Vec::new();
    for (number, heard) in sequence.iter().enumerate() {
        let (id, second) = (format!("r{number}"), number as u64);
        let report = |ear| record(&id, ear, MISSED, "a", second);
        match *heard {
            Heard::Report(ear) => drop(journal.report(report(ear), None).await.unwrap()),
            Heard::Held(ear) => drop(journal.report(report(ear), Some("live")).await.unwrap()),
            Heard::End(outcome) => {
                journal.end(record(&id, Ear::Call, outcome, "a", second)).await.unwrap();
            }
            Heard::LiveEnd(outcome) => {
                journal.end(record("live", Ear::Call, outcome, "a", second)).await.unwrap();
            }
            Heard::Sent => sent.extend(send(&journal).await),
            Heard::Restart => {
                journal.close().await;
                journal = open(dir.path()).await;
                journal.release_held().await.unwrap();
            }
        }
    }
    journal.release_held().await.unwrap();
    sent.extend(send(&journal).await);
    (journal.ledger(LedgerQuery::default()).await.unwrap(), sent)
}

async fn send(journal: &Journal) -> Vec<Outcome> {
    let claims = journal.claim(at(99), 100).await.unwrap();
    for claim in &claims {
        journal.settle(claim, &delivered(), at(99)).await.unwrap();
    }
    claims.into_iter().map(|claim| claim.record.outcome).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_call_is_one_notification_or_its_voice_mails(
        sequence in prop::collection::vec(heard(), 1..9)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (ledger, sent) = runtime.block_on(play(&sequence));

        // Every record has one row; the live call ends once, however often it is said.
        let lives = usize::from(sequence.iter().any(|heard| matches!(heard, Heard::LiveEnd(_))));
        let others = sequence.iter().filter(|heard| {
            matches!(heard, Heard::Report(_) | Heard::Held(_) | Heard::End(_))
        });
        prop_assert_eq!(ledger.len(), others.count() + lives);

        // Every message is a voice mail, of the live call its first end.
        let live = sequence.iter().find_map(|heard| match heard {
            Heard::LiveEnd(outcome) => Some(*outcome),
            _ => None,
        });
        let messages = sequence.iter().filter(|heard| matches!(heard, Heard::End(MESSAGE))).count()
            + usize::from(live == Some(MESSAGE));
        prop_assert_eq!(sent.iter().filter(|outcome| **outcome == MESSAGE).count(), messages);

        // A notification stands alone, and only before the first voice mail was known.
        let notifications: Vec<usize> = sent.iter().enumerate()
            .filter_map(|(place, outcome)| (*outcome != MESSAGE).then_some(place)).collect();
        prop_assert!(notifications.len() <= 1, "{:?}", sent);
        let early = sequence.iter().any(|heard| matches!(heard, Heard::Sent));
        if messages > 0 && !early {
            prop_assert_eq!(notifications.len(), 0);
        }
        if let Some(place) = notifications.first() {
            prop_assert_eq!(*place, 0, "after a voice mail: {:?}", sent);
        }

        // Whoever was called and not answered is told.
        let missed = sequence.iter().any(|heard| {
            matches!(heard, Heard::Report(_) | Heard::Held(_) | Heard::End(GREETING))
        }) || live == Some(GREETING);
        if missed {
            prop_assert!(!sent.is_empty());
        }
    }
}
