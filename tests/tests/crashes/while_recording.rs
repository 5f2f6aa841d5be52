//! Killed while recording: the voice mail with the sound up to the last second.

use ringpost_tests::letter::Kind;
use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};
use ringpost_tests::sound::{RATE, align, seconds, speech};

#[test]
fn the_sound_is_there_up_to_the_last_second() {
    let mut server = Server::start(Settings::new());
    let said = speech(6.0, 21);
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered();
    call.hears_greeting();
    call.speaks(&said);
    server.kill();
    server.up();
    let letter = server.mails("alice", 1).remove(0);
    assert_eq!(letter.kind(), Kind::VoiceMail);
    let wav = letter.sound();
    let found = align(&said, &wav.samples);
    let lost = said.len() - found.overlap;
    // A second, and half a one for a machine that has other work.
    println!("{lost} samples of {} were lost", said.len());
    assert!(found.correlation > 0.99 && lost <= RATE + RATE / 2, "{found:?}");
    let length = seconds(&wav.samples);
    assert!((f64::from(letter.duration()) - length).abs() <= 0.51, "{length} s");
    assert_eq!(server.the_row().end(), ("voice-mail", "interrupted"));
    server.kill_and_restart();
    server.mails("alice", 1);
}

#[test]
fn a_recording_with_nothing_in_it_yet_is_a_notification() {
    let mut server = Server::start(Settings::new());
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered();
    call.hears_greeting();
    call.speaks(&vec![4; 2 * RATE]);
    server.kill_and_restart();
    server.mails("alice", 1).remove(0).check_missed_call("call");
}
