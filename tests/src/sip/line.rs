//! One UDP socket that speaks SIP to one server and remembers all it heard.

use std::collections::VecDeque;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Message;

/// RFC 3261 §17.1.1.1: the first retransmission comes after this.
const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);

/// A caller's connection to the server.
pub struct Line {
    socket: UdpSocket,
    server: SocketAddr,
    waiting: VecDeque<Message>,
    heard: Vec<Message>,
}

impl Line {
    /// A fresh socket on loopback towards `server`.
    pub fn to(server: SocketAddr) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a UDP socket");
        Self { socket, server, waiting: VecDeque::new(), heard: Vec::new() }
    }

    /// Our own address.
    pub fn local(&self) -> SocketAddr {
        self.socket.local_addr().expect("bound")
    }

    /// Whom we speak to.
    pub fn server(&self) -> SocketAddr {
        self.server
    }

    /// A token that was never used before in this process.
    pub fn token(kind: &str) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        format!("{kind}{:x}x{next:x}", std::process::id())
    }

    /// A Via line with a fresh branch.
    pub fn via(&self) -> String {
        format!("SIP/2.0/UDP {};branch={};rport", self.local(), Self::token("z9hG4bK"))
    }

    /// Sends once, whatever comes of it.
    pub fn send(&self, message: &Message) {
        self.send_raw(&message.bytes());
    }

    /// Sends bytes as they are.
    pub fn send_raw(&self, bytes: &[u8]) {
        // A server that was killed leaves a refused socket; the wait that
        // follows says so better than this.
        let _ = self.socket.send_to(bytes, self.server);
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
        let mut stopped = false;
        loop {
            if !stopped {
                self.send(request);
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
            if Instant::now() >= deadline {
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
        if lines.is_empty() { "  nothing".into() } else { lines.join("\n") }
    }

    fn next_before(&mut self, deadline: Instant) -> Option<Message> {
        let mut datagram = [0; 65_536];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            self.socket.set_read_timeout(Some(left.max(Duration::from_millis(1)))).ok()?;
            // An ICMP "port unreachable" of a killed server comes as an error
            // of this socket: wait on, it may come back.
            let Ok((count, _)) = self.socket.recv_from(&mut datagram) else { continue };
            if let Some(message) = Message::read(&datagram[..count]) {
                self.heard.push(message.clone());
                return Some(message);
            }
        }
    }
}
