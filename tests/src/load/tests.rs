//! The generator against a phone system of a few lines.

use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::thread::JoinHandle;

use super::*;

/// Answers every call and takes its sound on a port of its own, until it has heard
/// `requests` requests.
struct Phone {
    address: SocketAddr,
    sounds: Vec<UdpSocket>,
    thread: JoinHandle<()>,
}

impl Phone {
    fn start(calls: usize, requests: usize) -> Self {
        let bind = || UdpSocket::bind("127.0.0.1:0").unwrap();
        let socket = bind();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let sounds: Vec<UdpSocket> = (0..calls).map(|_| bind()).collect();
        let ports: Vec<u16> =
            sounds.iter().map(|sound| sound.local_addr().unwrap().port()).collect();
        let address = socket.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 2048];
            for _ in 0..requests {
                let (length, from) = socket.recv_from(&mut buffer).unwrap();
                let request = std::str::from_utf8(&buffer[..length]).unwrap();
                for reply in replies(request, &ports) {
                    socket.send_to(reply.as_bytes(), from).unwrap();
                }
            }
        });
        Self { address, sounds, thread }
    }

    /// What the call at that place has said.
    fn heard(&self, at: usize) -> Vec<Vec<u8>> {
        let sound = &self.sounds[at];
        sound.set_nonblocking(true).unwrap();
        let mut buffer = [0; 2048];
        let next = || sound.recv(&mut buffer).ok().map(|length| buffer[..length].to_vec());
        std::iter::from_fn(next).collect()
    }
}

fn replies(request: &str, ports: &[u16]) -> Vec<String> {
    let line = |name: &str| request.lines().find(|line| line.starts_with(name)).unwrap();
    let head = |status: &str, method: &str| {
        format!(
            "SIP/2.0 {status}\r\n{}\r\n{}\r\n{};tag=phone\r\n{}\r\nCSeq: 1 {method}\r\n",
            line("Via: "),
            line("From: "),
            line("To: "),
            line("Call-ID: "),
        )
    };
    let digits = line("Call-ID: ").trim_start_matches("Call-ID: load-");
    let call: usize = digits.split_once('-').unwrap().0.parse().unwrap();
    match request.split_once(' ').unwrap().0 {
        "INVITE" if request.contains("sip:busy@") => {
            vec![format!("{}Content-Length: 0\r\n\r\n", head("486 Busy Here", "INVITE"))]
        }
        "INVITE" if request.contains("sip:rings@") => {
            vec![format!("{}Content-Length: 0\r\n\r\n", head("180 Ringing", "INVITE"))]
        }
        "INVITE" => {
            let sound = format!("c=IN IP4 127.0.0.1\r\nm=audio {} RTP/AVP 0\r\n", ports[call % 10]);
            vec![format!("{}\r\nv=0\r\n{sound}", head("200 OK", "INVITE"))]
        }
        "CANCEL" => vec![
            format!("{}\r\n", head("200 OK", "CANCEL")),
            format!("{}\r\n", head("487 Request Terminated", "INVITE")),
        ],
        "ACK" => vec![],
        method => vec![format!("{}\r\n", head("200 OK", method))],
    }
}

fn plan(phone: &Phone, kind: Kind, calls: usize) -> Plan {
    Plan::steady(phone.address, kind, calls, 1000.0)
}

