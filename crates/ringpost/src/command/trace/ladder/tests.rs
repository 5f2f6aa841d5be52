//! Ladders as people see them.

use super::*;

fn trace(events: &str) -> Trace {
    let text = format!(
        r#"{{"call_id": "c@example.com", "masked": true, "events": [{events}],
            "calls": [{{"id": "0193", "subscriber": "alice", "state": 4, "live": false,
                "ended": "voice mail, a message was left"}}]}}"#
    );
    serde_json::from_str(&text).unwrap()
}

fn message(ms: f64, direction: &str, hop: &str, line: &str, more: &str) -> String {
    format!(
        r#"{{"kind": "message", "at": "2026-01-01T00:00:00Z", "ms": {ms}, "direction": "{direction}",
            "hop": "{hop}", "line": "{line}", "headers": [["CSeq", "1 INVITE"]], "again": false,
            "sdp": null, "raw": "{line}\nCSeq: 1 INVITE" {more}}}"#
    )
    .replace("\"again\": false,", if more.contains("again") { "" } else { "\"again\": false," })
    .replace("\"sdp\": null,", if more.contains("sdp") { "" } else { "\"sdp\": null," })
}

fn note(ms: f64, text: &str) -> String {
    format!(
        r#"{{"kind": "note", "at": "2026-01-01T00:00:00Z", "call": "0193", "ms": {ms}, "text": "{text}"}}"#
    )
}

#[test]
fn one_peer_and_what_was_decided() {
    let peer = "udp:192.0.2.10:5060";
    let sdp = r#", "sdp": "audio 192.0.2.10:4000 RTP/AVP PCMA""#;
    let events = [
        message(0.0, "in", peer, "INVITE sip:alice@example.com SIP/2.0", sdp),
        message(0.24, "out", peer, "SIP/2.0 100 Trying", ""),
        note(
            0.3,
            "1. Diversion sip:alice@example.com: alice, the oldest Diversion that is a subscriber (first-known)",
        ),
        message(500.1, "in", peer, "INVITE sip:alice@example.com SIP/2.0", r#", "again": true"#),
    ];
    let drawn = draw(&trace(&events.join(",")));
    let expected = "\
Call-ID c@example.com
call 0193 for alice: voice mail, a message was left, in state 4

       ms udp:192.0.2.10:5060                                                               ringpost
      0.0 │── INVITE sip:alice@example.com ───────────────────────────────────────────────────────>│
          │ SDP audio 192.0.2.10:4000 RTP/AVP PCMA                                                 │
      0.2 │<─ 100 Trying (INVITE) ─────────────────────────────────────────────────────────────────│
      0.3 │ * 1. Diversion sip:alice@example.com: alice, the oldest Diversion that is a subscriber │
          │   (first-known)                                                                        │
    500.1 │── INVITE sip:alice@example.com (again) ───────────────────────────────────────────────>│

Numbers and names are masked; --numbers shows them.
";
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn many_peers_and_long_texts_stay_within_the_width() {
    let long = "x".repeat(400);
    let mut events = vec![note(0.0, &format!("words {long} and more words"))];
    for port in 1..=5 {
        let hop = format!("tcp:[2001:db8::1]:{port}");
        events.push(message(
            f64::from(port),
            "in",
            &hop,
            &format!("INVITE sip:{long} SIP/2.0"),
            "",
        ));
        events.push(message(f64::from(port), "out", &hop, "SIP/2.0 200 OK", ""));
    }
    let drawn = draw(&trace(&events.join(",")));
    for line in drawn.lines() {
        assert!(line.chars().count() <= WIDTH, "{line}");
    }
    assert!(drawn.contains("… tcp:[2001:db8::1]:3"), "{drawn}");
    assert!(drawn.contains("200 OK (INVITE)"), "{drawn}");
    // Nothing to draw is no reason to fail.
    assert!(draw(&trace("")).contains("call 0193"));
}

#[test]
fn raw_shows_each_message_whole() {
    let peer = "udp:192.0.2.10:5060";
    let events = [
        message(0.0, "in", peer, "BYE sip:alice@example.com SIP/2.0", ""),
        note(1.0, "the caller hung up"),
    ];
    let text = whole(&trace(&events.join(",")));
    assert!(
        text.contains("---- 0.0 ms: received from udp:192.0.2.10:5060\nBYE sip:alice@example.com SIP/2.0\nCSeq: 1 INVITE\n"),
        "{text}"
    );
    assert!(text.contains("\n---- 1.0 ms: the caller hung up\n"), "{text}");
}
