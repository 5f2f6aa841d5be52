//! Requests of our own that look for somebody to answer them: several hops, the
//! DNS, challenges, and size. The clock of the task is moved by hand.

pub(super) mod challenges;

use std::time::Instant;

use super::task::Task;
use super::*;
use crate::dialog::Tag;
use crate::resolve::Route;
use crate::transaction::Key;
use crate::transport::{Origin, Transports};
use crate::wire::Method;
use crate::{Credentials, ResolveError};

/// A task that sends nothing but shows what it would send.
pub(super) struct Wire {
    pub(super) task: Task,
    pub(super) now: Instant,
    pub(super) start: Instant,
    pub(super) commands: Commands,
    orders: mpsc::UnboundedReceiver<Command>,
}

impl Wire {
    pub(super) fn new(config: EndpointConfig) -> Wire {
        let (commands, orders) = mpsc::unbounded_channel();
        let (sender, _) = mpsc::channel(8);
        let counters = Arc::new(Counters::default());
        let transports = Transports::captured();
        let task = Task::new(config, transports, counters, sender, commands.downgrade());
        let now = Instant::now();
        Wire { task, now, start: now, commands, orders }
    }

    /// Gives the task an order, and those that follow from it.
    pub(super) fn order(&mut self, command: Command) {
        self.commands.send(command).unwrap();
        self.obey();
    }

    /// Carries out what handles ordered.
    pub(super) fn obey(&mut self) {
        while let Ok(command) = self.orders.try_recv() {
            self.task.handle_command(command, self.now);
        }
    }

    /// Waits for an order that is on its way, and carries it out.
    pub(super) async fn obey_next(&mut self) {
        let command = soon(self.orders.recv()).await.unwrap();
        self.task.handle_command(command, self.now);
    }

    /// Jumps to the next deadline.
    pub(super) fn jump(&mut self) -> Option<()> {
        self.now = self.task.timers.next()?;
        self.task.handle_deadlines(self.now);
        Some(())
    }

    fn place(&mut self, tag: Tag, destination: Option<Hop>) -> mpsc::UnboundedReceiver<Progress> {
        self.place_as(tag, destination, None)
    }

    fn place_as(
        &mut self,
        tag: Tag,
        destination: Option<Hop>,
        credentials: Option<Credentials>,
    ) -> mpsc::UnboundedReceiver<Progress> {
        let (progress, told) = mpsc::unbounded_channel();
        let invite = OutgoingInvite {
            destination,
            uri: "sip:alice@example.com".to_owned(),
            from: "sip:bob@example.com".to_owned(),
            from_name: None,
            headers: Vec::new(),
            rtp: rtp(5000),
            srtp: SrtpPolicy::Off,
            credentials,
        };
        let placing = Placing { tag, call_id: "c".to_owned(), invite, progress };
        self.order(Command::Place(Box::new(placing)));
        told
    }

    /// Orders an INFO and gives whoever waits for its status.
    pub(super) fn inform(
        &mut self,
        info: OutgoingInfo,
    ) -> oneshot::Receiver<Result<u16, RequestError>> {
        let (done, status) = oneshot::channel();
        self.order(Command::Info(Box::new(info), done));
        status
    }

    /// An INFO whose URI is said to lead to these hops.
    fn inform_by(&mut self, hops: &[&str]) -> oneshot::Receiver<Result<u16, RequestError>> {
        let status = self.inform(info("sip:alice@example.com"));
        let tag = *self.task.outbound.requests.keys().next().unwrap();
        self.resolve(tag, hops);
        status
    }

    pub(super) fn resolve(&mut self, tag: Tag, hops: &[&str]) {
        let name = "example.com".to_owned();
        let route = |hop: &&str| Route { hop: hop.parse().unwrap(), name: name.clone() };
        let routes = hops.iter().map(route).collect();
        self.order(Command::Resolved(tag, Ok(routes)));
    }

    /// The next message that goes out, with where it goes.
    pub(super) fn sent(&mut self) -> Option<(String, Request)> {
        let (origin, bytes) = self.task.transports.sent().pop_front()?;
        let hop = Hop { transport: origin.transport, addr: origin.source };
        match read_datagram(&bytes).unwrap().unwrap() {
            Message::Request(request) => Some((hop.to_string(), request)),
            Message::Response(response) => panic!("{response:?}"),
        }
    }

    /// The next request, which goes to that hop.
    pub(super) fn sent_to(&mut self, hop: &str) -> Request {
        let (to, request) = self.sent().unwrap_or_else(|| panic!("nothing was sent to {hop}"));
        assert_eq!(to, hop, "{request:?}");
        request
    }

