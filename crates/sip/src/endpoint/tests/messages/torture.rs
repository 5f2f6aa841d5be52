//! RFC 4475, section by section. What the RFC leaves to the receiver is decided
//! here so that a call gets through wherever its meaning is beyond doubt.

use super::Heard::{Broken, Request as Req, Response as Resp};
use super::*;

const ALLOW: &str = "\r\nAllow: INVITE, ACK, ";
const ODD_USER: &str = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*";
const ODD_METHOD: &str = "!interesting-Method0123456789_*+`.%indeed'~";

const ROWS: [Row; 49] = [
    // Valid ones. A To with a tag that is none of ours is a dialog that is gone.
    ("3.1.1.1-wsinv", Req("INVITE", "vivekg", "chair-dnrc.example.com"), 481, ""),
    ("3.1.1.2-intmeth", Req(ODD_METHOD, ODD_USER, "example.com"), 501, ALLOW),
    ("3.1.1.3-esc01", Req("INVITE", "sips:user@example.com", "example.net"), 200, "v=0"),
    // We are no registrar: every REGISTER is understood and refused.
    ("3.1.1.4-escnull", Req("REGISTER", "", "example.com"), 405, ALLOW),
    ("3.1.1.5-esc02", Req("RE%47IST%45R", "", "registrar.example.com"), 501, ALLOW),
    ("3.1.1.6-lwsdisp", Req("OPTIONS", "user", "example.com"), 200, ALLOW),
    ("3.1.1.7-longreq", Req("INVITE", "user", "example.com"), 200, "v=0"),
    // The first of two in one datagram; the rest is past its Content-Length.
    ("3.1.1.8-dblreq", Req("REGISTER", "", "example.com"), 405, ALLOW),
    ("3.1.1.9-semiuri", Req("OPTIONS", "user;par=u@example.net", "example.com"), 200, ALLOW),
    ("3.1.1.10-transports", Req("OPTIONS", "user", "example.com"), 200, ALLOW),
    ("3.1.1.11-mpart01", Req("MESSAGE", "kumiko", "example.org"), 405, ALLOW),
    ("3.1.1.12-unreason", Resp(200), 0, ""),
    ("3.1.1.13-noreason", Resp(100), 0, ""),
    // Invalid ones.
    ("3.1.2.1-badinv01", Broken(400), 400, ""),
    ("3.1.2.2-clerr", Broken(400), 400, ""),
    ("3.1.2.3-ncl", Broken(400), 400, ""),
    ("3.1.2.4-scalar02", Broken(400), 400, ""),
    ("3.1.2.5-scalarlg", Broken(0), 0, ""),
    ("3.1.2.6-quotbal", Broken(400), 400, ""),
    // Brackets or blanks in the Request-URI leave open where it ends.
    ("3.1.2.7-ltgtruri", Broken(400), 400, ""),
    ("3.1.2.8-lwsruri", Broken(400), 400, ""),
    // The next four are plain enough to be taken: more blanks than one, blanks at
    // the end, headers in the Request-URI, a Date in another zone.
    ("3.1.2.9-lwsstart", Req("INVITE", "user", "example.com"), 200, "v=0"),
    ("3.1.2.10-trws", Req("OPTIONS", "remote-target", "example.com"), 200, ALLOW),
    ("3.1.2.11-escruri", Req("INVITE", "user", "example.com"), 200, "v=0"),
    ("3.1.2.12-baddate", Req("INVITE", "user", "example.com"), 200, "v=0"),
    ("3.1.2.13-regbadct", Req("REGISTER", "", "example.com"), 405, ALLOW),
    // Blanks within brackets, and names that lack their quotes.
    ("3.1.2.14-badaspec", Req("OPTIONS", "user", "example.org"), 200, ALLOW),
    ("3.1.2.15-baddn", Req("OPTIONS", "t.watson", "example.org"), 200, ALLOW),
    ("3.1.2.16-badvers", Broken(505), 505, ""),
    ("3.1.2.17-mismatch01", Broken(400), 400, ""),
    ("3.1.2.18-mismatch02", Broken(400), 400, ""),
    ("3.1.2.19-bigcode", Broken(0), 0, ""),
    // The cookie and nothing behind it: a transaction as before RFC 3261.
    ("3.2.1-badbranch", Req("OPTIONS", "user", "example.com"), 200, ALLOW),
    ("3.3.1-insuf", Broken(400), 400, ""),
    ("3.3.2-unkscm", Req("OPTIONS", "", ""), 416, ""),
    ("3.3.3-novelsc", Req("OPTIONS", "", ""), 416, ""),
    ("3.3.4-unksm2", Req("REGISTER", "", "example.com"), 405, ALLOW),
    (
        "3.3.5-bext01",
        Req("OPTIONS", "user", "example.com"),
        420,
        "\r\nUnsupported: nothingSupportsThis, nothingSupportsThisEither\r\n",
    ),
    ("3.3.6-invut", Req("INVITE", "user", "example.com"), 415, "\r\nAccept: application/sdp\r\n"),
    ("3.3.7-regaut01", Req("REGISTER", "", "example.com"), 405, ALLOW),
    ("3.3.8-multi01", Broken(400), 400, ""),
    ("3.3.9-mcl01", Broken(400), 400, ""),
    ("3.3.10-bcast", Resp(200), 0, ""),
    // Nothing is forwarded by us, so the last hop may be the one to us.
    ("3.3.11-zeromf", Req("OPTIONS", "user", "example.com"), 200, ALLOW),
    ("3.3.12-cparam01", Req("REGISTER", "", "example.com"), 405, ALLOW),
    ("3.3.13-cparam02", Req("REGISTER", "", "example.com"), 405, ALLOW),
    ("3.3.14-regescrt", Req("REGISTER", "", "example.com"), 405, ALLOW),
    // The caller takes no session description in an answer.
    ("3.3.15-sdp01", Req("INVITE", "user", "example.com"), 406, ""),
    ("3.4.1-inv2543", Req("INVITE", "UserB", "example.com"), 200, "v=0"),
];

