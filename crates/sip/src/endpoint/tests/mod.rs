//! Endpoints on loopback, against each other and against a peer that writes its
//! messages by hand.

mod admission;
mod calls;
mod captured;
mod clock;
mod closing;
mod ending;
mod in_dialog;
mod late_offer;
mod messages;
mod notify;
mod outbound;
mod pings;
mod placing;
mod reaching;
mod refusals;
mod registration;
mod reliable;
mod repeats;
mod secure;
mod session_timer;
mod shuffled;
mod streams;
mod tls;
mod traced;
mod update;
mod wire;
mod world;

use std::net::SocketAddr;
use std::time::Duration;

use ringpost_model::Codec;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::*;
use crate::SrtpPolicy;
use crate::wire::{Message, Request, Response, read_datagram};

/// Longer than anything here takes, shorter than anybody's patience.
const PATIENCE: Duration = Duration::from_secs(10);

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

fn config() -> EndpointConfig {
    EndpointConfig {
        listen: vec!["udp:127.0.0.1:0".parse().unwrap()],
        tls: TlsFiles::default(),
        peers: peers("127.0.0.0/8"),
        strangers: Strangers::Refused,
        server: "Ringpost".to_owned(),
        trace_bytes: 0,
        session_expires: EndpointConfig::SESSION_EXPIRES,
        handshakes: None,
    }
}

fn peers(network: &str) -> Vec<Peer> {
    vec![Peer::trusted("test", vec![network.parse().unwrap()])]
}

async fn bind() -> (Endpoint, mpsc::Receiver<Arrival>) {
    Endpoint::bind(config()).await.unwrap()
}

fn addr(endpoint: &Endpoint) -> SocketAddr {
    endpoint.local_addrs()[0].addr
}

