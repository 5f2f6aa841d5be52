//! Many calls that end together share a commit.

use std::time::Instant;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_ends_by_two_hundred_tasks() {
    let dir = tempfile::tempdir().unwrap();
    let settings =
        JournalSettings { notifications_per_hour: 0, ..JournalSettings::new(dir.path()) };
    let journal = Journal::open(settings).await.unwrap();
    let begun = Instant::now();
    let tasks: Vec<_> = (0..200)
        .map(|task| {
            let journal = journal.clone();
            tokio::spawn(async move {
                for number in 0..10 {
                    let id = format!("{task}-{number}");
                    let user = format!("user{task}");
                    let record = record(&id, Ear::Call, GREETING, &id, number)
                        .from("+14255550142")
                        .to(&user, &["user@example.com"]);
                    assert_eq!(journal.end(record).await, Ok(told(1)));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let took = begun.elapsed();
    println!("2000 ends in {took:?}: {:.0} a second", 2000.0 / took.as_secs_f64());
    assert_eq!(journal.counts().await.unwrap().queued, 2000);
}
