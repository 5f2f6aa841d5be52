//! Killed after the hang-up and before the mail server's 250: delivered.

use std::time::Duration;

use ringpost_tests::mail_sink::MailSink;
use ringpost_tests::server::{SOON, Server};
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Report};
use ringpost_tests::sound::speech;
use ringpost_tests::waiting;

const RETRIES: Duration = Duration::from_secs(30);

#[test]
fn at_once_after_the_200_of_the_bye() {
    let mut server = Server::start(Settings::new());
    let said = speech(3.0, 22);
    Call::leave_message(server.sip(), &Invite::to("alice"), &said);
    // Nothing is awaited here: the message may be anywhere on its way.
    server.kill_and_restart();
    let letter = server.mails("alice", 1).remove(0);
    let found = ringpost_tests::sound::align(&said, &letter.sound().samples);
    assert!(found.correlation > 0.99 && found.overlap + 12_000 > said.len(), "{found:?}");
}

#[test]
fn while_the_mail_server_is_down() {
    let mut sink = MailSink::start();
    sink.down();
    let mut server = Server::start(Settings::new().mail(&sink.url()));
    let said = speech(3.0, 23);
    Call::leave_message(server.sip(), &Invite::to("alice"), &said);
    waiting::until("the outbox", SOON, || (server.ledger().len() == 1).then_some(()));
    server.kill();
    sink.up();
    server.up();
    sink.wait_taken(1, RETRIES)[0].letter.check_message(&said);
    waiting::pass(Duration::from_secs(1));
    assert_eq!(sink.taken().len(), 1);
}

#[test]
fn while_the_mail_server_holds_its_reply() {
    let sink = MailSink::start();
    sink.holds();
    let mut server = Server::start(Settings::new().mail(&sink.url()));
    let said = speech(3.0, 24);
    Call::leave_message(server.sip(), &Invite::to("alice"), &said);
    sink.wait_held(1, SOON);
    server.kill();
    sink.releases();
    server.up();
    sink.wait_taken(1, RETRIES)[0].letter.check_message(&said);
    waiting::pass(Duration::from_secs(1));
    assert_eq!(sink.taken().len(), 1, "what was never answered was never taken");
    assert_eq!(sink.dots(), 2);
}

#[test]
fn a_report_with_its_200_is_delivered_too() {
    let mut sink = MailSink::start();
    sink.down();
    let mut server = Server::start(Settings::new().mail(&sink.url()));
    let report = Report::missed("alice", "+14255550142", "safe-1");
    assert_eq!(report.send(server.sip()).status(), Some(200));
    server.kill();
    sink.up();
    server.up();
    sink.wait_taken(1, RETRIES)[0].letter.check_missed_call("info");
}
