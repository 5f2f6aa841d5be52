//! What became of the calls of a load.

use std::time::Duration;

use super::histogram::Histogram;
use super::plan::Kind;

/// The sound of one call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Heard {
    /// Frames that were sent.
    pub sent: u16,
    /// Packets of the server that came.
    pub received: u16,
    /// Packets that are missing among them, by sequence number.
    pub lost: u16,
    /// The longest time between two of them.
    pub longest_gap: Duration,
    /// When the first came.
    pub first: Option<Duration>,
    /// When the last came.
    pub last: Option<Duration>,
}

/// One call. Times are since 1970.
#[derive(Debug, Clone)]
pub struct CallResult {
    /// Its number, which is in its caller's address, its Call-ID and its sound.
    pub number: u32,
    /// What it was to do.
    pub kind: Kind,
    /// When its first request was sent.
    pub begun: Option<Duration>,
    /// When its 200 came.
    pub answered: Option<Duration>,
    /// When its BYE was sent first.
    pub hung_up: Option<Duration>,
    /// When its last response came.
    pub over: Option<Duration>,
    /// The final response to its first request.
    pub status: Option<u16>,
    /// Requests sent again for want of a response.
    pub repeats: u32,
    /// How often it was told to try later.
    pub refused: u32,
    /// What went wrong.
    pub fault: Option<String>,
    /// Its sound.
    pub sound: Heard,
}

impl CallResult {
    /// Before it begins.
    pub(super) fn new(number: u32, kind: Kind) -> Self {
        Self {
            number,
            kind,
            begun: None,
            answered: None,
            hung_up: None,
            over: None,
            status: None,
            repeats: 0,
            refused: 0,
            fault: None,
            sound: Heard::default(),
        }
    }

    /// From its first request to the 200.
    pub fn answer_took(&self) -> Option<Duration> {
        self.answered?.checked_sub(self.begun?)
    }

    /// From its first request to its last response.
    pub fn over_after(&self) -> Option<Duration> {
        self.over?.checked_sub(self.begun?)
    }
}

/// All calls of a load.
#[derive(Debug)]
pub struct Outcome {
    /// In the order of the plan.
    pub calls: Vec<CallResult>,
    /// How far the server's packets came from 20 ms after the one before.
    pub deviation: Histogram,
    /// The latest that the generator itself was with a packet: where that is
    /// much, the machine was too small for both.
    pub late: Duration,
    /// The most calls that were under way at one time.
    pub most_at_once: usize,
    /// CPU of the generator for SIP.
    pub sip_cpu: Duration,
    /// CPU of the generator for RTP.
    pub rtp_cpu: Duration,
}

impl Outcome {
    /// Calls that did not go as planned, each with its number and the reason.
    pub fn faults(&self) -> Vec<String> {
        let fault = |call: &CallResult| {
            let said = match (&call.fault, call.over) {
                (Some(fault), _) => fault.clone(),
                (None, None) => "it never came to its end".to_owned(),
                (None, Some(_)) => return None,
            };
            Some(format!("call {}: {said}", call.number))
        };
        self.calls.iter().filter_map(fault).collect()
    }

    /// Frames sent in all calls.
    pub fn frames_sent(&self) -> u64 {
        self.calls.iter().map(|call| u64::from(call.sound.sent)).sum()
    }

    /// Packets of the server in all calls.
    pub fn packets_received(&self) -> u64 {
        self.calls.iter().map(|call| u64::from(call.sound.received)).sum()
    }
}
