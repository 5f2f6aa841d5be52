//! State 2: Ringpost rings (`answer_after_seconds`), and the caller gives up.

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};

#[test]
fn a_cancel_while_it_rings_is_one_notification() {
    let server = Server::start(Settings::new().limit("answer_after_seconds", 20));
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.rings();
    assert_eq!(server.live_calls(), 1);
    call.cancels();
    server.mails("alice", 1).remove(0).check_missed_call("call");
    assert_eq!(server.the_row().end(), ("missed-call", "cancelled"));
    assert_eq!(server.the_row().state, 2);
    assert_eq!(server.live_calls(), 0);
}

#[test]
fn without_the_setting_it_never_rings() {
    let server = Server::start(Settings::new());
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered();
    let provisional: Vec<u16> = call
        .line
        .heard()
        .iter()
        .filter_map(|message| message.status())
        .filter(|status| (101..200).contains(status))
        .collect();
    assert!(provisional.is_empty(), "{provisional:?}");
    call.hangs_up();
    server.mails("alice", 1);
}

#[test]
fn it_answers_when_it_has_rung_long_enough() {
    let server = Server::start(Settings::new().limit("answer_after_seconds", 1));
    let begun = std::time::Instant::now();
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.rings();
    call.answered();
    let took = begun.elapsed().as_millis();
    assert!(took >= 990, "answered after {took} ms");
    call.hangs_up();
    server.mails("alice", 1).remove(0).check_missed_call("call");
}
