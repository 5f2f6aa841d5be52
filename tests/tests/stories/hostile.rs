//! Twenty thousand datagrams that are almost SIP: the server takes calls as
//! before, is no larger, and nothing in it broke.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;

use ringpost_tests::process::resident_kib;
use ringpost_tests::server::Server;
use ringpost_tests::settings::{Settings, Subscriber};
use ringpost_tests::sip::{Call, Invite, options};

const DATAGRAMS: usize = 20_000;
/// After so many the server is asked whether it is there: its answer keeps the
/// stream at the rate at which it reads, so that the kernel drops nothing.
const BETWEEN_PINGS: usize = 50;
/// What transactions and calls of half a minute may take in memory, in KiB.
const GROWTH: u64 = 64 * 1024;

const TOKENS: [&str; 24] = [
    "\r\n",
    "\r\n\r\n",
    "\r\n ",
    "\0",
    "\"",
    "\\",
    "<",
    ">",
    ";",
    ",",
    ":",
    "=",
    "@",
    "%00",
    "%",
    "[::1]",
    "Via: ",
    "To: ",
    "l: ",
    ";branch=z9hG4bK",
    ";tag=",
    "SIP/2.0",
    "4294967296",
    "-1",
];

/// The same numbers in every run (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound.max(1) as u64).unwrap()
    }
}

/// The messages that the reader of SIP is tested with.
fn messages() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/sip/messages");
    let folders = ["torture", "ipv6", "vendors"].map(|folder| root.join(folder));
    let mut files: Vec<_> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "sip"))
        .collect();
    files.sort();
    assert!(files.len() > 80, "{} messages only", files.len());
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn mutated(messages: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = messages[chance.below(messages.len())].clone();
    for _ in 0..chance.below(5) {
        let at = chance.below(bytes.len() + 1);
        let end = bytes.len().min(at + chance.below(40));
        match chance.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.truncate(at),
            3 => {
                let piece = bytes[at..end].repeat(chance.below(60));
                drop(bytes.splice(at..at, piece));
            }
            4 => {
                let other = &messages[chance.below(messages.len())];
                let from = chance.below(other.len());
                let to = other.len().min(from + chance.below(300));
                drop(bytes.splice(at..end, other[from..to].iter().copied()));
            }
            _ => {
                let token = TOKENS[chance.below(TOKENS.len())];
                drop(bytes.splice(at..at, token.bytes()));
            }
        }
        // Loopback takes no more in one datagram.
        bytes.truncate(60_000);
    }
    bytes
}

#[test]
fn a_stream_of_broken_messages_costs_nobody_a_call() {
    let mut settings = Settings::new();
    // alice and bob are called within the stream.
    settings.subscribers.push(Subscriber::new("dora", "+14255550103", "1003"));
    let server = Server::start(settings);
    Call::hang_up_in_greeting(server.sip(), &Invite::to("dora"));
    server.mails("dora", 1);
    let before = resident_kib(server.id());

    let messages = messages();
    let mut chance = Chance(20_000);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for sent in 0..DATAGRAMS {
        let bytes = mutated(&messages, &mut chance);
        socket.send_to(&bytes, server.sip()).unwrap();
        if sent % BETWEEN_PINGS == 0 {
            assert_eq!(options(server.sip(), "").status(), Some(200), "after {sent} datagrams");
        }
    }
    let after = resident_kib(server.id());
    println!("resident: {before} KiB before, {after} KiB after {DATAGRAMS} datagrams");
    assert!(after < before + GROWTH, "from {before} to {after} KiB");

    let invite = Invite::to("dora").from("+14255550177");
    let mut call = Call::place(server.sip(), &invite);
    call.answered();
    call.hears_greeting();
    call.hangs_up();
    server.mails("dora", 2);
    let panics = server.log().into_iter().filter(|line| line.contains("panic"));
    assert_eq!(panics.collect::<Vec<String>>(), [""; 0]);
    let metrics = server.metrics();
    assert!(metrics.contains("\nringpost_panics_total 0\n"), "{metrics}");
    // They were read, and not dropped on the way.
    let counted = |name: &str| -> usize {
        let lines = metrics.lines().filter_map(|line| line.strip_prefix(name));
        lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<usize>().unwrap()).sum()
    };
    let malformed = counted("ringpost_sip_malformed_total");
    let requests = counted("ringpost_sip_requests_total");
    let repeats = counted("ringpost_sip_retransmissions_total{direction=\"in\"}");
    println!("{malformed} malformed, {requests} requests, {repeats} repeats");
    assert!(malformed > DATAGRAMS / 10 && malformed + requests + repeats > DATAGRAMS / 2);
}
