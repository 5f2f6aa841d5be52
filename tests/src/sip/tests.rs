//! The scripted caller against the tiny answering machine.

use std::time::Duration;

use super::answering::Answering;
use super::{Call, Invite, Line, Message, Report};
use crate::sound::{Law, align, speech};

#[test]
fn a_message_is_left() {
    let machine = Answering::start(Duration::ZERO);
    let invite = Invite::to("alice").from("+14255550142").named("Carol").header("X-Note", "1");
    let mut call = Call::place(machine.address(), &invite);
    call.answered();
    assert_eq!(call.law(), Law::A);
    let greeting = call.hears_greeting();
    assert!((900..=1000).contains(&greeting.length.as_millis()), "{:?}", greeting.length);
    let said = speech(1.0, 4);
    call.speaks(&said);
    call.presses('#');
    call.hangs_up();
    let ended = machine.ended();
    assert!(align(&said, &ended.heard).correlation > 0.999);
    assert_eq!(ended.keys, [11; 8]);
    assert_eq!(ended.invite.header("x-note"), Some("1"));
    assert!(ended.invite.header("From").unwrap().starts_with("\"Carol\" <sip:+14255550142@"));
}

#[test]
fn a_call_is_cancelled() {
    let machine = Answering::start(Duration::from_secs(5));
    let mut call = Call::place(machine.address(), &Invite::to("alice"));
    call.rings();
    call.cancels_because(Some("SIP;cause=200"));
    assert_eq!(machine.ended().ended_by, "CANCEL");
}

#[test]
fn reports_say_who_rang_whom() {
    let machine = Answering::start(Duration::ZERO);
    let report = Report::missed("alice", "+14255550142", "abc");
    assert_eq!(report.send(machine.address()).status(), Some(200));
    assert!(report.xml().1.contains("<CallId>abc</CallId>"));
    let json: serde_json::Value = serde_json::from_str(&report.json().1).unwrap();
    assert_eq!((&json["called"], &json["caller"]), (&"alice".into(), &"+14255550142".into()));
}

#[test]
fn requests_are_repeated_until_answered() {
    let deaf = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut line = Line::to(deaf.local_addr().unwrap());
    let request = Message::request("OPTIONS", "sip:a@b").with("CSeq", "1 OPTIONS");
    assert!(line.ask(&request, Duration::from_millis(2500), |_| true).is_none());
    deaf.set_nonblocking(true).unwrap();
    let mut bytes = [0; 2000];
    let copies = std::iter::from_fn(|| deaf.recv_from(&mut bytes).ok()).count();
    // At 0, 500 and 1500 ms; the next would come at 3500 ms.
    assert_eq!(copies, 3);
}
