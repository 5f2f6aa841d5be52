//! What the trace keeps, finds and shows, and what it never shows.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::*;

fn hop(port: u16) -> Hop {
    Hop::udp(std::net::SocketAddr::from(([192, 0, 2, 10], port)))
}

fn at(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}

fn keep(store: &Store, millis: u64, direction: Direction, text: &str) {
    store.keep(at(millis), direction, hop(5060), Bytes::copy_from_slice(text.as_bytes()));
}

/// What is shown of one message with Call-ID `1`.
fn shown(text: &str) -> Traced {
    let store = Store::new(8 << 20);
    keep(&store, 0, Direction::Received, text);
    store.call("1").remove(0)
}

const INVITE: &str = "INVITE sip:alice:open@example.com SIP/2.0\r\n\
    v: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1\r\ni: 1\r\n\
    f: \"Bob Example\"\r\n  <sip:bob@example.com>;tag=b\r\nt: <sip:alice@example.com>\r\n\
    CSeq: 7 INVITE\r\nX-Noise: \u{1b}[31m\u{202e}red\r\n\
    Authorization: Digest username=\"bob\",\r\n response=\"0123456789abcdef\"\r\n\
    Proxy-Authorization : c2VjcmV0\r\nX-Api-Key: 4711\r\nContent-Type: application/sdp\r\n\r\n\
    v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nk=clear:swordfish\r\nt=0 0\r\n\
    m=audio 4000 RTP/SAVP 8 96 101\r\na=rtpmap:96 opus/48000\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n\
    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n\
    A=CRYPTO:2 AES_256_CM_HMAC_SHA1_80 inline:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9w\r\n\
    a=ice-pwd:swordfish\r\nm=image 0 udptl t38\r\n";

