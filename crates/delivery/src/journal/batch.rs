//! Many jobs in one transaction, in their order. Those that come with every
//! call go to the database together where none of them can see what another one
//! writes; the rest go one by one.

use std::collections::{HashMap, HashSet};

use ringpost_model::Ear;
use sqlx::SqliteConnection;

use super::JournalError;
use super::Settled;
use super::calls::{self, Begin, Filing};
use super::desk::Offer;
use super::fresh;
use super::job::{Asked, Job};
use super::settling::{self, Delivered};

/// Does all of them. Mails are leased as far as there is an offer.
pub(super) async fn run(
    db: &mut SqliteConnection,
    jobs: &mut [Job],
    offer: Option<&Offer>,
) -> Result<(), JournalError> {
    let mut rest = jobs;
    while let Some((together, later)) = split(rest) {
        match together {
            [Job::Other(alone)] => alone.run(db).await?,
            group => run_group(db, group, offer).await?,
        }
        rest = later;
    }
    Ok(())
}

/// The jobs from the first on that can be done together, and those after them.
fn split(jobs: &mut [Job]) -> Option<(&mut [Job], &mut [Job])> {
    let mut group = Group::default();
    let count = jobs.iter().take_while(|job| group.admits(job)).count();
    if jobs.is_empty() { None } else { jobs.split_at_mut_checked(count.max(1)) }
}

/// What the jobs of a group have to do with.
#[derive(Default)]
struct Group<'a> {
    records: HashSet<&'a str>,
    /// Subscriber and identifier.
    names: HashSet<(&'a str, &'a str)>,
    /// Whose calls with known parties were heard of, by which ear.
    ears: HashMap<&'a str, Ear>,
    mails: HashSet<i64>,
}

impl<'a> Group<'a> {
    /// Takes the job in, unless one before it may matter to it.
    fn admits(&mut self, job: &'a Job) -> bool {
        match job {
            // Written behind the ends, one of which may be its own.
            Job::Begin(_) => true,
            Job::Delivered(job) => self.mails.insert(job.task.mail),
            Job::File(job) => {
                let entry = &job.task.entry;
                let whose = entry.subscriber.as_str();
                // What one ear says twice is of two calls, unless it names the same.
                let ear = entry.record.ear;
                let is_alone =
                    !entry.has_parties() || *self.ears.entry(whose).or_insert(ear) == ear;
                self.records.insert(&entry.record.id)
                    && is_alone
                    && !entry.names().any(|name| self.names.contains(&(whose, name)))
                    && {
                        self.names.extend(entry.names().map(|name| (whose, name)));
                        true
                    }
            }
            Job::Other(_) => false,
        }
    }
}

async fn run_group(
    db: &mut SqliteConnection,
    jobs: &mut [Job],
    offer: Option<&Offer>,
) -> Result<(), JournalError> {
    let (mut begins, mut filings, mut delivered) = (Vec::new(), Vec::new(), Vec::new());
    for job in jobs {
        match job {
            Job::Begin(job) => begins.push(job),
            Job::File(job) => filings.push(&mut **job),
            Job::Delivered(job) => delivered.push(job),
            Job::Other(alone) => alone.run(db).await?,
        }
    }
    // What was handed over is so since before anything here was asked for.
    deliver(db, delivered).await?;
    file(db, &mut filings, offer).await?;
    let ended: HashSet<&str> =
        filings.iter().map(|filing| filing.task.entry.record.id.as_str()).collect();
    begin(db, begins, &ended).await
}

/// Fresh records together, one of which something is known by itself.
async fn file(
    db: &mut SqliteConnection,
    filings: &mut [&mut Asked<Filing>],
    offer: Option<&Offer>,
) -> Result<(), JournalError> {
    let (mut rest, mut most) = (filings, usize::MAX);
    while !rest.is_empty() {
        let Some((looked_at, _)) = rest.split_at_mut_checked(most.min(rest.len())) else { break };
        let found = fresh::count(db, looked_at).await?;
        let Some((together, known)) = looked_at.split_at_mut_checked(found.count) else { break };
        if !together.is_empty() {
            fresh::insert(db, together, &found, offer).await?;
        }
        let mut done = found.count;
        if let Some(filing) = known.first_mut() {
            filing.task.leased = None;
            filing.task.is_quiet = false;
            filing.run(db).await?;
            done = done.saturating_add(1);
        }
        // Where much is known, less is looked at in vain.
        most = done.saturating_mul(2);
        rest = rest.split_at_mut_checked(done).map_or(&mut [], |(_, rest)| rest);
    }
    Ok(())
}

async fn begin(
    db: &mut SqliteConnection,
    begins: Vec<&mut Asked<Begin>>,
    ended: &HashSet<&str>,
) -> Result<(), JournalError> {
    let calls: Vec<_> = begins
        .iter()
        .map(|begin| (&begin.task.id, &begin.task.body))
        .filter(|(id, _)| !ended.contains(id.as_str()))
        .collect();
    if !calls.is_empty() {
        calls::begin(db, &calls).await?;
    }
    for begin in begins {
        begin.output = Some(());
    }
    Ok(())
}

async fn deliver(
    db: &mut SqliteConnection,
    delivered: Vec<&mut Asked<Delivered>>,
) -> Result<(), JournalError> {
    if delivered.is_empty() {
        return Ok(());
    }
    let mails: Vec<_> = delivered
        .iter()
        .map(|job| (job.task.mail, &job.task.reply, job.task.now.as_millis()))
        .collect();
    let known = settling::delivered(db, &mails).await?;
    for job in delivered {
        let is_known = known.contains(&job.task.mail);
        job.output = Some(if is_known { Settled::Delivered } else { Settled::Stale });
    }
    Ok(())
}
