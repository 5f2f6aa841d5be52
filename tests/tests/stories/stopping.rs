//! An orderly stop ends calls, not messages.

use std::time::Duration;

use ringpost_tests::letter::Kind;
use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};
use ringpost_tests::sound::{align, speech};

/// `limits.stop_seconds` is 10, and the machine may have other work.
const STOPS: Duration = Duration::from_secs(15);

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
fn with_a_second_to_stop_no_call_is_forgotten() {
    let settings = Settings::new().limit("stop_seconds", 1);
    let mut server = Server::start(settings);
    let said = speech(3.0, 17);
    let mut calls: Vec<Call> = (0..8)
        .map(|at| {
            let user = if at < 4 { "alice" } else { "bob" };
            let invite = Invite::to(user).from(&format!("+142555506{at:02}"));
            let mut call = Call::place(server.sip(), &invite);
            call.answered();
            call
        })
        .collect();
    std::thread::scope(|scope| {
        for call in &mut calls[..4] {
            let said = &said;
            scope.spawn(move || {
                call.hears_greeting();
                call.speaks(said);
            });
        }
    });
    for user in 4..8 {
        let mut late =
            Call::place(server.sip(), &Invite::to("bob").from(&format!("+142555507{user:02}")));
        late.answered();
        late.hears_something();
        calls.push(late);
    }
    // Nobody answers the BYE: a second is soon over.
    let status = server.stop(STOPS);
    assert!(status.success(), "{status}");
    server.up();
    let recorded = server.mails("alice", 4);
    assert!(recorded.iter().all(|letter| letter.kind() == Kind::VoiceMail));
    for letter in &recorded {
        let found = align(&said, &letter.sound().samples);
        assert!(found.correlation > 0.99 && said.len() - found.overlap < 1600, "{found:?}");
    }
    assert_eq!(server.mails("bob", 8).len(), 8);
    assert_eq!(server.wait_ledger(12).len(), 12);
    server.kill_and_restart();
    server.mails("alice", 4);
    server.mails("bob", 8);
}

#[test]
fn an_idle_server_stops_at_once() {
    let mut server = Server::start(Settings::new());
    let begun = std::time::Instant::now();
    assert!(server.stop(STOPS).success());
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}
