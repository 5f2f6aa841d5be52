//! The messages of `crates/sip/messages`, one file each: read by the wire reader,
//! and sent to an endpoint whose house answers everything it can.

mod ipv6;
mod torture;
mod vendors;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};

use super::*;
use crate::Transport;
use crate::wire::{Malformed, Via};

/// What the wire reader makes of a file.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    /// Method, user and host of the Request-URI.
    Request(&'static str, &'static str, &'static str),
    /// A response with that status.
    Response(u16),
    /// Not to be understood; the status that the protocol has for it, and 0
    /// where there is no answer.
    Broken(u16),
}

/// File, what is heard, final status of the endpoint (0: silence), and a header
/// that the answer has.
type Row = (&'static str, Heard, u16, &'static str);

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("messages").join(name)
}

fn message(folder_name: &str, file: &str) -> Vec<u8> {
    let path = folder(folder_name).join(format!("{file}.sip"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names of the files, without their ending.
fn files(folder_name: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder(folder_name)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        names.filter_map(|name| name.strip_suffix(".sip").map(str::to_owned)).collect();
    names.sort();
    names
}

/// Every file of the folder has its row, and every row its file.
fn assert_all_are_there<'a>(folder: &str, rows: impl Iterator<Item = &'a str>) {
    let mut rows: Vec<&str> = rows.collect();
    rows.sort_unstable();
    assert_eq!(files(folder), rows);
}

fn source() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 9], 5060))
}

fn assert_heard(read: &Result<Option<Message>, Malformed>, expected: &Heard, file: &str) {
    match (read, expected) {
        (Ok(Some(Message::Request(request))), Heard::Request(method, user, host)) => {
            assert_eq!(request.method.as_str(), *method, "{file}");
            assert_eq!(request.uri.user().unwrap_or_default(), *user, "{file}");
            assert_eq!(request.uri.host(), *host, "{file}");
        }
        (Ok(Some(Message::Response(response))), Heard::Response(status)) => {
            assert_eq!(response.status, *status, "{file}");
        }
        (Err(fault), Heard::Broken(status)) => {
            let answer = fault.answer(source()).map_or(0, |answer| answer.status);
            assert_eq!(answer, *status, "{file}: {fault}");
        }
        other => panic!("{file}: {other:?}"),
    }
}

/// Addresses of the loopback network that no other test uses, not even one of
/// another process: these messages ask for answers at port 5060.
fn own_ip() -> [u8; 4] {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [low, high, ..] = std::process::id().to_le_bytes();
    [127, 64 | (high & 63), low, NEXT.fetch_add(1, Ordering::Relaxed)]
}

/// Who sent a file: bound to the port to which the answer goes by its Via.
struct Sender {
    socket: UdpSocket,
    server: SocketAddr,
}

impl Sender {
    async fn of(bytes: &[u8], ip: [u8; 4], server: &Endpoint) -> Sender {
        let source = SocketAddr::from((ip, 5060));
        let port = |via: Via<'_>| via.way_back(source, Transport::Udp).port();
        let answered = match read_datagram(bytes) {
            Ok(Some(Message::Request(request))) => request.via().ok().map(port),
            Err(fault) => fault.answer(source).and_then(|answer| answer.via().ok().map(port)),
            _ => None,
        };
        let port = answered.unwrap_or(0);
        let socket = UdpSocket::bind((std::net::IpAddr::from(ip), port)).await.unwrap();
        Sender { socket, server: addr(server) }
    }

    async fn send(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.server).await.unwrap();
    }

    /// The next answer as text: one to a message without Call-ID is no message
    /// that could be read.
    async fn answer(&self) -> String {
        let mut buffer = vec![0; 65_535];
        let (length, _) = soon(self.socket.recv_from(&mut buffer)).await.unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    /// The next final answer.
    async fn final_answer(&self) -> String {
        loop {
            let answer = self.answer().await;
            if !answer.starts_with("SIP/2.0 1") {
                return answer;
            }
        }
    }

    fn hears_nothing(&self) -> bool {
        self.socket.try_recv(&mut [0; 16]).is_err()
    }
}

/// Answers every call with sound in it, every report and every OPTIONS.
async fn willing_house(mut arrivals: mpsc::Receiver<Arrival>) {
    let mut calls = Vec::new();
    while let Some(arrival) = arrivals.recv().await {
        match arrival {
            Arrival::Call(call) => {
                match call.invitation.audio {
                    Some(_) => call.control.answer(rtp(6000)),
                    None => call.control.refuse(Answer::new(488)),
                }
                calls.push(call);
            }
            Arrival::Report(report) => report.responder.respond(Answer::new(200)),
            Arrival::Options(options) => options.responder.respond(Answer::new(200)),
        }
    }
}

/// Sends every file, each to an endpoint of its own, and expects its answer and
/// nothing else; OPTIONS are answered afterwards.
async fn assert_answers(folder: &str, rows: &[Row]) {
    let ip = own_ip();
    for (file, _, status, header) in rows {
        let bytes = message(folder, file);
        let (server, arrivals) = bind().await;
        let house = tokio::spawn(willing_house(arrivals));
        let sender = Sender::of(&bytes, ip, &server).await;
        sender.send(&bytes).await;
        if *status != 0 {
            let answer = sender.final_answer().await;
            let start = format!("SIP/2.0 {status} ");
            assert!(answer.starts_with(&start), "{file}: {status} is due, and not {answer}");
            assert!(answer.contains(header), "{file}: {header} is missing in {answer}");
        }
        let raw = Raw::towards(&server).await;
        let alive = raw.ask(&raw.request("OPTIONS", "alive", 1)).await;
        assert_eq!(alive.status, 200, "after {file}");
        assert!(sender.hears_nothing(), "{file}: one answer, and no more");
        house.abort();
    }
}
