//! sipp hangs up in the greeting, and gives up while Ringpost rings.

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sipp::Sipp;

#[test]
fn hang_up_in_the_greeting() {
    let server = Server::start(Settings::new());
    Sipp::scenario("hang_up_in_greeting", "alice").run(server.sip());
    server.mails("alice", 1).remove(0).check_missed_call("call");
    assert_eq!(server.the_row().end(), ("missed-call", "hung-up-in-greeting"));
}

#[test]
fn cancel_while_ringing() {
    let server = Server::start(Settings::new().limit("answer_after_seconds", 20));
    Sipp::scenario("cancel_while_ringing", "alice").run(server.sip());
    server.mails("alice", 1).remove(0).check_missed_call("call");
    assert_eq!(server.the_row().end(), ("missed-call", "cancelled"));
}