#[test]
fn all_49_are_there() {
    assert_all_are_there("torture", ROWS.iter().map(|row| row.0));
}

#[test]
fn each_is_read_as_the_rfc_asks() {
    for (file, heard, ..) in &ROWS {
        assert_heard(&read_datagram(&message("torture", file)), heard, file);
    }
}

#[tokio::test]
async fn each_is_answered_as_the_rfc_asks() {
    assert_answers("torture", &ROWS).await;
}

fn request(file: &str) -> Request {
    match read_datagram(&message("torture", file)) {
        Ok(Some(Message::Request(request))) => request,
        other => panic!("{file}: {other:?}"),
    }
}

#[test]
fn the_tortuous_invite_says_all_it_says() {
    let wsinv = request("3.1.1.1-wsinv");
    let from = wsinv.from().unwrap();
    assert_eq!(from.display().as_deref(), Some("J Rosenberg \\\""));
    assert_eq!(wsinv.tag_in_from().as_deref(), Some("98asjd8"));
    assert_eq!(wsinv.tag_in_to().as_deref(), Some("1918181833n"));
    assert_eq!(wsinv.max_forwards(), Ok(68));
    assert_eq!(wsinv.cseq().unwrap().0, 9);
    assert_eq!(wsinv.uri.param("unknownparam").as_deref(), Some(""));
    let vias: Vec<crate::wire::Via<'_>> =
        wsinv.headers.all("Via").map(|via| crate::wire::Via::read(via).unwrap()).collect();
    let seen: Vec<_> =
        vias.iter().map(|via| (via.transport, &*via.host, via.branch().unwrap())).collect();
    assert_eq!(
        seen,
        [
            ("UDP", "192.0.2.2", "390skdjuw".into()),
            ("TCP", "spindle.example.com", "z9hG4bK9ikj8".into()),
            ("UDP", "192.168.255.111", "z9hG4bK30239".into()),
        ]
    );
    let contact = wsinv.contact().unwrap().unwrap();
    assert_eq!(contact.display().as_deref(), Some("Quoted string \"\""));
    assert_eq!(contact.params.get("newparam").as_deref(), Some("newvalue"));
    assert!(contact.params.has("secondparam"));
    assert_eq!(contact.params.get("q").as_deref(), Some("0.33"));
    assert_eq!(wsinv.headers.get("UnknownHeaderWithUnusualValue"), Some(";;,,;;,;"));
    let folded = "newfangled value continued newfangled value";
    assert_eq!(wsinv.headers.get("NewFangledHeader"), Some(folded));
    assert_eq!(wsinv.headers.get("Subject"), Some(""));
    assert_eq!(wsinv.body.len(), 150);
}

