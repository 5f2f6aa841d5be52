//! Table tests of the wire reader.

use std::net::SocketAddr;

use super::*;

/// An INVITE with these lines among its headers, each ended by CRLF.
pub(crate) fn invite(uri: &str, lines: &str) -> Request {
    let from = if lines.contains("From:") { "" } else { "From: <sip:bob@example.com>;tag=a\r\n" };
    let to = if lines.contains("To:") { "" } else { "To: <sip:alice@example.com>\r\n" };
    let text = format!(
        "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n{from}{to}\
         Call-ID: call-1\r\nCSeq: 1 INVITE\r\n{lines}\r\n"
    );
    request(text.as_bytes())
}

fn request(bytes: &[u8]) -> Request {
    match read_datagram(bytes) {
        Ok(Some(Message::Request(request))) => request,
        other => panic!("no request: {other:?}"),
    }
}

fn response(bytes: &[u8]) -> Response {
    match read_datagram(bytes) {
        Ok(Some(Message::Response(response))) => response,
        other => panic!("no response: {other:?}"),
    }
}

pub(super) fn source() -> SocketAddr {
    "198.51.100.9:4321".parse().unwrap()
}

/// The least that a request needs, with a head to put in front.
const REST: &str = "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1\r\n\
    From: <sip:bob@example.com>;tag=a\r\nTo: <sip:alice@example.com>\r\nCall-ID: c1\r\n";

#[test]
fn a_request_in_its_oddest_spelling_is_the_plain_one() {
    let odd = b"\r\n\r\nINVITE sip:alice@example.com SIP/2.0\r\n\
        v: SIP / 2.0 / UDP  [2001:db8::9] : 5070 ;\r\n branch = z9hG4bK1 , SIP/2.0/TCP pbx.example.com\r\n\
        F: \"Zo\xeb \\\"Z\\\" Example\" <tel:+14255550142>\r\n\t;tag=a\r\n\
        t: sip:alice@example.com\r\n\
        I: 1@[2001:db8::9]\r\n\
        CSEQ: 0017\tINVITE\r\n\
        m: \"One, first\" <sip:one@example.com>, <sip:two@example.com>\r\n\
        this line is no header\r\n\
        c: application/sdp; charset=x\r\n\
        l: 4\r\n\r\nbodymore than that";
    let request = request(odd);
    let via = request.via().unwrap();
    assert_eq!(
        (via.transport.to_ascii_uppercase().as_str(), &*via.host, via.port),
        ("UDP", "2001:db8::9", Some(5070))
    );
    assert_eq!(via.branch().unwrap(), "z9hG4bK1");
    assert_eq!(request.headers.all("Via").nth(1), Some("SIP/2.0/TCP pbx.example.com"));
    let from = request.from().unwrap();
    assert_eq!(from.display().as_deref(), Some("Zoë \"Z\" Example"));
    assert_eq!(from.uri.user().unwrap(), "+14255550142");
    assert_eq!(request.tag_in_from().unwrap(), "a");
    assert_eq!(request.to().unwrap().uri.as_str(), "sip:alice@example.com");
    assert_eq!(request.call_id(), Ok("1@[2001:db8::9]"));
    assert_eq!(request.cseq(), Ok((17, Method::INVITE)));
    assert_eq!(request.contact().unwrap().unwrap().display().as_deref(), Some("One, first"));
    assert_eq!(request.headers.all("contact").count(), 2);
    assert_eq!(request.content_type(), "application/sdp");
    assert_eq!(request.body, b"body");
}

#[test]
fn keep_alives_are_nothing() {
    for bytes in [&b""[..], b"\r\n\r\n", b"\r\n", b"\0\0\0\0", b" \t\r\n"] {
        assert_eq!(read_datagram(bytes), Ok(None));
    }
}

