//! Calls and requests that Ringpost does not take: the protocol's own errors.

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Line, Message};
use std::time::Duration;

#[test]
fn an_unknown_user_is_404_and_nobody_gets_a_mail() {
    let server = Server::start(Settings::new());
    let mut call = Call::place(server.sip(), &Invite::to("nobody"));
    assert_eq!(call.refused().status(), Some(404));
    server.mails("alice", 0);
    server.mails("nobody", 0);
    assert_eq!(server.live_calls(), 0);
    // The next call finds its user by number, extension and diversion.
    for invite in [
        Invite::to("+14255550101"),
        Invite::to("1001"),
        Invite::to("ALICE"),
        Invite::to("pilot").header("Diversion", "<sip:alice@example.com>;reason=no-answer"),
        Invite::to("pilot").header(
            "History-Info",
            "<sip:alice@example.com?Reason=SIP%3Bcause%3D408>;index=1, <sip:pilot@example.com>;index=1.1",
        ),
    ] {
        let mut call = Call::place(server.sip(), &invite);
        call.answered();
        call.hangs_up();
    }
    server.mails("alice", 5);
}

#[test]
fn a_call_without_a_common_codec_is_488() {
    let server = Server::start(Settings::new());
    let mut call = Call::prepare(server.sip(), &Invite::to("alice"));
    let offer = call
        .invite()
        .text()
        .replace(" 8 0 101", " 96")
        .replace("a=rtpmap:0 PCMU/8000", "a=rtpmap:96 opus/48000/2");
    let offer: String = offer
        .lines()
        .filter(|line| !line.contains("PCMA") && !line.contains("101"))
        .map(|line| format!("{line}\r\n"))
        .collect();
    call.place_with(offer.as_bytes());
    assert_eq!(call.refused().status(), Some(488));
    server.mails("alice", 0);
}

#[test]
fn the_limit_of_calls_is_503_with_retry_after() {
    let server = Server::start(Settings::new().limit("calls", 1));
    let mut first = Call::place(server.sip(), &Invite::to("alice"));
    first.answered();
    let mut second = Call::place(server.sip(), &Invite::to("bob"));
    let refusal = second.refused();
    assert_eq!(refusal.status(), Some(503));
    let seconds = refusal.header("Retry-After").and_then(|value| value.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| seconds <= 5), "{refusal}");
    first.hangs_up();
    server.mails("alice", 1);
}

#[test]
fn requests_that_are_not_known_are_405_and_481() {
    let server = Server::start(Settings::new());
    let mut line = Line::to(server.sip());
    let request = |line: &Line, method: &str, to: &str| {
        Message::request(method, "sip:alice@example.com")
            .with("Via", line.via())
            .with("Max-Forwards", "70")
            .with("From", format!("<sip:x@example.com>;tag={}", Line::token("t")))
            .with("To", to)
            .with("Call-ID", Line::token("c"))
            .with("CSeq", format!("1 {method}"))
    };
    let soon = Duration::from_secs(5);
    let publish = request(&line, "PUBLISH", "<sip:alice@example.com>");
    let answer = line.ask(&publish, soon, |status| status >= 200).expect("an answer");
    assert_eq!(answer.status(), Some(405));
    assert!(answer.header("Allow").unwrap_or_default().contains("INVITE"), "{answer}");
    let bye = request(&line, "BYE", "<sip:alice@example.com>;tag=gone");
    let answer = line.ask(&bye, soon, |status| status >= 200).expect("an answer");
    assert_eq!(answer.status(), Some(481));
}
