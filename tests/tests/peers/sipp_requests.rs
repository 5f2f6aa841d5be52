//! sipp with requests that not every caller makes: late offer, UPDATE, session
//! timer, hold, glare, 100rel; over UDP and TCP.

use std::time::Duration;

use ringpost_tests::mail_sink::{MailSink, Taken};
use ringpost_tests::server::{SOON, Server};
use ringpost_tests::settings::Settings;
use ringpost_tests::sipp::Sipp;
use ringpost_tests::sound::speech;

use crate::company;

/// What sipp waits beyond the greeting before it speaks.
const BREATH: Duration = Duration::from_millis(600);

/// Both transports side by side.
fn over_udp_and_tcp(call: impl Fn(bool) + Sync) {
    std::thread::scope(|scope| {
        for tcp in [false, true] {
            scope.spawn({
                let call = &call;
                move || call(tcp)
            });
        }
    });
}

fn mail_of(sink: &MailSink, user: &str) -> Taken {
    let address = format!("{user}@example.com");
    sink.wait_for(&address, 1, SOON).remove(0)
}

/// alice is called over UDP and bob over TCP.
const fn called(tcp: bool) -> &'static str {
    if tcp { "bob" } else { "alice" }
}

/// A scenario that ends in a message which arrives whole.
fn leaves_a_message(scenario: &'static str) {
    let sink = MailSink::start();
    let server =
        Server::start(Settings::new().over_tcp().mail(&sink.url()).subscriber(company::eve()));
    let greeting = company::greeting_of(&server, "eve");
    over_udp_and_tcp(|tcp| {
        let said = speech(3.0, 200 + u64::from(tcp));
        let sipp = Sipp::scenario(scenario, called(tcp)).over_tcp(tcp);
        sipp.speaks(greeting + BREATH, &said).run(server.sip());
        mail_of(&sink, called(tcp)).letter.check_message(&said);
    });
    let rows = server.wait_ledger(3);
    let left = rows.iter().filter(|row| row.end() == ("voice-mail", "message-left"));
    assert_eq!(left.count(), 2, "{rows:#?}");
}

/// A scenario that ends in the greeting.
fn hangs_up_in_the_greeting(
    settings: Settings,
    sipp: impl Fn(Sipp) -> Sipp + Sync,
    scenario: &'static str,
) {
    let sink = MailSink::start();
    let server = Server::start(settings.over_tcp().mail(&sink.url()));
    over_udp_and_tcp(|tcp| {
        sipp(Sipp::scenario(scenario, called(tcp)).over_tcp(tcp)).run(server.sip());
        mail_of(&sink, called(tcp)).letter.check_missed_call("call");
    });
    for row in server.wait_ledger(2) {
        assert_eq!(row.end(), ("missed-call", "hung-up-in-greeting"));
    }
}

/// A scenario that holds for longer than the silence that ends a recording.
fn holds(scenario: &'static str) {
    let sink = MailSink::start();
    let settings = Settings::new().limit("silence_seconds", 2).subscriber(company::eve());
    let server = Server::start(settings.over_tcp().mail(&sink.url()));
    let greeting = company::greeting_of(&server, "eve");
    over_udp_and_tcp(|tcp| {
        let (before, after) = (speech(2.0, 210), speech(2.0, 211));
        let sipp = Sipp::scenario(scenario, called(tcp)).over_tcp(tcp).with("HELD", "4000");
        sipp.speaks(greeting + BREATH, &before).speaks_again(&after).run(server.sip());
        let letter = mail_of(&sink, called(tcp)).letter;
        for said in [&before, &after] {
            letter.check_holds(said);
        }
    });
}

#[test]
fn a_message_by_tcp() {
    leaves_a_message("message");
}

#[test]
fn a_late_offer() {
    leaves_a_message("late_offer");
}

#[test]
fn glare_is_491() {
    leaves_a_message("glare");
}

#[test]
fn hold_by_update() {
    holds("hold_by_update");
}

#[test]
fn hold_by_re_invite() {
    holds("hold_by_invite");
}

#[test]
fn a_session_timer_is_agreed_and_refreshed() {
    for refresher in ["uac", "uas"] {
        let of = |sipp: Sipp| sipp.with("REFRESHER", refresher);
        hangs_up_in_the_greeting(Settings::new(), of, "session_timer");
    }
}

#[test]
fn ringing_is_reliable_where_that_is_required() {
    let settings = Settings::new().limit("answer_after_seconds", 3);
    hangs_up_in_the_greeting(settings, |sipp| sipp, "reliable_ringing");
}
