//! How the journal is to behave.

use std::path::PathBuf;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::RetrySchedule;

/// Plain settings of a [`Journal`](crate::Journal).
#[derive(Debug, Clone)]
pub struct JournalSettings {
    /// State folder; the database is `outbox.db` inside it.
    pub dir: PathBuf,
    /// How long a ledger row is kept after its call.
    pub keep_ledger: Duration,
    /// When a mail that could not be handed over is tried again.
    pub retry: RetrySchedule,
    /// How long a claimed mail belongs to its claimer: longer than any courier
    /// takes for one mail.
    pub lease: Duration,
    /// Missed call notifications for one subscriber within an hour; 0: no limit.
    /// Voice mails are not counted and never held back.
    pub notifications_per_hour: u32,
    /// Who gets a mail back that somebody refused: recipient of returns.
    pub postmaster: String,
    /// Where its writer runs; `None`: on the runtime that it is opened on. Writer and
    /// database take turns with each statement, which costs least on a runtime of
    /// one thread.
    pub writer: Option<Handle>,
}

impl JournalSettings {
    /// Ledger rows for 90 days, the default schedule, leases of 10 minutes, at
    /// most 200 notifications an hour, and `postmaster` without a domain, which
    /// every mail system takes (RFC 5321 §4.5.1).
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            keep_ledger: Duration::from_secs(90 * 24 * 3600),
            retry: RetrySchedule::default(),
            lease: Duration::from_secs(600),
            notifications_per_hour: 200,
            postmaster: "postmaster".into(),
            writer: None,
        }
    }
}
