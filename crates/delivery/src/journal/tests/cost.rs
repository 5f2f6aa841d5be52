//! Many missed calls at once, each with its mail, as the house leads them: every
//! one is filed and every mail handed over and settled once.
//!
//! It also prints what that costs the journal, processor time of the whole process
//! for each call. To measure it:
//!
//! `CALLS=10000 HOLD_MS=500 cargo test --release -p ringpost-delivery cost -- --nocapture`
//!
//! `RATE`, `CALLS`, `USERS`, `HOLD_MS` and `DIR` change the load, and where it is stored.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::SystemTime;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::*;

const IN_HAND: usize = 64;

fn set<T: FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

/// Nanoseconds on a processor so far, by the name of the thread.
fn spent() -> BTreeMap<String, u64> {
    let mut spent = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let read = |file| std::fs::read_to_string(task.path().join(file)).unwrap_or_default();
        let nanos = read("schedstat").split(' ').next().and_then(|text| text.parse().ok());
        *spent.entry(read("comm").trim().to_owned()).or_default() += nanos.unwrap_or(0u64);
    }
    spent
}

fn call(number: usize, users: usize) -> (OpenCall, CallRecord) {
    let id = format!("0192f0c1-7a10-7{:03x}-8a{:02x}-{number:012x}", number & 0xfff, number & 0xff);
    let user = format!("user{}", number * 7919 % users);
    let mut record =
        record(&id, Ear::Call, GREETING, &format!("{number}-a84b4c76e66710@192.0.2.7"), 0)
            .from("+14255550142")
            .to(&user, &[&format!("{user}@example.com")]);
    record.received = now();
    record.answered = Some(now());
    let open = OpenCall {
        id: record.id.clone(),
        call_id: record.call_id.clone(),
        identifiers: record.identifiers.clone(),
        called: record.called.clone(),
        subscriber: record.subscriber.clone().unwrap(),
        caller: record.caller.clone(),
        received: record.received,
        answered: now(),
    };
    (open, record)
}

/// One call: answered, hung up after a while; the delay of its end's commit.
async fn one(
    journal: Journal,
    number: usize,
    users: usize,
    hold: Duration,
) -> (Duration, Duration) {
    let (open, mut record) = call(number, users);
    let begun = Instant::now();
    journal.begin(&open).await.unwrap();
    let begin = begun.elapsed();
    tokio::time::sleep_until(begun + hold).await;
    record.ended = now();
    let ending = Instant::now();
    assert_eq!(journal.end(record).await, Ok(told(1)));
    (begin, ending.elapsed())
}

/// Settles until so many mails are delivered, as the post does.
async fn post(journal: Journal, mails: usize, late: Arc<std::sync::Mutex<Vec<u64>>>) {
    let mut claims = journal.claims(IN_HAND, now);
    let mut in_hand = JoinSet::new();
    for _ in 0..mails {
        let claim = claims.next().await.unwrap();
        late.lock().unwrap().push(now().since(claim.record.ended).as_millis() as u64);
        let journal = journal.clone();
        in_hand.spawn(async move { journal.settle(&claim, &delivered(), now()).await.unwrap() });
        while let Some(settled) = in_hand.try_join_next() {
            assert_eq!(settled.unwrap(), Settled::Delivered);
        }
    }
    in_hand.join_all().await;
}

fn percentiles<T: Ord + Copy + std::fmt::Debug>(mut all: Vec<T>) -> String {
    all.sort();
    let at = |share: f64| all[((all.len() - 1) as f64 * share) as usize];
    format!("p50 {:?} p99 {:?} max {:?}", at(0.5), at(0.99), at(1.0))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_are_filed_and_their_mails_settled_and_what_that_costs() {
    let (rate, calls) = (set("RATE", 2000.0), set("CALLS", 300));
    let (users, hold) = (set("USERS", 1000), Duration::from_millis(set("HOLD_MS", 20)));
    let dir = match std::env::var("DIR") {
        Ok(dir) => tempfile::tempdir_in(dir).unwrap(),
        Err(_) => tempfile::tempdir().unwrap(),
    };
    let journal = open(dir.path()).await;
    let late = Arc::<std::sync::Mutex<Vec<u64>>>::default();
    let (begun, before) = (Instant::now(), spent());
    let posting = tokio::spawn(post(journal.clone(), calls, late.clone()));
    let mut running = JoinSet::new();
    for number in 0..calls {
        tokio::time::sleep_until(begun + Duration::from_secs_f64(number as f64 / rate)).await;
        running.spawn(one(journal.clone(), number, users, hold));
    }
    let (begins, ends): (Vec<_>, Vec<_>) = running.join_all().await.into_iter().unzip();
    posting.await.unwrap();
    let (took, after) = (begun.elapsed(), spent());
    assert_eq!(journal.open_calls().await.unwrap(), []);
    let limit = u32::try_from(calls).unwrap() + 1;
    let rows = journal.ledger(LedgerQuery { limit, ..LedgerQuery::default() }).await.unwrap();
    assert_eq!(rows.len(), calls);
    let unsettled = rows.iter().find(|row| row.mails != [MailState::Delivered]);
    assert_eq!(unsettled, None);
    println!("{calls} calls at {rate} a second in {took:.1?}");
    println!("begin: {}\nend:   {}", percentiles(begins), percentiles(ends));
    println!("end to claim, ms: {}", percentiles(late.lock().unwrap().clone()));
    let mut all = 0;
    for (name, nanos) in after {
        let nanos = nanos - before.get(&name).copied().unwrap_or(0);
        all += nanos;
        println!("{:8.1} us a call in {name}", nanos as f64 / 1000.0 / calls as f64);
    }
    println!("{:8.1} us a call in all", all as f64 / 1000.0 / calls as f64);
    for file in std::fs::read_dir(dir.path()).unwrap().flatten() {
        println!("{:?} {} kB", file.file_name(), file.metadata().unwrap().len() / 1024);
    }
    journal.close().await;
}
