//! The disk is full: nothing is taken that could not be kept, nothing that was
//! taken is lost or sent twice, and all goes on when there is room again.

use std::time::Duration;

use ringpost_tests::http;
use ringpost_tests::letter::Kind;
use ringpost_tests::mail_sink::MailSink;
use ringpost_tests::server::{SOON, Server};
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Message, Report};
use ringpost_tests::sound::{RATE, align, speech};
use ringpost_tests::waiting;

const SIZE: &str = "8m";

fn report(server: &Server, id: &str) -> Message {
    Report::missed("bob", "+14255550142", id).send(server.sip())
}

fn retry_after(answer: &Message) -> Option<u32> {
    answer.header("Retry-After")?.parse().ok()
}

/// The disk is full, and the server has noticed.
fn fill(server: &Server) {
    server.disk().fill();
    let answer = report(server, "while-full");
    assert_eq!(answer.status(), Some(503), "{answer}");
    assert!(retry_after(&answer).is_some(), "{answer}");
}

/// There is room again, and the server has noticed.
fn free(server: &Server) {
    server.disk().free();
    waiting::until("a healthy server", SOON, || {
        http::get(server.http(), "/healthz").filter(|(status, _)| *status == 200)
    });
}

#[test]
fn calls_and_reports_are_503_until_there_is_room() {
    let server = Server::start_on_small_disk(Settings::new(), SIZE);
    fill(&server);
    for user in ["alice", "bob"] {
        let refusal = Call::place(server.sip(), &Invite::to(user)).refused();
        assert_eq!(refusal.status(), Some(503), "{refusal}");
        assert!(retry_after(&refusal).is_some_and(|seconds| seconds <= 5), "{refusal}");
    }
    assert_eq!(http::get(server.http(), "/healthz").map(|(status, _)| status), Some(503));
    server.mails("bob", 0);
    free(&server);
    // The phone system repeats its report; who rings again is answered.
    assert_eq!(report(&server, "while-full").status(), Some(200));
    server.mails("bob", 1).remove(0).check_missed_call("info");
    let said = speech(2.0, 82);
    Call::leave_message(server.sip(), &Invite::to("alice"), &said);
    server.mails("alice", 1).remove(0).check_message(&said);
}

#[test]
fn a_mail_that_was_taken_meanwhile_is_not_sent_again() {
    let sink = MailSink::start();
    sink.holds();
    let mut server = Server::start_on_small_disk(Settings::new().mail(&sink.url()), SIZE);
    Call::hang_up_in_greeting(server.sip(), &Invite::to("alice"));
    sink.wait_held(1, SOON);
    fill(&server);
    sink.releases();
    sink.wait_taken(1, SOON);
    // Several attempts to write it down go by in vain.
    waiting::pass(Duration::from_secs(4));
    free(&server);
    waiting::until("the ledger's word", SOON, || {
        let rows = server.ledger();
        rows.iter().any(|row| row.mails == ["delivered"]).then_some(())
    });
    server.kill_and_restart();
    waiting::pass(Duration::from_secs(3));
    assert_eq!(sink.taken().len(), 1, "sent once");
    assert_eq!(sink.dots(), 1, "tried once");
}

#[test]
fn calls_that_were_going_on_are_told_of() {
    let server = Server::start_on_small_disk(Settings::new(), SIZE);
    let mut greeted = Call::place(server.sip(), &Invite::to("bob").from("+14255550151"));
    greeted.answered();
    let mut recorded = Call::place(server.sip(), &Invite::to("alice"));
    recorded.answered();
    recorded.hears_greeting();
    let said = speech(4.0, 83);
    recorded.speaks(&said);
    fill(&server);
    recorded.speaks(&speech(3.0, 84));
    greeted.hangs_up();
    // The server may have ended it already, when the sound could not be kept.
    recorded.tries_to_hang_up(Duration::from_secs(5));
    waiting::pass(Duration::from_secs(2));
    free(&server);
    server.mails("bob", 1).remove(0).check_missed_call("call");
    let letter = server.mails("alice", 1).remove(0);
    assert_eq!(letter.kind(), Kind::VoiceMail, "{}", letter.head());
    let found = align(&said, &letter.sound().samples);
    let lost = said.len() - found.overlap;
    assert!(found.correlation > 0.99 && lost <= RATE + RATE / 2, "{found:?}");
}

#[test]
fn the_first_call_on_a_full_disk_is_refused_or_told_of() {
    let server = Server::start_on_small_disk(Settings::new(), SIZE);
    // Nothing has told the server yet.
    server.disk().fill();
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    let response = call.response("answer or refusal", |status| status >= 200);
    call.line.put_back(response.clone());
    let told = if response.status() == Some(200) {
        call.answered();
        call.hears_something();
        call.hangs_up();
        1
    } else {
        assert_eq!(call.refused().status(), Some(503));
        0
    };
    free(&server);
    server.mails("alice", told);
}

#[test]
fn a_call_cut_off_while_the_disk_is_full_is_told_of_once() {
    let mut server = Server::start_on_small_disk(Settings::new(), SIZE);
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered();
    call.hears_something();
    fill(&server);
    server.kill();
    if server.comes_up().is_ok() {
        server.kill();
    }
    server.disk().free();
    server.up();
    server.mails("alice", 1).remove(0).check_missed_call("call");
    server.kill_and_restart();
    server.mails("alice", 1);
}

#[test]
fn a_start_on_a_full_disk_is_a_sentence_or_a_server_that_says_503() {
    // Once on a folder that a server has used, once on a new one.
    for used in [true, false] {
        let mut server = on_a_full_disk(used);
        match server.comes_up() {
            Ok(()) => {
                let answer = report(&server, "early");
                assert_eq!(answer.status(), Some(503), "{answer}");
                free(&server);
            }
            Err(words) => {
                let clear = words.contains("full") || words.contains("space");
                assert!(clear, "used before: {used}; it said: {words}");
                assert!(!words.contains("panicked"), "{words}");
                server.disk().free();
                server.up();
            }
        }
        assert_eq!(report(&server, "early").status(), Some(200));
        Call::hang_up_in_greeting(server.sip(), &Invite::to("alice"));
        server.mails("alice", 1);
        server.mails("bob", 1);
    }
}

#[test]
fn check_says_that_the_state_cannot_be_written() {
    for used in [true, false] {
        let server = on_a_full_disk(used);
        let output = server.command(&["check"]);
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        let problem = words.lines().find(|line| line.starts_with("problem")).unwrap_or_default();
        assert!(problem.contains("state"), "used before: {used}; it said:\n{words}");
        assert!(problem.contains("full") || problem.contains("space"), "{words}");
        assert!(!output.status.success());
        server.disk().free();
        server.says(&["check"]);
    }
}

/// A server that is to start on a full disk, on a folder that one has used
/// before or on a new one.
fn on_a_full_disk(used: bool) -> Server {
    let mut server = Server::on_small_disk(Settings::new(), "1m");
    if used {
        server.up();
        assert!(server.stop(SOON).success());
    }
    server.disk().fill();
    server
}