    pub(super) fn answer(&mut self, request: &Request, status: u16, more: &str) {
        let header = |name: &str| request.headers.get(name).unwrap();
        let text = format!(
            "SIP/2.0 {status} Whatever\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=raw\r\nCall-ID: {}\r\n\
             CSeq: {}\r\n{more}\r\n",
            header("Via"),
            header("From"),
            header("To"),
            header("Call-ID"),
            header("CSeq"),
        );
        let origin = Origin::udp(0, "192.0.2.99:5060".parse().unwrap());
        self.task.handle_datagram(text.as_bytes(), origin, self.now);
    }

    /// What the transaction of that request hears of its transport.
    pub(super) fn break_way(&mut self, request: &Request) {
        let via = request.via().unwrap();
        let key = Key::client(&via.branch().unwrap(), &request.method);
        self.task.transport_failed(&key, self.now);
    }

    /// A connection was made for that request.
    pub(super) fn moved_to(&mut self, request: &Request, way: Origin) {
        let via = request.via().unwrap();
        let key = Key::client(&via.branch().unwrap(), &request.method);
        self.task.client.get_mut(&key).unwrap().destination = way;
    }

    pub(super) fn has_requests(&self) -> bool {
        !self.task.outbound.requests.is_empty()
    }

    /// Lets time pass until something is sent to that hop; seconds since the start.
    pub(super) fn wait_for(&mut self, hop: &str) -> (u64, Request) {
        loop {
            while let Some((to, request)) = self.sent() {
                if to == hop {
                    return ((self.now - self.start).as_secs(), request);
                }
            }
            self.jump().unwrap_or_else(|| panic!("nothing was ever sent to {hop}"));
        }
    }

    /// The same for a request that is no repeat of one that is under way.
    pub(super) fn wait_for_new(&mut self, hop: &str) -> (u64, Request) {
        while self.has_requests() {
            self.jump().unwrap();
        }
        while self.sent().is_some() {}
        self.wait_for(hop)
    }
}

fn info(uri: &str) -> OutgoingInfo {
    OutgoingInfo {
        destination: None,
        uri: uri.to_owned(),
        from: "sip:ringpost@example.com".to_owned(),
        call_id: None,
        content_type: "text/plain".to_owned(),
        headers: Vec::new(),
        body: b"x".to_vec(),
        credentials: None,
    }
}

pub(super) fn credentials() -> Option<Credentials> {
    Some(Credentials { user: "ringpost".to_owned(), password: "secret".to_owned() })
}

const ONE: &str = "udp:192.0.2.1:5060";
const TWO: &str = "tcp:192.0.2.2:5060";
const THREE: &str = "tls:[2001:db8::3]:5061";

#[tokio::test]
async fn the_next_hop_is_tried_where_one_fails_is_silent_or_too_busy() {
    let mut wire = Wire::new(config());
    let mut status = wire.inform_by(&[ONE, TWO, THREE]);
    let first = wire.sent_to(ONE);
    assert!(first.headers.get("Via").unwrap().starts_with("SIP/2.0/UDP "));
    // Silent for four seconds.
    let (seconds, second) = wire.wait_for(TWO);
    assert_eq!(seconds, 4);
    assert!(second.headers.get("Via").unwrap().starts_with("SIP/2.0/TCP "));
    assert_ne!(second.via().unwrap().branch(), first.via().unwrap().branch());
    assert_eq!(second.call_id(), first.call_id());
    assert_eq!(second.headers.get("From"), first.headers.get("From"));
    // Too late: nobody listens to the first any more.
    wire.answer(&first, 200, "");
    assert!(status.try_recv().is_err());
    wire.answer(&second, 503, "");
    let third = wire.sent_to(THREE);
    // The last one has all the time there is, and its word counts.
    wire.break_way(&third);
    assert_eq!(status.try_recv(), Ok(Ok(503)));
    assert!(wire.task.outbound.requests.is_empty());
}

#[tokio::test]
async fn any_other_refusal_is_the_answer_and_no_reason_to_ask_elsewhere() {
    for refusal in [302, 404, 500, 603] {
        let mut wire = Wire::new(config());
        let mut status = wire.inform_by(&[ONE, TWO]);
        let request = wire.sent_to(ONE);
        wire.answer(&request, refusal, "Contact: <sip:other@192.0.2.8>\r\n");
        assert_eq!(status.try_recv(), Ok(Ok(refusal)));
        assert!(wire.sent().is_none());
    }
}

#[tokio::test]
async fn a_hop_that_says_anything_has_all_its_time() {
    let mut wire = Wire::new(config());
    let mut status = wire.inform_by(&[ONE, TWO]);
    let request = wire.sent_to(ONE);
    wire.answer(&request, 100, "");
    let (seconds, _) = wire.wait_for(TWO);
    assert_eq!(seconds, 32, "timer F");
    while wire.jump().is_some() {}
    assert_eq!(status.try_recv(), Ok(Err(RequestError::TimedOut)));
    assert_eq!((wire.task.client.len(), wire.task.pending), (0, 0));
}

