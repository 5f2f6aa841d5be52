//! A tiny answering machine, to try the callers of the harness with: one call,
//! a greeting of 1 s, everything heard afterwards kept.

use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::{Message, Packet, Rtp};
use crate::sound::{Law, speech};

/// What became of the one call.
pub struct Ended {
    pub invite: Message,
    pub heard: Vec<i16>,
    pub keys: Vec<u8>,
    pub ended_by: String,
}

pub struct Answering {
    address: SocketAddr,
    end: mpsc::Receiver<Ended>,
}

impl Answering {
    /// Answers after `ringing`; INFO is answered with 200 at any time.
    pub fn start(ringing: Duration) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let (tell, end) = mpsc::channel();
        std::thread::spawn(move || {
            if let Some(ended) = serve(&socket, ringing) {
                let _ = tell.send(ended);
            }
        });
        Self { address, end }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn ended(&self) -> Ended {
        self.end.recv_timeout(Duration::from_secs(20)).expect("the call ended")
    }
}

fn serve(socket: &UdpSocket, ringing: Duration) -> Option<Ended> {
    let (invite, peer) = request(socket, Duration::from_secs(20), "INVITE")?;
    let say = |message: &Message| drop(socket.send_to(&message.bytes(), peer));
    let mut rtp = Rtp::bind();
    if !ringing.is_zero() {
        say(&invite.answer(180, "Ringing", "tag"));
        if let Some((cancel, _)) = request(socket, ringing, "CANCEL") {
            say(&cancel.answer(200, "OK", "tag"));
            say(&invite.answer(487, "Request Terminated", "tag"));
            let (ack, _) = request(socket, Duration::from_secs(5), "ACK")?;
            // RFC 3261 §9.1, §17.1.1.3: both belong to the INVITE's transaction.
            let branch = |message: &Message| message.parameter("Via", "branch");
            if branch(&cancel) != branch(&invite) || branch(&ack) != branch(&invite) {
                return None;
            }
            return Some(Ended {
                invite,
                heard: Vec::new(),
                keys: Vec::new(),
                ended_by: "CANCEL".into(),
            });
        }
    }
    let at = socket.local_addr().ok()?;
    let mut answer = invite
        .answer(200, "OK", "tag")
        .with("Contact", format!("<sip:machine@{at}>"))
        .with("Content-Type", "application/sdp");
    answer.body = format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n",
        rtp.local().port()
    )
    .into_bytes();
    say(&answer);
    request(socket, Duration::from_secs(5), "ACK")?;
    let sdp = invite.text();
    let port = sdp.split("m=audio ").nth(1)?.split(' ').next()?.parse::<u16>().ok()?;
    rtp.speak(SocketAddr::from(([127, 0, 0, 1], port)), Law::A, &speech(1.0, 9));
    // Listen to the sound and look for the BYE in turn.
    socket.set_nonblocking(true).ok()?;
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut bye = None;
    while bye.is_none() && Instant::now() < deadline {
        rtp.listen(Duration::from_millis(20), |_| false);
        bye = read(socket).filter(|(message, _)| message.method() == Some("BYE"));
    }
    say(&bye?.0.answer(200, "OK", "tag"));
    // What came before the BYE may not have been read yet.
    rtp.listen(Duration::from_millis(100), |_| false);
    let heard = rtp.heard().iter().flat_map(Packet::samples).collect();
    let keys = rtp.heard().iter().filter(|packet| packet.kind == 101);
    let keys = keys.map(|packet| packet.payload[0]).collect();
    Some(Ended { invite, heard, keys, ended_by: "BYE".into() })
}

fn request(socket: &UdpSocket, within: Duration, method: &str) -> Option<(Message, SocketAddr)> {
    let deadline = Instant::now() + within;
    while Instant::now() < deadline {
        let left = deadline.saturating_duration_since(Instant::now());
        socket.set_read_timeout(Some(left.max(Duration::from_millis(1)))).ok()?;
        let Some((message, peer)) = read(socket) else { continue };
        if message.method() == Some("INFO") {
            let _ = socket.send_to(&message.answer(200, "OK", "tag").bytes(), peer);
        }
        if message.method() == Some(method) {
            return Some((message, peer));
        }
    }
    None
}

fn read(socket: &UdpSocket) -> Option<(Message, SocketAddr)> {
    let mut bytes = [0; 65_536];
    let (count, peer) = socket.recv_from(&mut bytes).ok()?;
    Some((Message::read(&bytes[..count])?, peer))
}
