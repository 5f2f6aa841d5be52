//! Connections as they are in the field: requests in pieces and side by side,
//! keep-alives, an end in the middle; and calls over IPv6.

use std::time::Duration;

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Line, Message, Way, try_options};
use ringpost_tests::sound::speech;
use ringpost_tests::waiting;

const PATIENCE: Duration = Duration::from_secs(10);

fn asks(line: &Line, number: u32) -> Message {
    let uri = format!("sip:{}", line.server());
    Message::request("OPTIONS", &uri)
        .with("Via", line.via())
        .with("Max-Forwards", "70")
        .with("From", "<sip:pbx@example.com>;tag=one")
        .with("To", format!("<{uri}>"))
        .with("Call-ID", Line::token("stream-"))
        .with("CSeq", format!("{number} OPTIONS"))
}

fn is_answered(line: &mut Line, number: u32) {
    let answer = line.receive(PATIENCE, |message| message.cseq() == (number, "OPTIONS"));
    let status = answer.and_then(|answer| answer.status());
    assert_eq!(status, Some(200), "request {number}; heard:\n{}", line.story());
}

#[test]
fn requests_come_in_pieces_and_side_by_side() {
    let server = Server::start(Settings::new().over_tcp());
    let mut line = Line::to(Way::tcp(server.sip()));
    // Many in one piece, with keep-alives (RFC 5626 §3.5.1) and empty lines between.
    let mut many = Vec::new();
    for number in 1..=20 {
        many.extend(b"\r\n\r\n");
        many.extend(asks(&line, number).bytes());
        many.extend(b"\r\n");
    }
    line.send_raw(&many);
    for number in 1..=20 {
        is_answered(&mut line, number);
    }
    // One in many pieces.
    for piece in asks(&line, 21).bytes().chunks(7) {
        line.send_raw(piece);
        waiting::pass(Duration::from_millis(2));
    }
    is_answered(&mut line, 21);
    assert_eq!(line.closed(), None);
}

#[test]
fn a_connection_that_breaks_harms_nobody_else() {
    let server = Server::start(Settings::new().over_tcp());
    let said = speech(2.0, 280);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            Call::leave_message(Way::tcp(server.sip()), &Invite::to("alice"), &said);
        });
        for at in 0..20 {
            let line = Line::to(Way::tcp(server.sip()));
            let bytes = asks(&line, 1).bytes();
            line.send_raw(&bytes[..bytes.len() * (at + 1) / 21]);
        }
        // What is no SIP ends its own connection only.
        let mut line = Line::to(Way::tcp(server.sip()));
        line.send_raw(&b"\x16\x03\x01\x02\x00".repeat(20_000));
        let none = line.receive(PATIENCE, |message| message.status() == Some(200));
        assert!(none.is_none() && line.closed().is_some(), "{}", line.story());
        assert_eq!(try_options(&Way::tcp(server.sip())), Ok(200));
    });
    server.mails("alice", 1).remove(0).check_message(&said);
}

#[test]
fn a_caller_who_lost_his_connection_hangs_up_on_another() {
    let server = Server::start(Settings::new().over_tcp());
    let mut call = Call::place(Way::tcp(server.sip()), &Invite::to("alice"));
    call.answered();
    call.hears_something();
    call.line = Line::to(Way::tcp(server.sip()));
    call.hangs_up();
    server.mails("alice", 1).remove(0).check_missed_call("call");
    assert_eq!(server.the_row().end(), ("missed-call", "hung-up-in-greeting"));
}

#[test]
fn ipv6_beside_ipv4() {
    let server = Server::start(Settings::new().over_tcp().over_ipv6());
    let said = speech(2.0, 281);
    let six = server.sip_over_ipv6();
    std::thread::scope(|scope| {
        for (way, user) in
            [(Way::from(six), "alice"), (Way::tcp(six), "alice"), (Way::from(server.sip()), "bob")]
        {
            let said = &said;
            scope.spawn(move || Call::leave_message(way, &Invite::to(user), said));
        }
    });
    for letter in server.mails("alice", 2).into_iter().chain(server.mails("bob", 1)) {
        letter.check_message(&said);
    }
}
