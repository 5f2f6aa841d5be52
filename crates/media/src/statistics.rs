//! Plain counters of the engine.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What the engine has done since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Streams open now.
    pub streams: usize,
    /// Recordings open now.
    pub recordings: usize,
    /// RTP packets that counted.
    pub received: u64,
    /// RTP packets sent.
    pub sent: u64,
    /// Packets from somebody else before the remote end was heard; afterwards
    /// the kernel drops such packets uncounted.
    pub refused: u64,
    /// Packets on encrypted streams without a valid tag: forged, plain, with
    /// another key, or come for the second time.
    pub unauthentic: u64,
    /// Datagrams that were no RTP, RTCP among them.
    pub malformed: u64,
    /// Packets of sound that came after their place was written.
    pub late: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets that did not fit their stream.
    pub strays: u64,
    /// Packets that could not be sent.
    pub unsent: u64,
    /// Ticks left out since a worker came more than 100 ms late.
    pub missed_ticks: u64,
    /// Samples of recordings that became silence since the disk hung for so long
    /// that no more could wait for it.
    pub unwritten: u64,
}

/// One worker's counters since it last published them.
#[derive(Debug, Default)]
pub struct Counters {
    pub received: u64,
    pub sent: u64,
    pub refused: u64,
    pub unauthentic: u64,
    pub malformed: u64,
    pub late: u64,
    pub duplicates: u64,
    pub strays: u64,
    pub unsent: u64,
    pub missed_ticks: u64,
    pub unwritten: u64,
}

/// All workers' counters, touched once a tick and not once a packet.
#[derive(Debug, Default)]
pub struct Totals {
    received: AtomicU64,
    sent: AtomicU64,
    refused: AtomicU64,
    unauthentic: AtomicU64,
    malformed: AtomicU64,
    late: AtomicU64,
    duplicates: AtomicU64,
    strays: AtomicU64,
    unsent: AtomicU64,
    missed_ticks: AtomicU64,
    unwritten: AtomicU64,
    /// Recordings open now; the writer counts them.
    pub recordings: AtomicUsize,
}

impl Totals {
    /// Adds what one worker counted, and empties its counters.
    pub fn publish(&self, counters: &mut Counters) {
        let Counters {
            received,
            sent,
            refused,
            unauthentic,
            malformed,
            late,
            duplicates,
            strays,
            unsent,
            missed_ticks,
            unwritten,
        } = std::mem::take(counters);
        for (total, count) in [
            (&self.received, received),
            (&self.sent, sent),
            (&self.refused, refused),
            (&self.unauthentic, unauthentic),
            (&self.malformed, malformed),
            (&self.late, late),
            (&self.duplicates, duplicates),
            (&self.strays, strays),
            (&self.unsent, unsent),
            (&self.missed_ticks, missed_ticks),
            (&self.unwritten, unwritten),
        ] {
            if count > 0 {
                total.fetch_add(count, Ordering::Relaxed);
            }
        }
    }

    /// The counters now; `streams` is counted elsewhere.
    pub fn read(&self, streams: usize) -> Statistics {
        let read = |total: &AtomicU64| total.load(Ordering::Relaxed);
        Statistics {
            streams,
            recordings: self.recordings.load(Ordering::Relaxed),
            received: read(&self.received),
            sent: read(&self.sent),
            refused: read(&self.refused),
            unauthentic: read(&self.unauthentic),
            malformed: read(&self.malformed),
            late: read(&self.late),
            duplicates: read(&self.duplicates),
            strays: read(&self.strays),
            unsent: read(&self.unsent),
            missed_ticks: read(&self.missed_ticks),
            unwritten: read(&self.unwritten),
        }
    }
}
