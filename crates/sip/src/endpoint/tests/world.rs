//! The task without sockets, and its clock moved by hand.

use std::time::Instant;

use super::super::task::Task;
use super::*;
use crate::transport::{Origin, Transports};

/// The task at 192.0.2.1, its house, and one peer.
pub(super) struct World {
    pub(super) task: Task,
    pub(super) arrivals: mpsc::Receiver<Arrival>,
    /// Handles of calls send their commands here.
    orders: mpsc::UnboundedReceiver<Command>,
    commands: Commands,
    pub(super) now: Instant,
    pub(super) start: Instant,
}

pub(super) const US: ([u8; 4], u16) = ([192, 0, 2, 1], 5060);
pub(super) const PEER: ([u8; 4], u16) = ([192, 0, 2, 9], 5060);

impl World {
    pub(super) fn new() -> World {
        Self::with(EndpointConfig { peers: peers("192.0.2.0/24"), ..config() })
    }

    pub(super) fn with(config: EndpointConfig) -> World {
        let (commands, orders) = mpsc::unbounded_channel();
        let (sender, arrivals) = mpsc::channel(64);
        let counters = Arc::new(Counters::default());
        let transports = Transports::captured();
        let task = Task::new(config, transports, counters, sender, commands.downgrade());
        let now = Instant::now();
        World { task, arrivals, orders, commands, now, start: now }
    }

    pub(super) fn request(&self, method: &str, branch: &str, cseq: u32) -> Draft {
        draft((PEER.into(), US.into()), method, branch, cseq)
    }

    pub(super) fn invite(&self) -> Draft {
        self.request("INVITE", "call", 1).body("application/sdp", OFFER)
    }

    pub(super) fn hears(&mut self, draft: &Draft) {
        self.hears_text(&draft.text());
    }

    pub(super) fn hears_text(&mut self, text: &str) {
        self.task.handle_datagram(text.as_bytes(), Origin::udp(0, PEER.into()), self.now);
        self.obey();
    }

    /// The one response to a request.
    pub(super) fn ask(&mut self, draft: &Draft) -> Response {
        self.hears(draft);
        self.response()
    }

    /// Carries out what the handles ordered.
    pub(super) fn obey(&mut self) {
        while let Ok(command) = self.orders.try_recv() {
            self.task.handle_command(command, self.now);
        }
    }

    pub(super) fn order(&mut self, command: Command) {
        self.commands.send(command).unwrap();
        self.obey();
    }

    /// What went out and nobody has looked at.
    pub(super) fn sent(&mut self) -> Vec<Message> {
        let sent = self.task.transports.sent().drain(..);
        sent.map(|(_, bytes)| read_datagram(&bytes).unwrap().unwrap()).collect()
    }

    /// The one response that went out.
    pub(super) fn response(&mut self) -> Response {
        match self.sent().as_slice() {
            [Message::Response(response)] => response.clone(),
            other => panic!("not one response but {other:?}"),
        }
    }

    /// The one request that went out.
    pub(super) fn sent_request(&mut self, method: &str) -> Request {
        match self.sent().as_slice() {
            [Message::Request(request)] if request.method.as_str() == method => request.clone(),
            other => panic!("not one {method} but {other:?}"),
        }
    }

    /// Jumps to the next deadline; gives the milliseconds since the start.
    pub(super) fn jump(&mut self) -> Option<u128> {
        self.now = self.task.timers.next()?;
        self.task.handle_deadlines(self.now);
        Some((self.now - self.start).as_millis())
    }

    /// Lives on until that many seconds after the start.
    pub(super) fn live_until(&mut self, seconds: u64) {
        let until = self.start + Duration::from_secs(seconds);
        while self.task.timers.next().is_some_and(|next| next <= until) {
            self.jump();
        }
        self.now = until;
    }

    /// The call that has just arrived.
    pub(super) fn call(&mut self) -> IncomingCall {
        match self.arrivals.try_recv() {
            Ok(Arrival::Call(call)) => call,
            other => panic!("no call but {other:?}"),
        }
    }

    /// Answers that call.
    pub(super) fn answer(&mut self, incoming: &IncomingCall) -> Response {
        incoming.control.answer(rtp(6000));
        self.obey();
        self.response()
    }

    /// A call that stands, by that INVITE.
    pub(super) fn stand(&mut self, invite: &Draft) -> (IncomingCall, Response) {
        assert_eq!(self.ask(invite).status, 100);
        let mut incoming = self.call();
        let ok = self.answer(&incoming);
        assert_eq!(ok.status, 200);
        self.hears(&self.request("ACK", "ack", 1).within(&ok));
        assert_eq!(incoming.signals.try_recv(), Ok(Signal::Acknowledged));
        (incoming, ok)
    }

    /// The peer's response to a request of ours.
    pub(super) fn responds(&mut self, request: &Request, status: u16, more: &str, body: &str) {
        let header = |name: &str| request.headers.get(name).unwrap();
        let to = header("To");
        let tag = if to.contains("tag=") { "" } else { ";tag=peer" };
        let text = format!(
            "SIP/2.0 {status} Whatever\r\nVia: {}\r\nFrom: {}\r\nTo: {to}{tag}\r\nCall-ID: {}\r\n\
             CSeq: {}\r\nContact: <sip:192.0.2.9>\r\n{more}\r\n{body}",
            header("Via"),
            header("From"),
            header("Call-ID"),
            header("CSeq"),
        );
        self.hears_text(&text);
    }

    /// Places a call and gives its INVITE.
    pub(super) fn place(&mut self) -> (Tag, mpsc::UnboundedReceiver<Progress>, Request) {
        let (progress, told) = mpsc::unbounded_channel();
        let invite = OutgoingInvite {
            destination: Some(Hop::udp(PEER.into())),
            uri: "sip:alice@example.com".to_owned(),
            from: "sip:bob@example.com".to_owned(),
            from_name: None,
            headers: Vec::new(),
            rtp: rtp(5000),
            srtp: SrtpPolicy::Off,
            credentials: None,
        };
        let tag = Tag::random();
        let placing = Placing { tag, call_id: "placed".to_owned(), invite, progress };
        self.order(Command::Place(Box::new(placing)));
        let invite = self.sent_request("INVITE");
        (tag, told, invite)
    }
}

/// Everything signalled so far.
pub(super) fn heard(incoming: &mut IncomingCall) -> Vec<Signal> {
    std::iter::from_fn(|| incoming.signals.try_recv().ok()).collect()
}
