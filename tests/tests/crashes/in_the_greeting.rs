//! Killed in the greeting: a missed call notification.

use std::time::Duration;

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Report};
use ringpost_tests::waiting;

#[test]
fn while_it_plays() {
    let mut server = Server::start(Settings::new());
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered();
    call.hears_something();
    server.kill_and_restart();
    server.mails("alice", 1).remove(0).check_missed_call("call");
    assert_eq!(server.the_row().end(), ("missed-call", "interrupted"));
    assert_eq!(call.hangs_up_because(None), 481, "the call is gone");
    // Another restart tells nobody again.
    server.kill_and_restart();
    server.mails("alice", 1);
}

#[test]
fn already_once_the_answer_is_in_the_journal() {
    let mut server = Server::start(Settings::new());
    let log = server.state().join("outbox.db-wal");
    let changed = || std::fs::metadata(&log).and_then(|log| log.modified()).ok();
    let before = changed();
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered_without_ack();
    // Nobody does anything more for it: neither an ACK nor a hang-up.
    waiting::until("the open call in the journal", Duration::from_secs(5), || {
        (changed() != before).then_some(())
    });
    waiting::pass(Duration::from_millis(100));
    server.kill_and_restart();
    server.mails("alice", 1).remove(0).check_missed_call("call");
}

#[test]
fn a_report_that_waited_for_the_call_is_told_with_it() {
    let mut server = Server::start(Settings::new());
    let mut call = Call::place(server.sip(), &Invite::to("alice").call_id("cut-off-2"));
    call.answered();
    call.hears_something();
    let report = Report::missed("alice", "+14255550199", "cut-off-2");
    assert_eq!(report.send(server.sip()).status(), Some(200));
    server.kill_and_restart();
    server.mails("alice", 1);
    assert_eq!(report.send(server.sip()).status(), Some(200));
    server.mails("alice", 1);
}
