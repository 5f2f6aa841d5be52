//! Several ears hear of one call: one mail.

use std::time::Duration;

use ringpost_tests::letter::Kind;
use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Report};
use ringpost_tests::sound::speech;
use ringpost_tests::waiting;

fn ringing() -> Server {
    Server::start(Settings::new().limit("answer_after_seconds", 20))
}

/// How many rows of the ledger stand for a mail.
fn told(server: &Server, rows: usize) -> usize {
    server.wait_ledger(rows).iter().filter(|row| row.outcome != "silent").count()
}

#[test]
fn cancel_then_info_with_the_same_id_is_one_notification() {
    let server = ringing();
    let mut call = Call::place(server.sip(), &Invite::to("alice").call_id("shared-1"));
    call.rings();
    call.cancels();
    server.mails("alice", 1);
    let report = Report::missed("alice", "+14255550199", "shared-1");
    assert_eq!(report.send(server.sip()).status(), Some(200));
    server.mails("alice", 1).remove(0).check_missed_call("call");
    assert_eq!(told(&server, 2), 1);
}

#[test]
fn info_while_it_rings_then_cancel_is_one_notification() {
    let server = ringing();
    let mut call = Call::place(server.sip(), &Invite::to("alice").call_id("shared-2"));
    call.rings();
    let report = Report::missed("alice", "+14255550199", "shared-2");
    assert_eq!(report.send(server.sip()).status(), Some(200));
    // It waits for the end of the live call.
    waiting::pass(Duration::from_millis(500));
    server.mails("alice", 0);
    call.cancels();
    server.mails("alice", 1).remove(0);
}

#[test]
fn the_front_ends_own_id_ties_them_together() {
    let server = ringing();
    let invite = Invite::to("alice").header("Ms-Conversation-ID", "conversation-7");
    let mut call = Call::place(server.sip(), &invite);
    call.rings();
    call.cancels();
    let report = Report::missed("alice", "+14255550199", "other-id")
        .header("Ms-Conversation-ID", "conversation-7");
    assert_eq!(report.send(server.sip()).status(), Some(200));
    server.mails("alice", 1);
}

#[test]
fn without_a_common_id_the_same_parties_within_five_seconds_are_the_same_call() {
    let server = ringing();
    let mut call = Call::place(server.sip(), &Invite::to("alice").from("+14255550147"));
    call.rings();
    call.cancels();
    let same = Report::missed("alice", "+14255550147", "unrelated-1");
    assert_eq!(same.send(server.sip()).status(), Some(200));
    // Another caller, and another called user, are other calls.
    let other = Report::missed("alice", "+14255550148", "unrelated-2");
    assert_eq!(other.send(server.sip()).status(), Some(200));
    let bob = Report::missed("bob", "+14255550147", "unrelated-3");
    assert_eq!(bob.send(server.sip()).status(), Some(200));
    server.mails("alice", 2);
    server.mails("bob", 1);
}

#[test]
fn a_report_of_a_live_call_never_stands_beside_its_voice_mail() {
    let server = Server::start(Settings::new());
    let said = speech(3.0, 11);
    let mut call = Call::place(server.sip(), &Invite::to("alice").call_id("shared-3"));
    call.answered();
    let report = Report::missed("alice", "+14255550199", "shared-3");
    assert_eq!(report.send(server.sip()).status(), Some(200));
    call.hears_greeting();
    call.speaks(&said);
    call.hangs_up();
    let letter = server.mails("alice", 1).remove(0);
    assert_eq!(letter.kind(), Kind::VoiceMail);
    assert_eq!(report.send(server.sip()).status(), Some(200));
    server.mails("alice", 1);
}
