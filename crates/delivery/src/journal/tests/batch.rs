//! Jobs done together leave the rows and give the answers that they would have,
//! done one by one.

use proptest::prelude::*;
use sqlx::{AssertSqlSafe, Column, Row, SqliteConnection, TypeInfo, ValueRef};

use super::super::batch;
use super::super::job::{Asked, Job, Task};
use super::*;

/// One job, small enough that they have to do with each other often.
#[derive(Debug, Clone, Copy)]
enum Op {
    Begin { call: u8 },
    End { call: u8, said: Said },
    Report { id: u8, said: Said },
    Held { id: u8, call: u8, said: Said },
    Delivered { mail: i64 },
    TryAgain { mail: i64 },
}

/// Who heard what of whom.
#[derive(Debug, Clone, Copy)]
struct Said {
    user: u8,
    caller: u8,
    name: u8,
    ear: Ear,
    outcome: Outcome,
    second: u64,
}

fn said() -> impl Strategy<Value = Said> {
    let ear = prop_oneof![3 => Just(Ear::Call), 1 => Just(Ear::Info), 1 => Just(Ear::Cdr)];
    let outcome = prop_oneof![
        4 => Just(GREETING),
        1 => Just(MESSAGE),
        1 => Just(Outcome::Silent(Why::AnsweredElsewhere)),
        1 => Just(Outcome::Silent(Why::Refused(486))),
    ];
    (0..3u8, 0..3u8, 0..12u8, ear, outcome, 0..20u64).prop_map(
        |(user, caller, name, ear, outcome, second)| Said {
            user,
            caller,
            name,
            ear,
            outcome,
            second,
        },
    )
}

fn op() -> impl Strategy<Value = Op> {
    let call = 0..24u8;
    prop_oneof![
        4 => call.clone().prop_map(|call| Op::Begin { call }),
        8 => (call.clone(), said()).prop_map(|(call, said)| Op::End { call, said }),
        2 => (24..40u8, said()).prop_map(|(id, said)| Op::Report { id, said }),
        1 => (40..50u8, call, said()).prop_map(|(id, call, said)| Op::Held { id, call, said }),
        3 => (1..3i64).prop_map(|mail| Op::Delivered { mail }),
        1 => Just(Op::TryAgain { mail: 3 }),
    ]
}

fn record_of(id: u8, said: Said) -> CallRecord {
    let user = ["alice", "bob", "carol"][usize::from(said.user)];
    let mails: &[&str] = match said.user {
        0 => &["alice@example.com"],
        1 => &["bob@example.com", "team@example.com"],
        _ => &[],
    };
    let mut record =
        record(&format!("r{id}"), said.ear, said.outcome, &format!("n{}", said.name), said.second)
            .to(user, mails);
    record.ended = at(said.second + u64::from(said.name % 3));
    match said.caller {
        0 => record,
        caller => record.from(&format!("+1425555014{caller}")),
    }
}

fn job(op: Op) -> Job {
    fn asked<T: Task>(task: T) -> Job {
        T::job(Asked::new(task).0)
    }
    let limits = Limits { notifications_per_hour: 4 };
    let entry = |id, said| Entry::new(record_of(id, said)).unwrap();
    match op {
        Op::Begin { call } => asked(Begin { id: format!("r{call}"), body: "{}".into() }),
        Op::End { call, said } => asked(Filing::new(entry(call, said), limits, true)),
        Op::Report { id, said } => asked(Filing::new(entry(id, said), limits, false)),
        Op::Held { id, call, said } => {
            asked(Report { entry: entry(id, said), live: format!("r{call}"), limits })
        }
        Op::Delivered { mail } => asked(Delivered { mail, reply: "250".into(), now: at(30) }),
        Op::TryAgain { mail } => asked(Settling {
            mail,
            attempts: 0,
            reason: "451".into(),
            refused: false,
            now: at(30),
            retry: crate::RetrySchedule::default(),
            jitter: 0.5,
        }),
    }
}

/// Everything in the tables, as text.
async fn rows(db: &mut SqliteConnection) -> Vec<String> {
    let mut all = Vec::new();
    for table in ["open_call", "ledger", "heard_identifier", "heard_party", "held", "outbox"] {
        let sql = format!("SELECT * FROM {table}");
        for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *db).await.unwrap() {
            let cells = row.columns().iter().map(|column| {
                let value = row.try_get_raw(column.ordinal()).unwrap();
                match value.type_info().name() {
                    "INTEGER" => row.get::<i64, _>(column.ordinal()).to_string(),
                    "NULL" => "-".into(),
                    _ => row.get::<String, _>(column.ordinal()),
                }
            });
            all.push(format!("{table}: {}", cells.collect::<Vec<_>>().join(" | ")));
        }
    }
    all.sort();
    all
}

/// What the jobs that can be done together have answered.
fn answers(jobs: &[Job]) -> Vec<String> {
    let said = jobs.iter().map(|job| match job {
        Job::Begin(job) => format!("{:?}", job.output),
        Job::File(job) => format!("{:?}", job.output),
        Job::Delivered(job) => format!("{:?}", job.output),
        Job::Other(_) => String::new(),
    });
    said.collect()
}

async fn one_by_one(db: &mut SqliteConnection, jobs: &mut [Job]) {
    for job in jobs {
        match job {
            Job::Begin(job) => job.run(db).await.unwrap(),
            Job::File(job) => Asked::run(job, db).await.unwrap(),
            Job::Delivered(job) => job.run(db).await.unwrap(),
            Job::Other(job) => job.run(db).await.unwrap(),
        }
    }
}

async fn check(before: Vec<Op>, batch: Vec<Op>) -> Result<(), TestCaseError> {
    let mut said = Vec::new();
    for together in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let mut db = Store::at(dir.path()).create().await.unwrap();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut db).await.unwrap();
        let mut first: Vec<_> = before.iter().map(|op| job(*op)).collect();
        one_by_one(&mut db, &mut first).await;
        // Whoever says that a mail was delivered has it.
        sqlx::query("UPDATE outbox SET leased_until = 1 WHERE state = 'queued'")
            .execute(&mut db)
            .await
            .unwrap();
        let mut jobs: Vec<_> = batch.iter().map(|op| job(*op)).collect();
        if together {
            batch::run(&mut db, &mut jobs, None).await.unwrap();
        } else {
            one_by_one(&mut db, &mut jobs).await;
        }
        said.push((answers(&jobs), rows(&mut db).await));
    }
    prop_assert_eq!(&said[1], &said[0]);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn together_is_as_good_as_one_by_one(
        before in prop::collection::vec(op(), 0..16),
        batch in prop::collection::vec(op(), 1..24),
    ) {
        // Mails that can have been handed over.
        let there = [Ear::Call, Ear::Call, Ear::Info].into_iter().enumerate().map(|(n, ear)| {
            let n = n as u8;
            let (outcome, second) = (GREETING, u64::from(n) * 7);
            let said = Said { user: 0, caller: n, name: n, ear, outcome, second };
            Op::Report { id: 60 + n, said }
        });
        let before = there.chain(before).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(before, batch))?;
    }
}
