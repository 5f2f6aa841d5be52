//! Message waiting: a phone is told how many voice mails there are.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use ringpost_tests::http;
use ringpost_tests::server::{SOON, Server};
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Message};
use ringpost_tests::sound::speech;
use ringpost_tests::waiting;

/// A phone with a lamp.
struct Phone {
    socket: UdpSocket,
}

impl Phone {
    fn new() -> Self {
        Self { socket: UdpSocket::bind(("127.0.0.1", 0)).expect("a UDP socket") }
    }

    fn uri(&self) -> String {
        format!("sip:alice@{}", self.socket.local_addr().expect("bound"))
    }

    /// The next NOTIFY that was not heard before, answered with that status.
    fn notified(&self, within: Duration, status: u16) -> Option<Message> {
        let deadline = Instant::now() + within;
        let mut datagram = [0; 65_536];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            self.socket.set_read_timeout(Some(left)).expect("a time-out");
            let Ok((count, peer)) = self.socket.recv_from(&mut datagram) else { continue };
            let message = Message::read(&datagram[..count]).expect("SIP");
            assert_eq!(message.method(), Some("NOTIFY"), "{message}");
            let answer = message.answer(status, "Whatever", "phone");
            self.socket.send_to(&answer.bytes(), peer).expect("sent");
            return Some(message);
        }
    }

    /// Waits for a NOTIFY; what it says of voice messages.
    fn shows(&self, what: &str) -> String {
        let message = self.notified(SOON, 200).unwrap_or_else(|| panic!("no NOTIFY: {what}"));
        counts(&message)
    }
}

fn counts(message: &Message) -> String {
    let text = message.text();
    let line = text.lines().find_map(|line| line.strip_prefix("Voice-Message: "));
    line.and_then(|line| line.split_whitespace().next()).unwrap_or_default().to_owned()
}

/// A server whose alice has these phones.
fn server(phones: &[&Phone]) -> Server {
    let mut server = Server::prepared(Settings::new());
    let file = server.config();
    let text = std::fs::read_to_string(&file).expect("the configuration");
    let uris: Vec<String> = phones.iter().map(|phone| format!("\"{}\"", phone.uri())).collect();
    let line = format!("user = \"alice\"\nmessage_waiting = [{}]\n", uris.join(", "));
    std::fs::write(&file, text.replacen("user = \"alice\"\n", &line, 1)).expect("written");
    server.up();
    server
}

/// Status of a POST with these header lines.
fn post(server: SocketAddr, path: &str, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(server).expect("connected");
    stream.set_read_timeout(Some(SOON)).expect("a time-out");
    let request = format!("POST {path} HTTP/1.0\r\nHost: {server}\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok());
    (status.expect("a status"), body.to_owned())
}

const JSON: &str = "Content-Type: application/json\r\n";

#[test]
fn the_lamp_follows_the_voice_mails() {
    let (phone, other) = (Phone::new(), Phone::new());
    let mut server = server(&[&phone, &other]);
    assert_eq!(
        (phone.shows("at the start"), other.shows("at the start")),
        ("0/0".into(), "0/0".into())
    );
    let said = speech(2.0, 41);
    // A notification is nothing to be heard.
    Call::hang_up_in_greeting(server.sip(), &Invite::to("alice").from("+14255550143"));
    Call::leave_message(server.sip(), &Invite::to("alice"), &said);
    let message = phone.notified(SOON, 200).expect("a NOTIFY");
    assert_eq!(counts(&message), "1/0");
    assert_eq!(message.header("Event"), Some("message-summary"));
    assert!(message.text().contains("Messages-Waiting: yes"), "{message}");
    assert_eq!(other.shows("a message was left"), "1/0");
    let id = server.wait_ledger(2)[0].id.clone();
    assert!(server.says(&["messages", "list"]).contains("delivered, new"));

    // Heard, says a command beside the server.
    let words = server.says(&["messages", "seen", &id]);
    assert!(words.contains("one voice mail") && words.contains("0 new and 1 seen"), "{words}");
    assert_eq!((phone.shows("heard"), other.shows("heard")), ("0/1".into(), "0/1".into()));
    assert!(server.says(&["messages", "list"]).contains("delivered, seen"));
    let missed = server.wait_ledger(2)[1].id.clone();
    let output = server.command(&["messages", "seen", &missed]);
    assert!(!output.status.success(), "a notification cannot be heard");

    // And again after a restart.
    server.kill_and_restart();
    assert_eq!(phone.shows("after a restart"), "0/1");
    assert_eq!(
        http::json(server.http(), "/api/v1/subscribers/alice/waiting").to_string(),
        r#"{"new":0,"old":1,"subscriber":"alice"}"#
    );
}

#[test]
fn it_is_heard_over_http_and_by_no_web_page() {
    let phone = Phone::new();
    let server = server(&[&phone]);
    assert_eq!(phone.shows("at the start"), "0/0");
    Call::leave_message(server.sip(), &Invite::to("alice"), &speech(2.0, 42));
    assert_eq!(phone.shows("a message was left"), "1/0");
    let id = server.the_row().id;
    let (one, all) = (format!("/api/v1/messages/{id}/seen"), "/api/v1/subscribers/alice/seen");
    for path in [one.as_str(), all] {
        assert_eq!(post(server.http(), path, "").0, 415);
        assert_eq!(post(server.http(), path, "Content-Type: text/plain\r\n").0, 415);
        let page = format!("{JSON}Origin: http://example.com\r\n");
        assert_eq!(post(server.http(), path, &page).0, 403);
    }
    assert!(phone.notified(Duration::from_secs(3), 200).is_none(), "nothing was heard");
    assert_eq!(post(server.http(), "/api/v1/messages/none/seen", JSON).0, 404);
    assert_eq!(post(server.http(), "/api/v1/subscribers/nobody/seen", JSON).0, 404);
    let (status, body) = post(server.http(), &one, JSON);
    assert_eq!((status, body.contains("\"new\":0,\"old\":1")), (200, true), "{body}");
    assert_eq!(phone.shows("heard"), "0/1");
    let (status, body) = post(server.http(), all, JSON);
    assert_eq!((status, body.contains("\"changed\":0")), (200, true), "{body}");
    assert!(phone.notified(Duration::from_secs(3), 200).is_none(), "nothing changed");
}

#[test]
fn a_phone_that_is_busy_is_told_later_with_the_newest_counts() {
    let phone = Phone::new();
    let server = server(&[&phone]);
    assert_eq!(counts(&phone.notified(SOON, 503).expect("a NOTIFY")), "0/0");
    // Calls are taken and mails go out meanwhile.
    Call::leave_message(server.sip(), &Invite::to("alice"), &speech(2.0, 43));
    server.mails("alice", 1);
    assert_eq!(
        waiting::until("the newest counts", SOON, || {
            let told = counts(&phone.notified(SOON, 200)?);
            (told != "0/0").then_some(told)
        }),
        "1/0"
    );
    let (_, metrics) = http::get(server.http(), "/metrics").expect("metrics");
    for line in
        ["ringpost_notifies_total{status=\"503\"} 1", "ringpost_notifies_total{status=\"200\"}"]
    {
        assert!(metrics.contains(line), "no {line} in\n{metrics}");
    }
}