#[test]
fn odd_signs_are_kept_where_they_belong() {
    let intmeth = request("3.1.1.2-intmeth");
    let from = intmeth.from().unwrap();
    assert_eq!(from.display().as_deref(), Some("token1~` token2'+_ token3*%!.-"));
    assert_eq!(intmeth.tag_in_from().as_deref(), Some("_token~1'+`*%!-."));
    assert_eq!(from.params.get("fromParam''~+*_!.-%").as_deref(), Some("работающий"));
    // Bell, zero and delete are nothing that a mail should show.
    assert_eq!(intmeth.to().unwrap().display().as_deref(), Some("BEL: NUL: DEL:"));
    assert_eq!(intmeth.to().unwrap().uri.user().as_deref(), Some(ODD_USER));
    assert_eq!(intmeth.call_id(), Ok("intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"));
    assert_eq!(intmeth.headers.get("extensionHeader-!.%*+_`'~"), Some("\u{feff}大停電"));

    let esc01 = request("3.1.1.3-esc01");
    assert_eq!(esc01.to().unwrap().uri.user().as_deref(), Some("user"));
    assert_eq!(esc01.from().unwrap().uri.user().as_deref(), Some("I have spaces"));
    assert_eq!(esc01.contact().unwrap().unwrap().uri.user().as_deref(), Some("caller"));
    let escnull = request("3.1.1.4-escnull");
    assert_eq!(escnull.to().unwrap().uri.user().as_deref(), Some("null-\0-null"));
    assert_eq!(escnull.headers.all("Contact").count(), 2);
    let esc02 = request("3.1.1.5-esc02");
    assert_eq!(esc02.to().unwrap().display().as_deref(), Some("%Z%45"));
    assert_eq!(esc02.headers.all("Contact").count(), 2);
    assert_eq!(request("3.1.1.6-lwsdisp").from().unwrap().display().as_deref(), Some("caller"));
}

#[test]
fn length_and_binary_content_lose_nothing() {
    let longreq = request("3.1.1.7-longreq");
    assert_eq!(longreq.headers.all("Via").count(), 34);
    assert_eq!(longreq.to().unwrap().uri.port(), Some(6000));
    assert_eq!(longreq.body.len(), 150);
    assert_eq!(request("3.1.1.8-dblreq").body, b"");
    let mpart01 = request("3.1.1.11-mpart01");
    assert_eq!(mpart01.body.len(), 553);
    let content_type = mpart01.headers.get("Content-Type").unwrap();
    let signature =
        crate::wire::part(content_type, &mpart01.body, "application/octet-stream").unwrap();
    assert!(signature.starts_with(&[0x30, 0x82, 0x01, 0x52]) && signature.contains(&0));
    assert_eq!(signature.strip_suffix(b"\r\n").unwrap().len(), 342);
    match read_datagram(&message("torture", "3.1.1.12-unreason")) {
        Ok(Some(Message::Response(response))) => {
            let reason = "= 2**3 * 5**2 но сто девяносто девять - простое";
            assert_eq!(response.reason, reason);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn parameters_belong_to_the_uri_only_within_brackets() {
    let [one, other, third] =
        ["3.3.12-cparam01", "3.3.13-cparam02", "3.3.14-regescrt"].map(request);
    let [outside, inside, escaped] =
        [&one, &other, &third].map(|request| request.contact().unwrap().unwrap());
    assert!(outside.params.has("unknownparam") && outside.uri.param("unknownparam").is_none());
    assert!(!inside.params.has("unknownparam") && inside.uri.param("unknownparam").is_some());
    assert_eq!(escaped.uri.header("Route").as_deref(), Some("<sip:sip.example.com>"));
    let badaspec = request("3.1.2.14-badaspec");
    let spaced = badaspec.to().unwrap();
    assert_eq!(spaced.uri.as_str(), "sip:t.watson@example.org");
    let baddn = request("3.1.2.15-baddn");
    let unquoted = baddn.from().unwrap();
    assert_eq!(unquoted.display().as_deref(), Some("Bell, Alexander"));
    assert_eq!(unquoted.uri.user().as_deref(), Some("a.g.bell"));
}
