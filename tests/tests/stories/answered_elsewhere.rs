//! Another endpoint answered: nobody missed anything.

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};

#[test]
fn a_cancel_that_says_so_is_no_mail() {
    for reason in ["SIP;cause=200;text=\"Call completed elsewhere\"", "Q.850;cause=26"] {
        let server = Server::start(Settings::new().limit("answer_after_seconds", 20));
        let mut call = Call::place(server.sip(), &Invite::to("alice"));
        call.rings();
        call.cancels_because(Some(reason));
        assert_eq!(server.the_row().end(), ("silent", "answered-elsewhere"), "{reason}");
        server.mails("alice", 0);
    }
}

#[test]
fn a_bye_in_the_greeting_that_says_so_is_no_mail() {
    let server = Server::start(Settings::new());
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered();
    call.hears_something();
    assert_eq!(call.hangs_up_because(Some("SIP;cause=200")), 200);
    assert_eq!(server.the_row().end(), ("silent", "answered-elsewhere"));
    server.mails("alice", 0);
}

#[test]
fn another_reason_is_a_missed_call() {
    let server = Server::start(Settings::new().limit("answer_after_seconds", 20));
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.rings();
    call.cancels_because(Some("Q.850;cause=16;text=\"Normal call clearing\""));
    server.mails("alice", 1).remove(0).check_missed_call("call");
}
