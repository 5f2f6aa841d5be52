//! `ringpost trace`: one call as a ladder, with what was decided and why.

use ringpost_tests::http;
use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};
use ringpost_tests::sound::speech;
use ringpost_tests::waiting;
use serde_json::Value;

/// The events of that kind, as the text of one of their fields.
fn told(trace: &Value, kind: &str, field: &str) -> Vec<String> {
    let events = trace["events"].as_array().expect("events").iter();
    let of_kind = events.filter(|event| event["kind"] == kind);
    of_kind.map(|event| event[field].as_str().unwrap_or_default().to_owned()).collect()
}

/// The words with which a command failed.
fn fails(server: &Server, arguments: &[&str]) -> String {
    let output = server.command(arguments);
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_ladder_of_a_voice_mail_says_who_was_chosen_and_why() {
    let server = Server::start(Settings::new());
    let invite = Invite::to("9000")
        .from("+14255550142")
        .named("Bob Example")
        .header("Diversion", "<sip:1002@example.com>;reason=no-answer")
        .header("Diversion", "\"Alice Example\" <sip:+14255550101@example.com>;reason=no-answer")
        .header("Diversion", "<sip:mallory@example.com>;reason=deflection")
        .call_id("traced-1@example.com");
    Call::leave_message(server.sip(), &invite, &speech(2.0, 31));
    server.mails("alice", 1);
    let path = "/api/v1/trace/traced-1%40example.com";
    // The verdict is noted once it is settled.
    let trace = waiting::until("the mail's verdict", ringpost_tests::server::SOON, || {
        let trace = http::json(server.http(), path);
        told(&trace, "note", "text").iter().any(|text| text.contains("delivered")).then_some(trace)
    });
    let lines = told(&trace, "message", "line");
    assert_eq!(lines[0], "INVITE sip:**00@example.com SIP/2.0");
    assert!(lines.contains(&"SIP/2.0 100 Trying".to_owned()), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("BYE ")), "{lines:?}");
    assert_eq!(lines.last().map(String::as_str), Some("SIP/2.0 200 OK"));
    let notes = told(&trace, "note", "text");
    let position = |words: &str| {
        let found = notes.iter().position(|note| note.contains(words));
        found.unwrap_or_else(|| panic!("no {words:?} in {notes:#?}"))
    };
    // In the order in which it happened.
    let order = [
        "caller \"***\" sip:+1********42@example.com",
        "1. Diversion sip:m***@example.com: no subscriber",
        "2. Diversion \"***\" sip:+1********01@example.com: alice, the oldest Diversion that is a subscriber (first-known)",
        "3. Diversion sip:**02@example.com: not needed any more",
        "sound offered: 127.0.0.1:",
        "state 2",
        "sound: ours 127.0.0.1:",
        "state 3",
        "state 4",
        "the caller hung up",
        "ended: voice mail, a message was left; mails: 1",
        "caller shown: ***",
        "delivered",
    ];
    let places: Vec<usize> = order.iter().map(|words| position(words)).collect();
    assert!(places.is_sorted(), "{order:?} {places:?} {notes:#?}");
    let call = &trace["calls"][0];
    assert_eq!((&call["subscriber"], &call["outcome"]), (&"alice".into(), &"voice-mail".into()));

    assert_eq!(notes.iter().filter(|note| note.contains("hung up")).count(), 1, "{notes:#?}");

    // The same on the command line, by any name of the call.
    let id = server.the_row().id;
    for name in ["traced-1@example.com", "traced-1", &id, &id[..30]] {
        let drawn = server.says(&["trace", name]);
        for words in ["Call-ID traced-1@example.com", "INVITE sip:**00@", "BYE ", "alice", "masked"]
        {
            assert!(drawn.contains(words), "no {words:?} in\n{drawn}");
        }
        for secret in ["5550142", "Bob", "Alice Example", "mallory"] {
            assert!(!drawn.contains(secret), "{secret:?} in\n{drawn}");
        }
        assert!(drawn.lines().all(|line| line.chars().count() <= 100), "{drawn}");
    }
    let url = format!("http://{}", server.http());
    let all = server.says(&["trace", &id, "--numbers", "--server", &url]);
    for words in ["+14255550142", "Bob Example", "mallory"] {
        assert!(all.contains(words), "no {words:?} in\n{all}");
    }
    let raw = server.says(&["trace", &id, "--raw"]);
    assert!(raw.contains("\nCSeq: 1 INVITE\n") && raw.contains("\nm=audio "), "{raw}");
    assert!(!raw.contains("5550142") && !raw.contains("Bob"), "{raw}");
}

#[test]
fn no_key_and_no_credential_is_ever_shown() {
    let server = Server::start(Settings::new());
    let key = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
    let invite = Invite::to("alice")
        .call_id("traced-2")
        .header("Authorization", "Digest username=\"bob\", response=\"5a5a5a5a\"");
    let mut call = Call::prepare(server.sip(), &invite);
    let offer = call.invite().text().replace("RTP/AVP", "RTP/SAVP");
    let offer = format!("{offer}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}\r\n");
    call.place_with(offer.as_bytes());
    call.answered();
    call.hangs_up();
    server.the_row();
    for path in ["/api/v1/trace/traced-2", "/api/v1/trace/traced-2?numbers=true"] {
        let trace = http::json(server.http(), path);
        let text = trace.to_string();
        for secret in [key, "inline:", "5a5a5a5a"] {
            assert!(!text.contains(secret), "{secret:?} in {trace:#}");
        }
        // Ours is there as well, without its key.
        assert!(text.matches("AES_CM_128_HMAC_SHA1_80 (removed)").count() >= 2, "{trace:#}");
        assert!(text.contains("Digest (removed)"), "{trace:#}");
        let notes = told(&trace, "note", "text");
        let sound = notes.iter().any(|note| note.ends_with("PCMA AES_CM_128_HMAC_SHA1_80"));
        assert!(sound, "{notes:#?}");
    }
}

#[test]
fn what_was_refused_says_why() {
    let server = Server::start(Settings::new());
    let mut call = Call::place(server.sip(), &Invite::to("nobody").call_id("traced-3"));
    assert_eq!(call.refused().status(), Some(404));
    server.the_row();
    let drawn = server.says(&["trace", "traced-3"]);
    assert!(drawn.contains("nobody of these is a subscriber"), "{drawn}");
    assert!(drawn.contains("404 "), "{drawn}");
}

#[test]
fn what_is_not_in_the_trace_says_what_to_do() {
    let mut server = Server::start(Settings::new());
    for number in [1, 2] {
        let invite = Invite::to("alice").call_id(&format!("twice-{number}"));
        Call::hang_up_in_greeting(server.sip(), &invite);
    }
    server.wait_ledger(2);
    let unknown = fails(&server, &["trace", "no-such-call"]);
    for words in ["no call of that name", "sip.trace_megabytes", "ringpost messages list"] {
        assert!(unknown.contains(words), "no {words:?} in {unknown}");
    }
    assert!(fails(&server, &["trace", "twice-"]).contains("2 calls begin so"));
    // A trace is of the running server: a restart forgets it, the ledger does not.
    let id = server.wait_ledger(2).remove(0).id;
    server.says(&["trace", &id]);
    server.kill_and_restart();
    assert!(fails(&server, &["trace", &id]).contains("in the ledger"));
    server.kill();
    assert!(fails(&server, &["trace", &id]).contains("ringpost serve"));
    let wrong = fails(&server, &["trace", &id, "--server", "ftp://127.0.0.1"]);
    assert!(wrong.contains("http://127.0.0.1:8080"), "{wrong}");
}
