//! A recording with nothing in it is a missed call and no empty voice mail.

use std::time::Duration;

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};
use ringpost_tests::sound::{RATE, speech};
use ringpost_tests::waiting;

#[test]
fn a_recording_too_short_is_a_notification_and_its_sound_is_kept() {
    let server = Server::start(Settings::new().limit("minimum_message_seconds", 3));
    Call::leave_message(server.sip(), &Invite::to("alice"), &speech(1.0, 3));
    server.mails("alice", 1).remove(0).check_missed_call("call");
    assert_eq!(server.the_row().end(), ("missed-call", "too-short"));
    let kept = std::fs::read_dir(server.state().join("recordings")).expect("a folder").count();
    assert_eq!(kept, 1, "the sound is kept for a day");
}

#[test]
fn silence_after_the_beep_is_a_notification() {
    let server = Server::start(Settings::new());
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered();
    call.hears_greeting();
    // Quiet, and a click of 40 ms which is nothing said.
    let mut quiet = vec![8_i16; 2 * RATE];
    quiet[RATE..RATE + 320].fill(9000);
    call.speaks(&quiet);
    call.hangs_up();
    server.mails("alice", 1).remove(0).check_missed_call("call");
    assert_eq!(server.the_row().end(), ("missed-call", "nothing-said"));
}

#[test]
fn a_caller_who_sends_no_sound_at_all_is_a_notification() {
    let server = Server::start(Settings::new());
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered();
    call.hears_greeting();
    waiting::pass(Duration::from_millis(1500));
    call.hangs_up();
    server.mails("alice", 1).remove(0).check_missed_call("call");
}
