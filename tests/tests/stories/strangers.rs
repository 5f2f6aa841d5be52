//! Who may not call, and what is no SIP at all.

use std::time::Duration;

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Line, Message, Report, options};

#[test]
fn a_stranger_is_403() {
    let server = Server::start(Settings::new().peers("127.0.0.9/32"));
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    assert_eq!(call.refused().status(), Some(403));
    let report = Report::missed("alice", "+14255550142", "stranger-1");
    assert_eq!(report.send(server.sip()).status(), Some(403));
    server.mails("alice", 0);
}

#[test]
fn noise_is_survived_and_stays_out_of_the_log() {
    let mut server = Server::start(Settings::new());
    server.never_logs("evil-bytes");
    let mut line = Line::to(server.sip());
    let noise: [&[u8]; 8] = [
        b"",
        b"\r\n\r\n",
        b"\x00\xff\xfe evil-bytes",
        b"INVITE",
        b"INVITE sip:alice@example.com SIP/2.0\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: evil-bytes\r\n\r\n",
        b"evil-bytes sip:\x1b[31m SIP/2.0\r\nVia: SIP/2.0/UDP x\r\nContent-Length: 99999999\r\n\r\n",
        &[b'a'; 60_000],
    ];
    for bytes in noise {
        line.send_raw(bytes);
    }
    // What can be answered is 400.
    let broken = Message::request("INVITE", "sip:alice@example.com")
        .with("Via", line.via())
        .with("CSeq", "1 INVITE");
    let answer = line.ask(&broken, Duration::from_secs(5), |status| status >= 200);
    assert_eq!(answer.and_then(|answer| answer.status()), Some(400));
    assert_eq!(options(server.sip(), "alice").status(), Some(200));
    assert!(server.log().iter().all(|line| !line.contains('\u{1b}')), "an escape in the log");
    Call::hang_up_in_greeting(server.sip(), &Invite::to("alice"));
    server.mails("alice", 1);
}
