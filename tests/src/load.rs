//! Calls by the hundred from one socket, and what became of each.
//!
//! The generator shares the machine with the server, so it is lean: one thread
//! for SIP and one for RTP, each with one socket for all calls. A [`Plan`] says
//! what each call does and when it begins; [`Load::start`] places them, and
//! [`Load::finish`] gives a [`CallResult`] for each.
//!
//! Every call is told apart: its caller is `sip:load-000123@example.com`, its
//! Call-ID begins with `load-000123`, and each frame of its sound carries the
//! number of the call and its own, so that [`frames::check`] finds every frame
//! that a recording lacks. [`MailSink`] takes the mails and says which call each
//! is about.
//!
//! Times are those of the wall clock since 1970 ([`now`]); what came in by UDP is
//! stamped by the kernel, so that a late generator makes no late server.

pub mod cpu;
mod drops;
pub mod frames;
mod histogram;
mod kept;
mod plan;
mod result;
mod rtp;
mod sink;
mod sip;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use drops::Drops;
pub use histogram::Histogram;
pub use kept::{Checked, check_mails};
pub use plan::{CallPlan, Kind, Plan};
pub use result::{CallResult, Heard, Outcome};
pub use rtp::Sound;
pub use sink::{Keep, Mail, MailSink};
pub use wire::{Arrivals, Datagram, Departures};

/// The wall clock, since 1970.
pub fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// How far a load is; may be read at any time.
#[derive(Debug, Default)]
pub struct Progress {
    begun: AtomicUsize,
    answered: AtomicUsize,
    ended: AtomicUsize,
    stopped: AtomicBool,
}

impl Progress {
    /// Calls whose first request was sent.
    pub fn begun(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }

    /// Calls that were answered so far.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Calls that are over, well or not.
    pub fn ended(&self) -> usize {
        self.ended.load(Ordering::Relaxed)
    }
}

/// Calls under way, until [`Load::finish`].
pub struct Load {
    progress: Arc<Progress>,
    sip: JoinHandle<sip::Ended>,
    rtp: JoinHandle<rtp::Ended>,
}

impl Load {
    /// Begins with the first call.
    pub fn start(plan: Plan) -> Self {
        let progress = Arc::new(Progress::default());
        let sound = rtp::Sender::new(plan.calls.len(), plan.first);
        let caller = sip::Caller::new(plan, &sound, Arc::clone(&progress));
        let rtp = std::thread::spawn(move || sound.run());
        let sip = std::thread::spawn(move || caller.run());
        Self { progress, sip, rtp }
    }

    /// How far it is.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Leaves all calls as they are: nothing is sent any more, and
    /// [`Load::finish`] comes at once. For a server that was killed.
    pub fn stop(&self) {
        self.progress.stopped.store(true, Ordering::Relaxed);
    }

    /// Waits until every call is over, or was given up.
    pub fn finish(self) -> Outcome {
        let sip = self.sip.join().expect("the thread of SIP");
        let rtp = self.rtp.join().expect("the thread of RTP");
        let mut calls = sip.calls;
        for (call, heard) in calls.iter_mut().zip(rtp.heard) {
            call.sound = heard;
        }
        Outcome {
            calls,
            deviation: rtp.deviation,
            late: rtp.late,
            most_at_once: sip.most_at_once,
            sip_cpu: sip.cpu,
            rtp_cpu: rtp.cpu,
        }
    }
}

#[cfg(test)]
mod tests;