#[tokio::test]
async fn a_call_moves_on_and_what_answers_late_is_ended() {
    let mut wire = Wire::new(config());
    let tag = Tag::random();
    let mut told = wire.place(tag, None);
    wire.resolve(tag, &[ONE, TWO]);
    let first = wire.sent_to(ONE);
    let (seconds, second) = wire.wait_for(TWO);
    assert_eq!(seconds, 4);
    wire.answer(&second, 180, "");
    assert_eq!(told.try_recv(), Ok(Progress::Ringing));
    // The first one wakes up.
    wire.answer(&first, 180, "");
    let cancel = wire.sent_to(ONE);
    assert_eq!(cancel.method, Method::CANCEL);
    assert_eq!(cancel.via(), first.via());
    wire.answer(&first, 200, "Contact: <sip:alice@192.0.2.1>\r\n");
    assert_eq!(wire.sent_to(ONE).method, Method::ACK);
    assert_eq!(wire.sent_to(ONE).method, Method::BYE);
    assert!(told.try_recv().is_err());
    wire.answer(&second, 486, "");
    assert_eq!(wire.sent_to(TWO).method, Method::ACK);
    assert_eq!(told.try_recv(), Ok(Progress::Refused(486, "Whatever".to_owned())));
}

#[tokio::test]
async fn a_cancelled_call_tries_nobody_else() {
    let mut wire = Wire::new(config());
    for known in [false, true] {
        let tag = Tag::random();
        let mut told = wire.place(tag, None);
        if known {
            wire.resolve(tag, &[ONE, TWO]);
            wire.sent_to(ONE);
        }
        wire.order(Command::Cancel(tag, None));
        if !known {
            wire.resolve(tag, &[ONE, TWO]);
        }
        while wire.jump().is_some() {}
        let told = told.try_recv();
        let terminated = Progress::Refused(487, "Request Terminated".to_owned());
        assert_eq!(told, Ok(if known { Progress::TimedOut } else { terminated }));
        assert!(wire.task.outbound.requests.is_empty() && wire.task.calls.is_empty());
    }
    while let Some((hop, _)) = wire.sent() {
        assert_eq!(hop, ONE, "sent after the CANCEL");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_ends_the_call() {
    let mut wire = Wire::new(config());
    let tag = Tag::random();
    let mut told = wire.place(tag, Some(ONE.parse().unwrap()));
    let invite = wire.sent_to(ONE);
    let header = |name: &str| invite.headers.get(name).unwrap().to_owned();
    let (via, from, cseq) = (header("Via"), header("From"), header("CSeq"));
    let text = format!(
        "SIP/2.0 200 OK\r\nVia: {via}\r\nFrom: {from}\r\nTo: \"<\r\nCall-ID: c\r\n\
         CSeq: {cseq}\r\n\r\n"
    );
    let origin = Origin::udp(0, "192.0.2.1:5060".parse().unwrap());
    wire.task.handle_datagram(text.as_bytes(), origin, wire.now);
    while wire.jump().is_some() {}
    assert!(told.try_recv().is_ok(), "nobody is told");
    assert!(wire.task.calls.is_empty() && !wire.has_requests());
}

#[tokio::test]
async fn what_is_too_large_for_a_datagram_goes_by_tcp_first() {
    let mut wire = Wire::new(config());
    let large = OutgoingInfo { body: vec![b'x'; 1300], ..info("sip:alice@192.0.2.1") };
    let mut done = wire.inform(large);
    let by_tcp = wire.sent_to("tcp:192.0.2.1:5060");
    assert!(by_tcp.headers.get("Via").unwrap().starts_with("SIP/2.0/TCP "));
    wire.break_way(&by_tcp);
    let by_udp = wire.sent_to(ONE);
    assert!(by_udp.headers.get("Via").unwrap().starts_with("SIP/2.0/UDP "));
    assert_eq!(by_udp.body.len(), 1300);
    wire.answer(&by_udp, 200, "");
    assert_eq!(done.try_recv(), Ok(Ok(200)));
}

#[tokio::test]
async fn what_leads_nowhere_is_said_with_its_reason() {
    let mut wire = Wire::new(config());
    let mut done = wire.inform(info("tel:+14255550101"));
    assert_eq!(done.try_recv(), Ok(Err(RequestError::Unresolved(ResolveError::NoServer))));
    let tag = Tag::random();
    let mut told = wire.place(tag, None);
    let unknown = ResolveError::Unknown("example.com".to_owned());
    wire.order(Command::Resolved(tag, Err(unknown.clone())));
    assert_eq!(told.try_recv(), Ok(Progress::Refused(503, unknown.to_string())));
    assert!(wire.task.calls.is_empty());
}