fn rtp(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn to_alice(endpoint: &Endpoint) -> OutgoingInvite {
    OutgoingInvite {
        destination: Some(Hop::udp(addr(endpoint))),
        uri: format!("sip:alice@{}", addr(endpoint)),
        from: "sip:bob@example.com".to_owned(),
        from_name: Some("Bob \"B\" Example".to_owned()),
        headers: Vec::new(),
        rtp: rtp(5000),
        srtp: SrtpPolicy::Off,
        credentials: None,
    }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it came in time")
}

async fn call(arrivals: &mut mpsc::Receiver<Arrival>) -> IncomingCall {
    match soon(arrivals.recv()).await {
        Some(Arrival::Call(call)) => call,
        other => panic!("no call but {other:?}"),
    }
}

async fn report(arrivals: &mut mpsc::Receiver<Arrival>) -> IncomingReport {
    match soon(arrivals.recv()).await {
        Some(Arrival::Report(report)) => report,
        other => panic!("no report but {other:?}"),
    }
}

async fn next<T>(channel: &mut mpsc::UnboundedReceiver<T>) -> Option<T> {
    soon(channel.recv()).await
}

/// A peer that keeps to no rule but what the test writes.
struct Raw {
    socket: UdpSocket,
    endpoint: SocketAddr,
    local: SocketAddr,
}

impl Raw {
    async fn towards(endpoint: &Endpoint) -> Raw {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let local = socket.local_addr().unwrap();
        Raw { socket, endpoint: addr(endpoint), local }
    }

    /// A request with what each test may change.
    fn request(&self, method: &str, branch: &str, cseq: u32) -> Draft {
        draft((self.local, self.endpoint), method, branch, cseq)
    }

    fn invite(&self, branch: &str) -> Draft {
        self.request("INVITE", branch, 1).body("application/sdp", OFFER)
    }

    async fn send(&self, text: impl AsRef<[u8]>) {
        self.socket.send_to(text.as_ref(), self.endpoint).await.unwrap();
    }

    async fn receive(&self) -> Message {
        let mut buffer = vec![0; 65_535];
        let (length, _) = soon(self.socket.recv_from(&mut buffer)).await.unwrap();
        read_datagram(&buffer[..length]).unwrap().unwrap()
    }

    async fn response(&self) -> Response {
        match self.receive().await {
            Message::Response(response) => response,
            Message::Request(request) => panic!("no response but {request:?}"),
        }
    }

    async fn incoming(&self, method: &str) -> Request {
        match self.receive().await {
            Message::Request(request) if request.method.as_str() == method => request,
            other => panic!("no {method} but {other:?}"),
        }
    }

    /// Sends it and gives the first response.
    async fn ask(&self, draft: &Draft) -> Response {
        self.send(draft.text()).await;
        self.response().await
    }

    /// Nothing more is on its way: what comes next is the answer to this.
    async fn is_quiet(&self, arrivals: &mut mpsc::Receiver<Arrival>) {
        let options = self.request("OPTIONS", &format!("quiet{}", rand::random::<u32>()), 1);
        self.send(options.call_id("quiet").text()).await;
        match soon(arrivals.recv()).await {
            Some(Arrival::Options(options)) => options.responder.respond(Answer::new(299)),
            other => panic!("not quiet: {other:?}"),
        }
        assert_eq!(self.response().await.status, 299);
    }

    /// Nothing was sent to it so far; for tasks that the test drives itself.
    fn hears_nothing(&self) -> bool {
        self.socket.try_recv(&mut [0; 16]).is_err()
    }

    /// INVITE, 100, 200: a call that waits for its ACK.
    async fn call(&self, arrivals: &mut mpsc::Receiver<Arrival>) -> (IncomingCall, Response) {
        self.send(self.invite("call").text()).await;
        let incoming = call(arrivals).await;
        assert_eq!(self.response().await.status, 100);
        incoming.control.answer(rtp(6000));
        let ok = self.response().await;
        assert_eq!(ok.status, 200);
        (incoming, ok)
    }

    /// The same with its ACK.
    async fn stand(&self, arrivals: &mut mpsc::Receiver<Arrival>) -> (IncomingCall, Response) {
        let (mut incoming, ok) = self.call(arrivals).await;
        self.send(self.request("ACK", "ack", 1).within(&ok).text()).await;
        assert_eq!(next(&mut incoming.signals).await, Some(Signal::Acknowledged));
        (incoming, ok)
    }

    /// A response of ours to a request of the endpoint.
    async fn respond(&self, request: &Request, status: u16, more: &str, body: &str) {
        let header = |name: &str| request.headers.get(name).unwrap().to_owned();
        let tag = if status == 100 { "" } else { ";tag=raw" };
        let to = header("To");
        let tag = if to.contains("tag=") { "" } else { tag };
        let text = format!(
            "SIP/2.0 {status} Whatever\r\nVia: {}\r\nFrom: {}\r\nTo: {to}{tag}\r\nCall-ID: {}\r\n\
             CSeq: {}\r\nContact: <sip:{}>\r\n{more}\r\n{body}",
            header("Via"),
            header("From"),
            header("Call-ID"),
            header("CSeq"),
            self.local,
        );
        self.send(text).await;
    }
}

/// A request from the one to the other.
fn draft((local, to): (SocketAddr, SocketAddr), method: &str, branch: &str, cseq: u32) -> Draft {
    Draft {
        line: format!("{method} sip:alice@{to} SIP/2.0"),
        via: format!("SIP/2.0/UDP {local};rport;branch=z9hG4bK{branch}"),
        to: "<sip:alice@example.com>".to_owned(),
        call_id: "call-1".to_owned(),
        cseq: format!("{cseq} {method}"),
        more: format!("Contact: <sip:bob@{local}>\r\n"),
        body: String::new(),
    }
}

/// A request before it is written.
#[derive(Clone)]
struct Draft {
    line: String,
    via: String,
    to: String,
    call_id: String,
    cseq: String,
    more: String,
    body: String,
}

impl Draft {
    fn call_id(mut self, call_id: &str) -> Self {
        self.call_id = call_id.to_owned();
        self
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.more.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    fn body(self, content_type: &str, body: &str) -> Self {
        Self { body: body.to_owned(), ..self.header("Content-Type", content_type) }
    }

    /// Within the dialog that this response made.
    fn within(mut self, response: &Response) -> Self {
        self.to = response.headers.get("To").unwrap().to_owned();
        self
    }

    fn text(&self) -> String {
        format!(
            "{}\r\nVia: {}\r\nFrom: <sip:bob@example.com>;tag=bob\r\nTo: {}\r\nCall-ID: {}\r\n\
             CSeq: {}\r\n{}{}Content-Length: {}\r\n\r\n{}",
            self.line,
            self.via,
            self.to,
            self.call_id,
            self.cseq,
            if self.more.contains("Max-Forwards") { "" } else { "Max-Forwards: 70\r\n" },
            self.more,
            self.body.len(),
            self.body
        )
    }
}