#[test]
fn every_frame_is_sent_in_order_and_says_which_it_is() {
    let phone = Phone::start(2, 6);
    let load = plan(&phone, Kind::Spoken { frames: 5 }, 2).from(70);
    let outcome = Load::start(load).finish();
    assert_eq!(outcome.faults(), [""; 0]);
    for (at, call) in outcome.calls.iter().enumerate() {
        assert_eq!((call.number, call.sound.sent, call.status), (70 + at as u32, 5, Some(200)));
        assert!(call.begun < call.answered && call.answered < call.hung_up);
        assert!(call.hung_up < call.over);
        let packets = phone.heard(at);
        assert_eq!(packets.len(), 5);
        let number = |at: usize| u16::from_be_bytes([packets[at][2], packets[at][3]]);
        for (frame, packet) in packets.iter().enumerate() {
            let mut whole = [0; frames::SIZE];
            frames::fill(call.number, frame as u16, &mut whole);
            assert_eq!(packet[12..], whole);
            assert_eq!(packet[1] >> 7, u8::from(frame == 0), "the marker");
            assert_eq!(number(frame), number(0).wrapping_add(frame as u16));
        }
    }
    phone.thread.join().unwrap();
}

#[test]
fn packets_of_the_server_are_told_apart_by_their_port() {
    let sound = Sound::new(2);
    let bind = || UdpSocket::bind("127.0.0.1:0").unwrap();
    let (one, other) = (bind(), bind());
    let to = sound.local();
    let place = |socket: &UdpSocket| match socket.local_addr().unwrap() {
        SocketAddr::V4(at) => at,
        SocketAddr::V6(at) => panic!("{at}"),
    };
    let ports: [SocketAddrV4; 2] = [place(&one), place(&other)];
    let thread = std::thread::spawn(move || {
        // It listens from the first phase on.
        one.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        one.recv(&mut [0; 2048]).unwrap();
        for sequence in [1_u8, 2, 5] {
            let packet = [0x80, 0, 0, sequence, 0, 0, 0, 0, 0, 0, 0, 0];
            one.send_to(&packet, to).unwrap();
        }
        other.send_to(&[0x80, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0], to).unwrap();
    });
    let heard = sound.run(&ports, 3, Duration::from_millis(300));
    thread.join().unwrap();
    assert_eq!((heard[0].received, heard[0].lost, heard[0].sent), (3, 2, 3));
    assert_eq!((heard[1].received, heard[1].lost), (1, 0));
}

#[test]
fn each_kind_of_call_goes_its_way() {
    for (kind, user, requests) in
        [(Kind::Answered, "alice", 3), (Kind::Cancelled, "rings", 3), (Kind::Options, "alice", 1)]
    {
        let phone = Phone::start(1, requests);
        let load = plan(&phone, kind, 1).to(&[user.to_owned()]);
        let outcome = Load::start(load).finish();
        assert_eq!(outcome.faults(), [""; 0], "{kind:?}");
        phone.thread.join().unwrap();
    }
}

#[test]
fn a_refusal_is_a_fault() {
    let phone = Phone::start(1, 2);
    let load = plan(&phone, Kind::VOICEMAIL, 1).to(&["busy".to_owned()]);
    let outcome = Load::start(load).finish();
    assert_eq!(outcome.faults(), ["call 0: refused with 486"]);
    assert!(outcome.calls[0].over_after().is_some());
    phone.thread.join().unwrap();
}

#[test]
fn what_never_comes_is_a_fault_and_can_be_left() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = silent.local_addr().unwrap();
    let mut load = Plan::steady(at, Kind::Options, 1, 1.0);
    load.patience = Duration::ZERO;
    let outcome = Load::start(load).finish();
    assert_eq!(outcome.faults().len(), 1);
    let load = Load::start(Plan::steady(at, Kind::VOICEMAIL, 3, 0.001));
    silent.recv(&mut [0; 2048]).unwrap();
    load.stop();
    let outcome = load.finish();
    assert_eq!(outcome.faults().len(), 3);
    assert_eq!(outcome.calls[2].begun, None);
}

#[test]
fn quantiles_are_those_of_the_times() {
    let mut times = Histogram::default();
    for millis in 1..=100 {
        times.add(Duration::from_millis(millis));
    }
    assert_eq!(times.total(), 100);
    assert_eq!(times.quantile(0.5).as_millis(), 50);
    assert_eq!(times.quantile(1.0), Duration::from_millis(100));
}
