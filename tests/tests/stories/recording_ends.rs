//! Ringpost ends the recording itself: `#`, silence, the limits.

use std::time::Duration;

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};
use ringpost_tests::sound::speech;

const SOON: Duration = Duration::from_secs(20);

fn recording(server: &Server) -> Call {
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered();
    call.hears_greeting();
    call
}

#[test]
fn the_hash_key_ends_it() {
    let server = Server::start(Settings::new().limit("silence_seconds", 60));
    let said = speech(3.0, 4);
    let mut call = recording(&server);
    call.speaks(&said);
    call.presses('#');
    call.is_hung_up(SOON);
    server.mails("alice", 1).remove(0).check_message(&said);
}

#[test]
fn silence_ends_it_also_when_packets_stop() {
    let server = Server::start(Settings::new().limit("silence_seconds", 2));
    let said = speech(3.0, 5);
    let mut call = recording(&server);
    call.speaks(&said);
    call.is_hung_up(SOON);
    let letter = server.mails("alice", 1).remove(0);
    assert_eq!(server.the_row().end(), ("voice-mail", "message-left"));
    let found = ringpost_tests::sound::align(&said, &letter.sound().samples);
    assert!(found.correlation > 0.99, "{found:?}");
}

#[test]
fn the_limit_of_a_recording_ends_it() {
    let server = Server::start(Settings::new().limit("recording_seconds", 2));
    let mut call = recording(&server);
    call.speaks(&speech(4.0, 6));
    call.is_hung_up(SOON);
    let letter = server.mails("alice", 1).remove(0);
    let seconds = ringpost_tests::sound::seconds(&letter.sound().samples);
    assert!((1.0..3.5).contains(&seconds), "{seconds} s recorded");
}
