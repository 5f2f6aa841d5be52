//! One socket or connection that speaks SIP to one server and remembers all it
//! heard.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::wire::Wire;
use super::{Message, Way};

/// RFC 3261 §17.1.1.1: the first retransmission comes after this.
const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);

/// A caller's connection to the server.
pub struct Line {
    wire: Wire,
    way: Way,
    waiting: VecDeque<Message>,
    heard: Vec<Message>,
}

impl Line {
    /// A fresh socket or connection on loopback towards the server. Fails where
    /// none can be had.
    pub fn to(way: impl Into<Way>) -> Self {
        Self::open(&way.into()).unwrap_or_else(|fault| panic!("{fault}"))
    }

    /// The same where it may be refused; what went wrong then. A server of TLS
    /// 1.3 may still close it after this (RFC 8446 §4.4.3).
    pub fn open(way: &Way) -> Result<Self, String> {
        let wire = Wire::open(way)?;
        Ok(Self { wire, way: way.clone(), waiting: VecDeque::new(), heard: Vec::new() })
    }

    /// Our own address.
    pub fn local(&self) -> SocketAddr {
        self.wire.local()
    }

    /// Our own address as a URI for Contact.
    pub fn contact(&self, user: &str) -> String {
        match self.way.name() {
            "UDP" => format!("sip:{user}@{}", self.local()),
            name => format!("sip:{user}@{};transport={}", self.local(), name.to_lowercase()),
        }
    }

    /// Whom we speak to.
    pub fn server(&self) -> SocketAddr {
        self.way.server
    }

    /// Why the connection is over, if it is.
    pub fn closed(&self) -> Option<String> {
        self.wire.closed()
    }

    /// The certificate that the server showed, as DER.
    pub fn certificate(&self) -> Option<Vec<u8>> {
        self.wire.certificate()
    }

    /// A token that was never used before in this process.
    pub fn token(kind: &str) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        format!("{kind}{:x}x{next:x}", std::process::id())
    }

    /// A Via line with a fresh branch.
    pub fn via(&self) -> String {
        let name = self.way.name();
        format!("SIP/2.0/{name} {};branch={};rport", self.local(), Self::token("z9hG4bK"))
    }

    /// Sends once, whatever comes of it.
    pub fn send(&self, message: &Message) {
        self.send_raw(&message.bytes());
    }

    /// Sends bytes as they are.
    pub fn send_raw(&self, bytes: &[u8]) {
        self.wire.send(bytes);
    }

    /// Everything heard so far, oldest first.
    pub fn heard(&self) -> &[Message] {
        &self.heard
    }

    /// How many responses with that status and CSeq were heard so far.
    pub fn count(&self, status: u16, cseq: (u32, &str)) -> usize {
        let wanted = |heard: &&Message| heard.status() == Some(status) && heard.cseq() == cseq;
        self.heard.iter().filter(wanted).count()
    }

    /// Puts a message back, to be the first of the next wait.
    pub fn put_back(&mut self, message: Message) {
        self.waiting.push_front(message);
    }

    /// The next message that `wanted` accepts; others are kept for later waits.
    pub fn receive(
        &mut self,
        within: Duration,
        wanted: impl Fn(&Message) -> bool,
    ) -> Option<Message> {
        if let Some(place) = self.waiting.iter().position(&wanted) {
            return self.waiting.remove(place);
        }
        let deadline = Instant::now() + within;
        loop {
            let message = self.next_before(deadline)?;
            if wanted(&message) {
                return Some(message);
            }
            self.waiting.push_back(message);
        }
    }

    /// Sends a request, repeats it as RFC 3261 §17.1 says, and waits for a
    /// response that `wanted` accepts.
    pub fn ask(
        &mut self,
        request: &Message,
        within: Duration,
        wanted: impl Fn(u16) -> bool,
    ) -> Option<Message> {
        let deadline = Instant::now() + within;
        let (number, method) = request.cseq();
        let ours = |message: &Message| message.cseq() == (number, method);
        let mut again = T1;
        let mut sent = false;
        let mut stopped = false;
        // §17.1: on a reliable transport nothing is repeated.
        let repeats = self.way.name() == "UDP";
        loop {
            if !sent || (repeats && !stopped) {
                self.send(request);
                sent = true;
            }
            let pause = again.min(deadline.saturating_duration_since(Instant::now()));
            let until = Instant::now() + pause;
            again = (again * 2).min(T2);
            while Instant::now() < until {
                let left = until.saturating_duration_since(Instant::now());
                let Some(response) =
                    self.receive(left, |message| message.status().is_some() && ours(message))
                else {
                    break;
                };
                let status = response.status().unwrap_or(0);
                if wanted(status) {
                    return Some(response);
                }
                // §17.1.1.2: a provisional response ends the repetitions of an INVITE.
                stopped |= method == "INVITE";
                if status >= 200 {
                    return None;
                }
            }
            if Instant::now() >= deadline || self.closed().is_some() {
                return None;
            }
        }
    }

    /// What was heard, for the message of a failed wait.
    pub fn story(&self) -> String {
        let lines: Vec<String> = self
            .heard
            .iter()
            .map(|message| format!("  {} ({})", message.start, message.cseq().1))
            .collect();
        let heard = if lines.is_empty() { "  nothing".into() } else { lines.join("\n") };
        match self.closed() {
            Some(why) => format!("{heard}\n  (and the connection is over: {why})"),
            None => heard,
        }
    }

    fn next_before(&mut self, deadline: Instant) -> Option<Message> {
        let message = self.wire.receive(deadline)?;
        self.heard.push(message.clone());
        Some(message)
    }
}
