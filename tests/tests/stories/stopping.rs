//! An orderly stop ends calls, not messages.

use std::time::Duration;

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};
use ringpost_tests::sound::{align, speech};

const STOPS: Duration = Duration::from_secs(11);

#[test]
fn a_message_in_progress_is_a_voice_mail() {
    let mut server = Server::start(Settings::new());
    let said = speech(4.0, 13);
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered();
    call.hears_greeting();
    call.speaks(&said);
    let status = std::thread::scope(|scope| {
        let stopping = scope.spawn(|| server.stop(STOPS));
        call.is_hung_up(STOPS);
        stopping.join().expect("it stops")
    });
    assert!(status.success(), "{status}");
    server.up();
    let letter = server.mails("alice", 1).remove(0);
    let found = align(&said, &letter.sound().samples);
    assert!(found.correlation > 0.99 && said.len() - found.overlap < 800, "{found:?}");
}

#[test]
fn a_call_in_its_greeting_is_a_notification() {
    let mut server = Server::start(Settings::new());
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered();
    call.hears_something();
    let status = std::thread::scope(|scope| {
        let stopping = scope.spawn(|| server.stop(STOPS));
        call.is_hung_up(STOPS);
        stopping.join().expect("it stops")
    });
    assert!(status.success(), "{status}");
    server.up();
    server.mails("alice", 1).remove(0).check_missed_call("call");
    assert_eq!(server.wait_ledger(1).len(), 1);
}

#[test]
fn an_idle_server_stops_at_once() {
    let mut server = Server::start(Settings::new());
    let begun = std::time::Instant::now();
    assert!(server.stop(STOPS).success());
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}