#[test]
fn a_method_is_known_or_a_token_or_wrong() {
    let unknown =
        request(format!("NEWMETHOD sip:a@b SIP/2.0\n{REST}CSeq: 1 NEWMETHOD\n\n").as_bytes());
    assert_eq!(unknown.method, Method::Other("NEWMETHOD".into()));
    let small =
        request(format!("invite sip:a@b SIP/2.0\r\n{REST}CSeq: 1 invite\r\n\r\n").as_bytes());
    assert_ne!(small.method, Method::INVITE);
    assert!(read_datagram(b"IN(VITE sip:a@b SIP/2.0\r\n\r\n").is_err());
}

#[test]
fn a_status_line_may_lack_its_reason() {
    for (line, status, reason) in [
        ("SIP/2.0 200", 200, ""),
        ("SIP/2.0 200 ", 200, ""),
        ("sip/2.0 486 Busy Here", 486, "Busy Here"),
        ("SIP/2.0 200 = 2**3 * 5**2 \u{43d}\u{43e}", 200, "= 2**3 * 5**2 \u{43d}\u{43e}"),
    ] {
        let response = response(format!("{line}\r\n{REST}CSeq: 1 INVITE\r\n\r\n").as_bytes());
        assert_eq!((response.status, response.reason.as_str()), (status, reason), "{line}");
    }
    for line in ["SIP/2.0 20", "SIP/2.0 1000 Big", "SIP/2.0 OK", "SIP/2.0 099 Low", "SIP/2.0"] {
        let bytes = format!("{line}\r\n{REST}CSeq: 1 INVITE\r\n\r\n");
        let fault = read_datagram(bytes.as_bytes()).expect_err(line);
        assert_eq!(fault.answer(source()), None, "nobody answers a response");
    }
}

#[test]
fn bad_requests_get_the_answer_that_says_why() {
    let ok = "INVITE sip:a@example.com SIP/2.0";
    let cseq = "CSeq: 1 INVITE\r\n";
    let table = [
        (ok, format!("{cseq}Content-Length: 5\r\n"), 400, "Body Shorter Than Content-Length"),
        (ok, format!("{cseq}Content-Length: -1\r\n"), 400, "Bad Content-Length"),
        (ok, format!("{cseq}l: 0\r\nContent-Length: 1\r\n"), 400, "Bad Content-Length"),
        (ok, "CSeq: 1 BYE\r\n".into(), 400, "CSeq Method Does Not Match"),
        (ok, "CSeq: 2147483648 INVITE\r\n".into(), 400, "Bad CSeq"),
        (ok, "CSeq: +1 INVITE\r\n".into(), 400, "Bad CSeq"),
        (ok, String::new(), 400, "Missing CSeq"),
        (ok, format!("{cseq}Max-Forwards: 300\r\n"), 400, "Bad Max-Forwards"),
        (ok, format!("{cseq}To: <sip:eve@example.com>\r\n"), 400, "Header Must Not Be Repeated"),
        ("INVITE sip:a@example.com SIP/7.0", cseq.into(), 505, "Version Not Supported"),
        ("INVITE <sip:a@example.com> SIP/2.0", cseq.into(), 400, "Bad URI"),
        ("INVITE sip:a@example.com; lr SIP/2.0", cseq.into(), 400, "Bad URI"),
        ("INVITE alice SIP/2.0", cseq.into(), 400, "Bad URI"),
    ];
    for (line, lines, status, reason) in table {
        let bytes = format!("{line}\r\n{REST}{lines}\r\nbody");
        let fault = read_datagram(bytes.as_bytes()).expect_err(line);
        let answer = fault.answer(source()).expect(reason);
        assert_eq!((answer.status, answer.reason.as_str()), (status, reason), "{line} {lines}");
        assert_eq!(answer.headers.get("Call-ID"), Some("c1"));
    }
}

