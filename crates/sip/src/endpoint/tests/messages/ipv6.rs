//! RFC 5118, section by section.

use super::Heard::{Broken, Request as Req};
use super::*;

const ROWS: [Row; 12] = [
    // We are no registrar: what counts is that the REGISTER is understood.
    ("4.1-ipv6-good", Req("REGISTER", "", "2001:db8::10"), 405, ""),
    ("4.2-ipv6-bad", Broken(400), 400, ""),
    ("4.3-port-ambiguous", Req("REGISTER", "", "2001:db8::10:5070"), 405, ""),
    ("4.4-port-unambiguous", Req("REGISTER", "", "2001:db8::10"), 405, ""),
    ("4.5-via-received-param-no-delim", Req("OPTIONS", "", "2001:db8::10"), 200, ""),
    ("4.5-via-received-param-with-delim", Req("BYE", "", "2001:db8::10"), 481, ""),
    // Offers of nothing but G.726 and video.
    ("4.6-ipv6-in-sdp", Req("INVITE", "user", "2001:db8::10"), 488, ""),
    ("4.7-mult-ip-in-header", Req("BYE", "user", "host.example.net"), 481, ""),
    ("4.8-mult-ip-in-sdp", Req("INVITE", "user", "2001:db8::10"), 200, "\r\nm=video 0 "),
    ("4.9-ipv4-mapped-ipv6", Req("INVITE", "user", "example.com"), 488, ""),
    // One colon too many is how the grammar of RFC 3261 wrote it.
    ("4.10-ipv6-bug-abnf-3-colons", Req("OPTIONS", "user", "2001:db8::192.0.2.1"), 200, ""),
    ("4.10-ipv6-correct-abnf-2-colons", Req("OPTIONS", "user", "2001:db8::192.0.2.1"), 200, ""),
];

#[test]
fn all_are_there() {
    assert_all_are_there("ipv6", ROWS.iter().map(|row| row.0));
}

#[test]
fn each_is_read_as_the_rfc_asks() {
    for (file, heard, ..) in &ROWS {
        let read = read_datagram(&message("ipv6", file));
        assert_heard(&read, heard, file);
    }
}

#[tokio::test]
async fn each_is_answered_as_the_rfc_asks() {
    assert_answers("ipv6", &ROWS).await;
}

fn request(file: &str) -> Request {
    match read_datagram(&message("ipv6", file)) {
        Ok(Some(Message::Request(request))) => request,
        other => panic!("{file}: {other:?}"),
    }
}

#[test]
fn a_port_stands_behind_the_bracket() {
    assert_eq!(request("4.1-ipv6-good").uri.port(), None);
    assert_eq!(request("4.3-port-ambiguous").uri.port(), None);
    assert_eq!(request("4.4-port-unambiguous").uri.port(), Some(5070));
    let several = request("4.7-mult-ip-in-header");
    let via = several.via().unwrap();
    assert_eq!((&*via.host, via.port), ("2001:db8::9:1", Some(6050)));
    let mapped = request("4.9-ipv4-mapped-ipv6");
    let via = mapped.via().unwrap();
    assert_eq!((&*via.host, via.port), ("::ffff:192.0.2.10", Some(19_823)));
}

#[test]
fn received_is_read_with_brackets_and_without() {
    for (file, received) in [
        ("4.5-via-received-param-with-delim", "[2001:db8::9:255]"),
        ("4.5-via-received-param-no-delim", "2001:db8::9:255"),
    ] {
        let request = request(file);
        let via = request.via().unwrap();
        assert_eq!(via.params.get("received").as_deref(), Some(received));
    }
}

#[test]
fn one_stream_may_be_at_ipv4_and_another_at_ipv6() {
    let offer = crate::sdp::read_offer(&request("4.8-mult-ip-in-sdp").body).unwrap();
    let audio = offer.audio(crate::SrtpPolicy::Optional).unwrap();
    assert_eq!(audio.rtp, SocketAddr::from(([192, 0, 2, 1], 22_334)));
}
