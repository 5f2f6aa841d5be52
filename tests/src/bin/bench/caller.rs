//! A load of calls by one socket and one thread: as lean as can be, since it
//! shares the machine with the server.

use std::collections::HashMap;
use std::io::Write;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Calls under way.
const WINDOW: usize = 100;
/// Calls begun in a second: what a disk can note down. Where it cannot, calls are
/// refused with 503 and tried again.
const RATE: f64 = 2000.0;

/// What becomes of each call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Answered, acknowledged, hung up at once.
    Answered,
    /// Cancelled while it rings.
    Cancelled,
    /// No call: OPTIONS, which SIP alone has to do with.
    Asked,
}

impl Kind {
    /// For the table.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Answered => "answered, hung up at once",
            Kind::Cancelled => "cancelled while it rings",
            Kind::Asked => "no call but OPTIONS",
        }
    }
}

/// A call that is not over.
struct UnderWay {
    /// When it was last heard of.
    since: Instant,
    /// Its INVITEs before this one.
    tries: u32,
}

/// The calls of one run.
pub struct Load {
    socket: UdpSocket,
    kind: Kind,
    local: SocketAddr,
    run: u64,
    datagrams: usize,
    under_way: HashMap<usize, UnderWay>,
    /// How often one was told to try later.
    refused: usize,
    buffer: Vec<u8>,
}

impl Load {
    /// A load towards that server.
    pub fn new(server: SocketAddr, kind: Kind) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(server).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let local = socket.local_addr().unwrap();
        let run = u64::from(local.port()) << 32 | u64::from(std::process::id());
        Self {
            socket,
            kind,
            local,
            run,
            datagrams: 0,
            under_way: HashMap::new(),
            refused: 0,
            buffer: Vec::with_capacity(2048),
        }
    }

    /// Places so many calls and sees each to its end; gives the number of
    /// datagrams, both ways.
    pub fn run(mut self, calls: usize) -> usize {
        let mut received = vec![0; 4096];
        let (mut begun, mut ended) = (0, 0);
        let start = Instant::now();
        while ended < calls {
            let due = calls.min((start.elapsed().as_secs_f64() * RATE) as usize);
            while begun < due && self.under_way.len() < WINDOW {
                self.under_way.insert(begun, UnderWay { since: Instant::now(), tries: 0 });
                self.send(begun, self.first(), 1, "", "");
                begun += 1;
            }
            let Ok(length) = self.socket.recv(&mut received) else {
                self.repeat_lost();
                continue;
            };
            self.datagrams += 1;
            let text = std::str::from_utf8(&received[..length]).expect("a response in UTF-8");
            ended += usize::from(self.heard(text));
        }
        if self.refused > 0 {
            println!("{} times a call was told to try later: the disk is slow", self.refused);
        }
        self.datagrams
    }

    /// One response; `true`: it was the last of its call.
    fn heard(&mut self, response: &str) -> bool {
        let call: usize = header(response, "Call-ID: ").split('-').next().unwrap().parse().unwrap();
        let Some(under_way) = self.under_way.get_mut(&call) else { return false };
        under_way.since = Instant::now();
        let status: u16 = response["SIP/2.0 ".len()..][..3].parse().unwrap();
        let (_, method) = header(response, "CSeq: ").split_once(' ').unwrap();
        let tag = header(response, "To: ").split_once(";tag=").map_or("", |(_, tag)| tag);
        match (self.kind, method, status) {
            (_, "INVITE", 100) | (Kind::Cancelled, "CANCEL", 200) => false,
            (Kind::Answered, "INVITE", 200) => {
                let tag = tag.to_owned();
                self.send(call, "ACK", 1, &tag, "a");
                self.send(call, "BYE", 2, &tag, "b");
                false
            }
            (Kind::Answered, "BYE", 200) | (Kind::Asked, "OPTIONS", 200) => {
                self.under_way.remove(&call).is_some()
            }
            (Kind::Cancelled, "INVITE", 180) => {
                self.send(call, "CANCEL", 1, "", "");
                false
            }
            (Kind::Cancelled, "INVITE", 487) => {
                let tag = tag.to_owned();
                self.send(call, "ACK", 1, &tag, "");
                self.under_way.remove(&call).is_some()
            }
            (_, "INVITE", 503) => {
                let tag = tag.to_owned();
                self.send(call, "ACK", 1, &tag, "");
                if let Some(under_way) = self.under_way.get_mut(&call) {
                    under_way.tries += 1;
                }
                self.refused += 1;
                false
            }
            _ => panic!("not what was expected: {response}"),
        }
    }

    fn send(&mut self, call: usize, method: &str, cseq: u32, tag: &str, branch: &str) {
        let Self { local, run, .. } = *self;
        let tries = self.under_way.get(&call).map_or(0, |under_way| under_way.tries);
        let to_tag = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
        self.buffer.clear();
        write!(
            self.buffer,
            "{method} sip:carol@example.com SIP/2.0\r\n\
             Via: SIP/2.0/UDP {local};rport;branch=z9hG4bK{run:x}-{call}.{tries}{branch}\r\n\
             From: \"Bob Example\" <sip:+14255550142@example.com>;tag={call}\r\n\
             To: <sip:carol@example.com>{to_tag}\r\n\
             Call-ID: {call}-{run:x}\r\nCSeq: {cseq} {method}\r\n\
             Max-Forwards: 70\r\nContact: <sip:bob@{local}>\r\n"
        )
        .unwrap();
        if method == "INVITE" {
            let ip = local.ip();
            let offer = format!(
                "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
                 m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\n\
                 a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
            );
            let length = offer.len();
            write!(
                self.buffer,
                "Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{offer}"
            )
            .unwrap();
        } else {
            self.buffer.extend_from_slice(b"Content-Length: 0\r\n\r\n");
        }
        self.datagrams += 1;
        self.socket.send(&self.buffer).unwrap();
    }

    /// What was refused, or lost for want of a buffer, is begun again.
    fn repeat_lost(&mut self) {
        let quiet: Vec<usize> = self
            .under_way
            .iter()
            .filter(|(_, call)| call.since.elapsed() > Duration::from_millis(500))
            .map(|(call, _)| *call)
            .collect();
        for call in quiet {
            self.send(call, self.first(), 1, "", "");
        }
    }

    /// The request that begins it.
    fn first(&self) -> &'static str {
        if self.kind == Kind::Asked { "OPTIONS" } else { "INVITE" }
    }
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let start = message.find(name).unwrap_or_else(|| panic!("no {name} in {message}")) + name.len();
    message[start..].split("\r\n").next().unwrap_or("")
}
