//! A call that is put through while it is answered already: the message is that
//! of whoever speaks now (RFC 3325 §9.1).

use ringpost_tests::letter::Letter;
use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};
use ringpost_tests::sound::speech;

const CAROL: &str = "\"Carol Example\" <sip:+14255550143@example.com>";

/// Bob calls, hears the greeting, and puts Carol through, who speaks.
fn put_through(server: &Server) -> Call {
    let invite = Invite::to("alice")
        .from("+14255550142")
        .header("P-Asserted-Identity", "\"Bob Example\" <sip:+14255550142@example.com>");
    let mut call = Call::place(server.sip(), &invite);
    call.answered();
    call.hears_greeting();
    call.updates("P-Asserted-Identity", CAROL);
    call.speaks(&speech(2.0, 140));
    call
}

fn is_of_carol(letter: &Letter) {
    assert_eq!(letter.header("X-CallingTelephoneNumber"), Some("+14255550143"));
    assert!(letter.from_name.contains("Carol Example"), "{}", letter.from_name);
}

#[test]
fn the_message_is_of_whoever_speaks() {
    let server = Server::start(Settings::new());
    put_through(&server).hangs_up();
    is_of_carol(&server.mails("alice", 1).remove(0));
}

#[test]
fn and_so_it_is_after_a_crash() {
    let mut server = Server::start(Settings::new());
    let _call = put_through(&server);
    server.kill();
    server.up();
    is_of_carol(&server.mails("alice", 1).remove(0));
}

#[test]
fn a_peer_that_is_not_believed_changes_nothing() {
    let server = Server::start(
        Settings::new()
            .peers("127.0.0.9/32")
            .table("[[sip.peer]]\nname = \"street\"\nnetworks = [\"127.0.0.1\"]\nbelieve = []"),
    );
    put_through(&server).hangs_up();
    let letter = server.mails("alice", 1).remove(0);
    assert_eq!(letter.header("X-CallingTelephoneNumber"), Some("+14255550142"));
}
