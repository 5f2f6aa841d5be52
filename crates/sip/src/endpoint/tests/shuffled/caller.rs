//! The caller: keeps to RFC 3261, gives up when the script says so, and may
//! vanish without a word.

use std::time::{Duration, Instant};

use super::super::world::{PEER, US};
use super::super::{Draft, OFFER, draft};
use super::network::Dice;
use crate::wire::{Message, Method, Response};

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);

/// What the caller, the called and the front end are going to do.
#[derive(Debug, Clone)]
pub(super) struct Script {
    /// When he hangs up, whatever happens; `None`: he lets Ringpost do it.
    pub(super) gives_up: Option<Duration>,
    /// Reason of his CANCEL or BYE.
    pub(super) reason: Option<&'static str>,
    /// Only CANCEL has the Reason: BYE is of somebody who does not know it.
    pub(super) silent_bye: bool,
    /// Nothing is sent or heard any more.
    pub(super) vanishes: Option<Duration>,
    /// BYE instead of CANCEL, as soon as it rings.
    pub(super) rude: bool,
    /// How long he speaks once the recording has begun.
    pub(super) speaks: Duration,
    /// When the front end reports the call as missed.
    pub(super) info: Option<Duration>,
    /// The report's body names the call; else its Call-ID does.
    pub(super) info_names_call: bool,
    /// Ringpost rings first.
    pub(super) answer_after: Duration,
}

impl Script {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let reasons = [
            None,
            None,
            Some("Q.850;cause=16;text=\"Normal call clearing\""),
            Some("SIP;cause=200;text=\"Call completed elsewhere\""),
            Some("Q.850;cause=26"),
        ];
        let reason = dice.one_of(&reasons);
        let early = dice.one_of(&[600, 6_000, 20_000]);
        let info = dice.chance(40).then(|| dice.millis(0, 15_000));
        Self {
            gives_up: dice.chance(85).then(|| dice.millis(0, early)),
            reason,
            vanishes: dice.chance(12).then(|| dice.millis(0, 12_000)),
            silent_bye: dice.chance(40),
            rude: dice.chance(8),
            speaks: dice.one_of(&[Duration::ZERO, T1, Duration::from_secs(8)]),
            // A front end does not report a call as missed that it saw answered.
            info: info.filter(|_| !says_elsewhere(reason)),
            info_names_call: dice.chance(50),
            answer_after: dice.one_of(&[0, 0, 300, 2_000, 8_000].map(Duration::from_millis)),
        }
    }
}

/// Somebody else took the call (RFC 3326).
pub(super) fn says_elsewhere(reason: Option<&str>) -> bool {
    reason.is_some_and(|reason| reason.contains("SIP;cause=200") || reason.contains("cause=26"))
}

/// A request that is repeated until it is answered.
#[derive(Debug)]
struct Waiting {
    method: Method,
    text: String,
    next: Instant,
    interval: Duration,
    until: Instant,
}

#[derive(Debug)]
pub(super) struct Caller {
    script: Script,
    name: String,
    start: Instant,
    waiting: Vec<Waiting>,
    pub(super) sends: Vec<String>,
    proceeding: bool,
    early: Option<Response>,
    answered: Option<Response>,
    over: bool,
    leaves: bool,
    left: bool,
}

impl Caller {
    /// Sends his INVITE.
    pub(super) fn new(script: Script, name: String, now: Instant) -> Self {
        let mut caller = Self {
            script,
            name,
            start: now,
            waiting: Vec::new(),
            sends: Vec::new(),
            proceeding: false,
            early: None,
            answered: None,
            over: false,
            leaves: false,
            left: false,
        };
        let invite = caller.request("INVITE", "i", 1).body("application/sdp", OFFER);
        caller.send(Method::INVITE, invite.text(), now);
        caller
    }

    fn request(&self, method: &str, branch: &str, cseq: u32) -> Draft {
        let branch = format!("{}{branch}", self.name);
        draft((PEER.into(), US.into()), method, &branch, cseq).call_id(&self.name)
    }

    fn send(&mut self, method: Method, text: String, now: Instant) {
        self.sends.push(text.clone());
        let until = now + 64 * T1;
        self.waiting.push(Waiting { method, text, next: now + T1, interval: T1, until });
    }

    fn is_gone(&self, now: Instant) -> bool {
        self.script.vanishes.is_some_and(|after| now >= self.start + after)
    }

    /// When something of him is due.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        if self.is_gone(now) {
            return None;
        }
        let gives_up = self.script.gives_up.filter(|_| !self.leaves);
        let gives_up = gives_up.map(|after| self.start + after);
        self.waiting.iter().map(|waiting| waiting.next).chain(gives_up).min()
    }

    pub(super) fn due(&mut self, now: Instant) {
        if self.is_gone(now) {
            return;
        }
        for waiting in &mut self.waiting {
            if now >= waiting.next {
                self.sends.push(waiting.text.clone());
                waiting.interval *= 2;
                if waiting.method != Method::INVITE {
                    waiting.interval = waiting.interval.min(T2);
                }
                waiting.next = now + waiting.interval;
            }
        }
        self.waiting.retain(|waiting| waiting.next < waiting.until);
        if self.script.gives_up.is_some_and(|after| now >= self.start + after) {
            self.leaves = true;
            self.leave(now);
        }
    }

    pub(super) fn hears(&mut self, message: &Message, now: Instant) {
        if self.is_gone(now) {
            return;
        }
        match message {
            Message::Request(request) => {
                let header = |name: &str| request.headers.get(name).unwrap();
                self.sends.push(format!(
                    "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\n\
                     CSeq: {}\r\n\r\n",
                    header("Via"),
                    header("From"),
                    header("To"),
                    header("Call-ID"),
                    header("CSeq")
                ));
                self.over = true;
            }
            Message::Response(response) => self.hears_response(response, now),
        }
    }

    fn hears_response(&mut self, response: &Response, now: Instant) {
        let method = response.cseq().unwrap().1;
        if method != Method::INVITE {
            if response.status >= 200 {
                self.waiting.retain(|waiting| waiting.method != method);
            }
            return;
        }
        self.waiting.retain(|waiting| waiting.method != Method::INVITE);
        match response.status {
            ..200 => {
                self.proceeding = true;
                if response.status > 100 {
                    self.early = Some(response.clone());
                }
            }
            200..300 => {
                self.sends.push(self.request("ACK", "a", 1).within(response).text());
                self.answered = Some(response.clone());
            }
            _ => {
                self.sends.push(self.request("ACK", "i", 1).within(response).text());
                self.over = true;
            }
        }
        if self.leaves {
            self.leave(now);
        }
    }

    /// BYE where there is a call, CANCEL where there may be one (RFC 3261 §9.1).
    fn leave(&mut self, now: Instant) {
        let reasoned = |draft: Draft, reason: Option<&str>| match reason {
            Some(reason) => draft.header("Reason", reason),
            None => draft,
        };
        let reason = self.script.reason;
        let early = self.early.as_ref().filter(|_| self.script.rude);
        if let Some(dialog) = self.answered.as_ref().or(early).filter(|_| !self.over) {
            let known = reason.filter(|_| !self.script.silent_bye);
            let bye = reasoned(self.request("BYE", "b", 2).within(dialog), known).text();
            self.over = true;
            self.send(Method::BYE, bye, now);
        } else if self.proceeding && !self.left && !self.over {
            self.left = true;
            let cancel = reasoned(self.request("CANCEL", "i", 1), reason).text();
            self.send(Method::CANCEL, cancel, now);
        }
    }
}