#[test]
fn a_message_is_shown_with_what_it_does() {
    let message = shown(INVITE);
    assert_eq!(message.first_line, "INVITE sip:alice:(removed)@example.com SIP/2.0");
    let header = |name: &str| {
        let found = message.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(header("From"), Some("\"Bob Example\" <sip:bob@example.com>;tag=b"));
    assert_eq!(header("CSeq"), Some("7 INVITE"));
    assert_eq!(header("Authorization"), Some("Digest (removed)"));
    assert_eq!(header("X-Noise"), None, "of no use in a ladder");
    assert_eq!(
        message.sdp.as_deref(),
        Some(
            "audio 192.0.2.10:4000 RTP/SAVP PCMA opus telephone-event sendonly \
             AES_CM_128_HMAC_SHA1_80 AES_256_CM_HMAC_SHA1_80; image 192.0.2.10:0 udptl t38"
        )
    );
    assert!(message.raw.contains("X-Noise: \\u{1b}[31m\\u{202e}red\n"), "{}", message.raw);
    assert!(message.raw.contains("f: \"Bob Example\" <sip:bob@example.com>;tag=b\n"));
}

#[test]
fn no_credential_leaves_the_store() {
    // As it came, with bare line feeds, without an end of the head, as a part of
    // a body that is a message itself, and as what is no SIP at all.
    let forms = [
        INVITE.to_owned(),
        INVITE.replace("\r\n", "\n"),
        INVITE.replace("\r\n\r\n", "\r\n"),
        // As SDP is read, although nobody should write it so.
        INVITE.replace("\r\na=", "\ra="),
        INVITE.replace("\r\na=", "\0a="),
        INVITE.replace("a=crypto", " a = crypto").replace("k=", "k = "),
        format!("MESSAGE sip:a SIP/2.0\r\nCall-ID: 1\r\n\r\n--b\r\n\r\n{INVITE}"),
        format!("\r\n\r\n\u{0}nonsense\r\nCall-ID: 1\r\n{INVITE}"),
    ];
    for form in forms {
        let message = shown(&form);
        let all = format!("{message:?}");
        for secret in [
            "open@",
            "0123456789abcdef",
            "username",
            "c2VjcmV0",
            "4711",
            "swordfish",
            "inline",
            "d0RmdmcmV",
            "QUJDREVG",
        ] {
            assert!(!all.contains(secret), "{secret:?} in {all}");
        }
        assert!(all.contains("AES_256_CM_HMAC_SHA1_80"), "the suite may be seen: {all}");
    }
}

#[test]
fn a_password_is_found_wherever_a_uri_stands() {
    let plain = "Contact: <sips:a:pw@h;transport=tcp>, \"x\" <SIP:b:pw@[::1]:5061>";
    let message = shown(&format!("OPTIONS sip:h:5060 SIP/2.0\r\nCall-ID: 1\r\n{plain}\r\n\r\n"));
    assert_eq!(message.first_line, "OPTIONS sip:h:5060 SIP/2.0", "a port is no password");
    assert!(!message.raw.contains("pw"), "{}", message.raw);
    assert!(message.raw.contains("sips:a:(removed)@h;transport=tcp>"), "{}", message.raw);
    assert!(message.raw.contains("SIP:b:(removed)@[::1]:5061>"), "{}", message.raw);
}

#[test]
fn a_call_is_found_among_others_and_repeats_are_marked() {
    let store = Store::new(1 << 20);
    let message =
        |method: &str, id: &str| format!("{method} sip:a SIP/2.0\r\nCall-ID: {id}\r\n\r\n");
    keep(&store, 1, Direction::Received, &message("INVITE", "one@h"));
    keep(&store, 2, Direction::Received, &message("INVITE", "two@h"));
    keep(&store, 3, Direction::Received, &message("INVITE", "one@h"));
    keep(&store, 4, Direction::Sent, "SIP/2.0 100 Trying\r\nCall-ID:\r\n one@h\r\n\r\n");
    keep(&store, 5, Direction::Received, "\r\n\r\n");
    keep(&store, 6, Direction::Received, "no message, Call-ID: one@h");
    let lines: Vec<_> = store
        .call("one@h")
        .into_iter()
        .map(|traced| (traced.at, traced.direction, traced.again, traced.first_line))
        .collect();
    let invite = || "INVITE sip:a SIP/2.0".to_owned();
    assert_eq!(
        lines,
        [
            (at(1), Direction::Received, false, invite()),
            (at(3), Direction::Received, true, invite()),
            (at(4), Direction::Sent, false, "SIP/2.0 100 Trying".to_owned()),
        ]
    );
    assert_eq!(store.call("one"), [], "the whole Call-ID is wanted");
    assert_eq!(store.calls("o"), ["one@h"]);
    assert_eq!(store.calls(""), ["one@h", "two@h"]);
    assert_eq!(store.calls("three"), [""; 0]);
}

#[test]
fn the_newest_are_kept_within_the_bound() {
    let message = |number: usize| {
        format!("INVITE sip:a SIP/2.0\r\nCall-ID: {number}\r\n\r\n{}", "x".repeat(500))
    };
    let most = 20 * (message(1000).len() + EACH);
    let store = Store::new(most);
    for number in 1000..3000 {
        keep(&store, 0, Direction::Received, &message(number));
        assert!(store.ring().weight <= most);
    }
    let kept: Vec<_> = (1000..3000).filter(|n| !store.call(&n.to_string()).is_empty()).collect();
    assert_eq!(kept, (2980..3000).collect::<Vec<_>>());
    let weight: usize = store.ring().kept.iter().map(|kept| kept.bytes.len() + EACH).sum();
    assert_eq!(store.ring().weight, weight);
    // What alone is larger than the room drives nobody out.
    keep(&store, 0, Direction::Received, &"y".repeat(most));
    assert_eq!(store.ring().kept.len(), 20);

    let off = Store::new(0);
    assert!(!off.is_on());
    keep(&off, 0, Direction::Received, &message(1));
    assert_eq!(off.call("1"), []);
}

#[test]
fn a_long_hostile_message_is_read_in_a_moment() {
    let began = std::time::Instant::now();
    for part in ["sip:", "sip:a@", "\n x", "\n\nm=audio 1 RTP/AVP 0", "Call-ID: 1\n", "a=crypto:1 "]
    {
        let text = format!("INVITE sip:a SIP/2.0\r\nCall-ID: 1\r\nX: {}", part.repeat(60_000));
        assert!(!shown(&text).raw.is_empty());
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