#[test]
fn a_bad_ack_and_a_bad_way_back_are_not_answered() {
    let ack = format!("ACK sip:a@b SIP/2.0\r\n{REST}CSeq: 1 INVITE\r\n\r\n");
    assert_eq!(read_datagram(ack.as_bytes()).unwrap_err().answer(source()), None);
    for via in ["", "Via: SIP/2.0/UDP\r\n", "Via: HTTP/1.1/TCP a\r\n", "Via: SIP/2.0/UDP a:x\r\n"] {
        let bytes = format!("BYE sip:a@b SIP/2.0\r\n{via}CSeq: 1 BYE\r\n\r\n");
        let fault = read_datagram(bytes.as_bytes()).expect_err(via);
        assert_eq!(fault.answer(source()), None, "{via}");
    }
    assert_eq!(read_datagram(b"hello").unwrap_err().answer(source()), None);
}

#[test]
fn a_response_follows_its_request() {
    let bytes = "INVITE sip:alice@example.com SIP/2.0\r\n\
        Via: SIP/2.0/UDP 192.0.2.1:5070;rport;branch=z9hG4bK1;received=203.0.113.1, SIP/2.0/UDP first\r\n\
        Record-Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>\r\n\
        f: Bob <sip:bob@example.com>;tag=a\r\nt: <sip:alice@example.com>\r\n\
        i: c1\r\nCSeq: 1 INVITE\r\nTimestamp: 54\r\nSubject: not copied\r\n\r\n";
    let request = request(bytes.as_bytes());
    let ok = response_to(&request, 200, None, Some("xyz"), source());
    let written = String::from_utf8(ok.to_bytes()).unwrap();
    assert_eq!(
        written,
        "SIP/2.0 200 OK\r\n\
         Via: SIP/2.0/UDP 192.0.2.1:5070;rport=4321;branch=z9hG4bK1;received=198.51.100.9\r\n\
         Via: SIP/2.0/UDP first\r\n\
         Record-Route: <sip:p2.example.com;lr>\r\nRecord-Route: <sip:p1.example.com;lr>\r\n\
         From: Bob <sip:bob@example.com>;tag=a\r\nTo: <sip:alice@example.com>;tag=xyz\r\n\
         Call-ID: c1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    );
    assert_eq!(response(written.as_bytes()), ok);
    let trying = response_to(&request, 100, None, None, source());
    assert_eq!(trying.headers.get("Timestamp"), Some("54"));
    assert_eq!(trying.headers.get("Record-Route"), None);
    let refused = response_to(&request, 404, Some("Nobody\r\nX: y"), Some("z"), source());
    assert!(refused.to_bytes().starts_with(b"SIP/2.0 404 Nobody  X: y\r\n"));

    let in_dialog = invite("sip:vm@example.com", "To: <sip:a@b>;tag=ours\r\n");
    let again = response_to(&in_dialog, 200, None, Some("other"), source());
    assert_eq!(again.headers.get("To"), Some("<sip:a@b>;tag=ours"));
}

#[test]
fn the_way_back_is_by_source_and_by_rport_or_sent_by() {
    for (via, from, noted, back) in [
        (
            "SIP/2.0/UDP 198.51.100.9:5070",
            "198.51.100.9:4321",
            "SIP/2.0/UDP 198.51.100.9:5070",
            "198.51.100.9:5070",
        ),
        (
            "SIP/2.0/UDP pbx.example.com",
            "198.51.100.9:4321",
            "SIP/2.0/UDP pbx.example.com;received=198.51.100.9",
            "198.51.100.9:5060",
        ),
        (
            "SIP/2.0/UDP 10.0.0.1;rport",
            "198.51.100.9:4321",
            "SIP/2.0/UDP 10.0.0.1;rport=4321;received=198.51.100.9",
            "198.51.100.9:4321",
        ),
        (
            "SIP/2.0/UDP [2001:DB8::1]:5070",
            "[2001:db8::1]:9",
            "SIP/2.0/UDP [2001:DB8::1]:5070",
            "[2001:db8::1]:5070",
        ),
        (
            "SIP/2.0/TCP 10.0.0.1:5070;rport",
            "198.51.100.9:4321",
            "SIP/2.0/TCP 10.0.0.1:5070;rport=4321;received=198.51.100.9",
            "198.51.100.9:5070",
        ),
        (
            "SIP/2.0/TLS 198.51.100.9",
            "198.51.100.9:4321",
            "SIP/2.0/TLS 198.51.100.9",
            "198.51.100.9:5061",
        ),
        (
            "SIP/2.0/UDP 192.0.2.1;received=1.1.1.1",
            "[::ffff:192.0.2.1]:9",
            "SIP/2.0/UDP 192.0.2.1",
            "[::ffff:192.0.2.1]:5060",
        ),
    ] {
        let via = Via::read(via).unwrap();
        let from = from.parse().unwrap();
        let transport = crate::Transport::read(via.transport).unwrap();
        assert_eq!(via.way_back(from, transport), back.parse().unwrap(), "{via}");
        assert_eq!(via.completed(from), noted);
    }
}

#[test]
fn uris_are_taken_apart() {
    type Row = (&'static str, Option<&'static str>, &'static str, Option<u16>, &'static str);
    // text, user, host, port, address alone
    let table: [Row; 14] = [
        ("sip:alice@example.com", Some("alice"), "example.com", None, "sip:alice@example.com"),
        (
            "SIPS:alice:pw@example.com:5061;transport=tls",
            Some("alice"),
            "example.com",
            Some(5061),
            "sips:alice@example.com:5061",
        ),
        ("sip:example.com", None, "example.com", None, "sip:example.com"),
        ("sip:[2001:db8::1]:5060;lr", None, "2001:db8::1", Some(5060), "sip:[2001:db8::1]:5060"),
        ("sip:alice@[2001:db8::1]", Some("alice"), "2001:db8::1", None, "sip:alice@[2001:db8::1]"),
        (
            "sip:+14255550142;ext=7;phone-context=example.com@gw.example.com;user=phone",
            Some("+14255550142"),
            "gw.example.com",
            None,
            "sip:+14255550142@gw.example.com",
        ),
        (
            "sip:j%40s%C3%B6n@example.com",
            Some("j@sön"),
            "example.com",
            None,
            "sip:j%40s%C3%B6n@example.com",
        ),
        ("sip:100%@example.com", Some("100%"), "example.com", None, "sip:100%@example.com"),
        (
            "sip:where?now@example.com?Subject=x",
            Some("where?now"),
            "example.com",
            None,
            "sip:where?now@example.com",
        ),
        ("tel:+1-425-555-0142;ext=5?x=y", Some("+1-425-555-0142"), "", None, "tel:+1-425-555-0142"),
        ("TEL:7042;phone-context=example.com", Some("7042"), "", None, "tel:7042"),
        ("sip:@example.com", None, "example.com", None, "sip:example.com"),
        ("sip:a@example.com:99999", Some("a"), "example.com", None, "sip:a@example.com"),
        ("urn:service:sos", None, "", None, "urn:service:sos"),
    ];
    for (text, user, host, port, address) in table {
        let uri = Uri::read(text).expect(text);
        assert_eq!(uri.user().as_deref(), user, "{text}");
        assert_eq!((uri.host(), uri.port()), (host, port), "{text}");
        assert_eq!(uri.address(), address);
        assert_eq!(uri.to_string(), text);
    }
    let uri = Uri::read(
        "sip:vm@example.com;target=sip:bob%40example.com;cause=486?Reason=SIP%3Bcause%3D302&x=1",
    )
    .unwrap();
    assert_eq!(uri.param("Target").as_deref(), Some("sip:bob@example.com"));
    assert_eq!(uri.param("cause").as_deref(), Some("486"));
    assert_eq!(uri.header("reason").as_deref(), Some("SIP;cause=302"));
    for text in ["", "alice", ":x", "sip:", "1a:b", "sip:a b@c", "sip:a@b\u{7}", "<sip:a@b>"] {
        assert!(Uri::read(text).is_err(), "{text}");
    }
}

#[test]
fn names_and_addresses_are_taken_apart() {
    let table = [
        (
            "\"Bob \\\"B\\\" \\\\ Example\" <sip:bob@example.com>;tag=x",
            Some("Bob \"B\" \\ Example"),
            "sip:bob@example.com",
        ),
        ("Bob   de  Vries <sip:bob@example.com>", Some("Bob de Vries"), "sip:bob@example.com"),
        ("\"Müller, 山田\"<sip:bob@example.com>", Some("Müller, 山田"), "sip:bob@example.com"),
        ("\"a<b>;c\" < sip:bob@example.com >", Some("a<b>;c"), "sip:bob@example.com"),
        ("\"\" <sip:bob@example.com>", None, "sip:bob@example.com"),
        (
            "\"Ev\u{1}e\\\u{7}\u{202e}x\" <sip:bob@example.com>",
            Some("Ev e x"),
            "sip:bob@example.com",
        ),
        ("<sip:bob@example.com;user=phone?a=b>;tag=x", None, "sip:bob@example.com;user=phone?a=b"),
        ("sip:bob@example.com;tag=x", None, "sip:bob@example.com"),
        ("sip:+1425;ext=5@example.com ; tag = x", None, "sip:+1425;ext=5@example.com"),
        ("tel:+14255550142;tag=x", None, "tel:+14255550142"),
    ];
    for (value, display, uri) in table {
        let address = NameAddr::read(value).expect(value);
        assert_eq!(address.display().as_deref(), display, "{value}");
        assert_eq!(address.uri.as_str(), uri, "{value}");
        if value.contains("tag") {
            assert_eq!(NameAddr::tag(value).unwrap(), "x", "{value}");
        }
    }
    for value in ["", "\"Bob <sip:bob@example.com>", "Bob <sip:bob@example.com", "Bob <>", "Bob"] {
        assert!(NameAddr::read(value).is_err(), "{value}");
    }
}

#[test]
fn nothing_pushed_becomes_a_header_of_its_own() {
    let mut headers = Headers::default();
    headers.push("Subject", "hello\r\nX-Evil: yes");
    headers.push("X\r\nEvil", "yes");
    headers.push("Content-Length", "999");
    headers.set("s", "twice");
    headers.push("X-One", "1");
    headers.push("X-Two", "2");
    headers.set("X-ONE", "one");
    let mut request = invite("sip:a@b", "");
    request.headers = headers;
    request.body = vec![0, 255, b'\r', b'\n', 0x80];
    let bytes = request.to_bytes();
    let expected = b"INVITE sip:a@b SIP/2.0\r\nSubject: twice\r\nX-Two: 2\r\nX-ONE: one\r\nContent-Length: 5\r\n\r\n\x00\xff\r\n\x80";
    assert_eq!(bytes, expected);
}

#[test]
fn option_tags_are_gathered() {
    let request = invite("sip:a@b", "Require: 100rel, timer\r\nSupported: x\r\nRequire: ,foo\r\n");
    assert_eq!(request.require(), ["100rel", "timer", "foo"]);
}

#[test]
fn a_datagram_of_short_lines_costs_no_more_than_its_length() {
    let cost = |lines: &str| {
        let bytes = format!("OPTIONS sip:a@b SIP/2.0\r\n{lines}");
        let measured = (0..5).map(|_| {
            let start = std::time::Instant::now();
            assert!(read_datagram(bytes.as_bytes()).is_err());
            start.elapsed()
        });
        measured.min().unwrap()
    };
    let plain = cost(&"x:\r\n".repeat(16_000));
    let repeated = cost(&["x:\r\n".repeat(8000), "t:\r\n".repeat(8000)].concat());
    assert!(repeated < plain * 10, "{repeated:?}, where {plain:?} is usual");
}
