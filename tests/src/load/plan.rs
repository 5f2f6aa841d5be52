//! What the calls of a load shall do.

use std::net::SocketAddr;
use std::time::Duration;

/// Frames of 20 ms a second.
pub(super) const FRAMES: u64 = 50;

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Answered; speaks so many frames of 20 ms from 300 ms after the answer on,
    /// then hangs up: a voice mail, or a missed call where the greeting has not
    /// ended by then.
    Spoken {
        /// RTP packets sent.
        frames: u16,
    },
    /// Answered, acknowledged, hung up at once.
    Answered,
    /// Cancelled while it rings.
    Cancelled,
    /// Rang elsewhere: no call, but a front end's report of it by INFO, sent again
    /// until it is answered.
    Reported,
    /// No call: OPTIONS, which SIP alone has to do with.
    Options,
}

impl Kind {
    /// 11 s of sound, most of it after the greeting.
    pub const VOICEMAIL: Self = Self::Spoken { frames: 550 };
    /// Hung up half a second after the greeting began.
    pub const MISSED: Self = Self::Spoken { frames: 25 };

    /// How long it lasts once it was answered.
    pub fn lasts(self) -> Duration {
        match self {
            Self::Spoken { frames } => {
                Self::lead() + Duration::from_millis(u64::from(frames) * 1000 / FRAMES)
            }
            Self::Answered | Self::Cancelled | Self::Reported | Self::Options => Duration::ZERO,
        }
    }

    /// The method of its first request.
    pub(super) fn opening(self) -> &'static str {
        match self {
            Self::Options => "OPTIONS",
            Self::Reported => "INFO",
            Self::Spoken { .. } | Self::Answered | Self::Cancelled => "INVITE",
        }
    }

    /// From the answer until a caller speaks: as long as Ringpost takes to greet.
    pub(super) fn lead() -> Duration {
        Duration::from_millis(300)
    }
}

/// One call.
#[derive(Debug, Clone, Copy)]
pub struct CallPlan {
    /// What it does.
    pub kind: Kind,
    /// When it begins, from the start of the load.
    pub begin: Duration,
}

/// A load.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where SIP goes, over UDP.
    pub server: SocketAddr,
    /// User parts of who is called, in turn.
    pub users: Vec<String>,
    /// Number of the first call; the others follow.
    pub first: u32,
    /// The calls, in the order in which they begin.
    pub calls: Vec<CallPlan>,
    /// No call begins while so many are under way.
    pub at_once: usize,
    /// A call that hears nothing for so long is given up.
    pub patience: Duration,
    /// Whether a call that is told to try later (503) does so.
    pub insists: bool,
}

impl Plan {
    /// `count` calls of one kind, `rate` of them begun in a second.
    pub fn steady(server: SocketAddr, kind: Kind, count: usize, rate: f64) -> Self {
        let begin = |at: usize| Duration::from_secs_f64(at as f64 / rate);
        Self {
            server,
            users: vec!["alice".into()],
            first: 0,
            calls: (0..count).map(|at| CallPlan { kind, begin: begin(at) }).collect(),
            at_once: usize::MAX,
            patience: Duration::from_secs(10),
            insists: false,
        }
    }

    /// Calls these in turn.
    #[must_use]
    pub fn to(mut self, users: &[String]) -> Self {
        self.users = users.to_vec();
        self
    }

    /// Numbers the calls from there on, so that several loads of one server can
    /// be told apart.
    #[must_use]
    pub fn from(mut self, first: u32) -> Self {
        self.first = first;
        self
    }
}
