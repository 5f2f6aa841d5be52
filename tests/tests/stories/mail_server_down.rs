//! The mail server is away, slow or greylists: the mail arrives when it can.

use std::time::Duration;

use ringpost_tests::letter::Kind;
use ringpost_tests::mail_sink::MailSink;
use ringpost_tests::server::{SOON, Server};
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Report};
use ringpost_tests::sound::speech;
use ringpost_tests::waiting;

/// First retry after 5 s, ±20 %, then 10 s.
const RETRIES: Duration = Duration::from_secs(30);

#[test]
fn down_for_the_whole_call_and_back_later() {
    let mut sink = MailSink::start();
    sink.down();
    let server = Server::start(Settings::new().mail(&sink.url()));
    let said = speech(4.0, 14);
    Call::leave_message(server.sip(), &Invite::to("alice"), &said);
    let report = Report::missed("bob", "+14255550142", "away-1");
    assert_eq!(report.send(server.sip()).status(), Some(200), "reports are taken all the same");
    waiting::until("the first attempts", SOON, || {
        let rows = server.ledger();
        (rows.len() == 2 && rows.iter().all(|row| row.mails == ["queued"])).then_some(())
    });
    sink.up();
    let taken = sink.wait_taken(2, RETRIES);
    waiting::pass(Duration::from_secs(1));
    assert_eq!(sink.taken().len(), 2, "each mail once");
    let of = |user: &str| taken.iter().find(|mail| mail.recipient == user).expect("a mail");
    of("alice@example.com").letter.check_message(&said);
    of("bob@example.com").letter.check_missed_call("info");
    assert_eq!(of("bob@example.com").sender, "voicemail@example.com");
}

#[test]
fn greylisted_at_first() {
    let sink = MailSink::start();
    sink.greylists(1);
    let server = Server::start(Settings::new().mail(&sink.url()));
    Call::hang_up_in_greeting(server.sip(), &Invite::to("alice"));
    let taken = sink.wait_taken(1, RETRIES);
    assert_eq!(taken[0].letter.kind(), Kind::MissedCall);
    waiting::until("the ledger's word", SOON, || {
        (server.the_row().mails == ["delivered"]).then_some(())
    });
}

#[test]
fn slow_as_a_snail() {
    let sink = MailSink::start();
    sink.is_slow(Duration::from_millis(700));
    let server = Server::start(Settings::new().mail(&sink.url()));
    Call::hang_up_in_greeting(server.sip(), &Invite::to("alice"));
    assert_eq!(sink.wait_taken(1, RETRIES).len(), 1);
}

#[test]
fn hangs_up_after_the_dot_and_has_the_mail() {
    let sink = MailSink::start();
    sink.drops_after_dot(1);
    let server = Server::start(Settings::new().mail(&sink.url()));
    Call::hang_up_in_greeting(server.sip(), &Invite::to("alice"));
    // RFC 1047: nobody can tell; a second copy of the very same mail.
    let taken = sink.wait_taken(2, RETRIES);
    assert_eq!(taken[0].letter.message_id, taken[1].letter.message_id);
    waiting::pass(Duration::from_secs(1));
    assert_eq!(sink.taken().len(), 2);
}
