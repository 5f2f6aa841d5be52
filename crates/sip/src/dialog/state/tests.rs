//! Dialogs made from requests and responses as they stand on the wire.

use super::*;
use crate::wire::{Message, read_datagram};

const INVITE: &str = "INVITE sip:alice@example.com SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
    Record-Route: <sip:192.0.2.1;lr>, <sip:192.0.2.2;lr>\r\n\
    From: \"Bob\" <sip:bob@example.com>;tag=b1\r\nTo: <sip:alice@example.com>\r\n\
    Call-ID: c1\r\nCSeq: 7 INVITE\r\nMax-Forwards: 70\r\n\
    Contact: <sip:bob@192.0.2.9:5070>\r\n\r\n";

fn read(text: &str) -> Request {
    match read_datagram(text.as_bytes()) {
        Ok(Some(Message::Request(request))) => request,
        other => panic!("{other:?}"),
    }
}

fn source() -> SocketAddr {
    "192.0.2.77:5060".parse().unwrap()
}

fn dialog(invite: &str) -> Dialog {
    Dialog::answering(&read(invite), Tag::of(1), source()).unwrap()
}

#[test]
fn our_request_follows_the_record_route_to_the_contact() {
    let mut dialog = dialog(INVITE);
    let bye = dialog.request(Method::BYE);
    let routes: Vec<&str> = bye.headers.all("Route").collect();
    assert_eq!(routes, ["<sip:192.0.2.1;lr>", "<sip:192.0.2.2;lr>"]);
    assert_eq!(bye.uri.as_str(), "sip:bob@192.0.2.9:5070");
    assert_eq!(dialog.next_hop().host(), "192.0.2.1");
    assert_eq!(bye.headers.get("To"), Some("\"Bob\" <sip:bob@example.com>;tag=b1"));
    let from = format!("<sip:alice@example.com>;tag={}", Tag::of(1));
    assert_eq!(bye.headers.get("From"), Some(from.as_str()));
    assert_eq!(bye.headers.get("CSeq"), Some("1 BYE"));
    assert_eq!(dialog.request(Method::INFO).headers.get("CSeq"), Some("2 INFO"));
}

#[test]
fn a_strict_router_takes_the_place_of_the_target() {
    let invite = INVITE.replace("<sip:192.0.2.1;lr>", "<sip:192.0.2.1>");
    let bye = dialog(&invite).request(Method::BYE);
    assert_eq!(bye.uri.as_str(), "sip:192.0.2.1");
    let routes: Vec<&str> = bye.headers.all("Route").collect();
    assert_eq!(routes, ["<sip:192.0.2.2;lr>", "<sip:bob@192.0.2.9:5070>"]);
}

#[test]
fn without_a_contact_the_source_is_the_target() {
    let invite = INVITE.replace("Contact: <sip:bob@192.0.2.9:5070>\r\n", "");
    assert_eq!(dialog(&invite).target.as_str(), "sip:192.0.2.77:5060");
}

#[test]
fn an_old_cseq_is_refused_and_a_gap_is_not() {
    let mut dialog = dialog(INVITE);
    let taken: Vec<bool> = [6, 7, 8, 8, 20, 19].map(|n| dialog.take_cseq(n)).to_vec();
    assert_eq!(taken, [false, false, true, false, true, false]);
}

#[test]
fn a_request_is_of_the_dialog_by_call_id_and_tag() {
    let dialog = dialog(INVITE);
    assert!(dialog.holds(&read(INVITE)));
    assert!(!dialog.holds(&read(&INVITE.replace("Call-ID: c1", "Call-ID: c2"))));
    assert!(!dialog.holds(&read(&INVITE.replace(";tag=b1", ";tag=b2"))));
}

#[test]
fn as_the_caller_the_route_set_is_turned_round_and_the_ack_keeps_the_number() {
    let ok = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
        Record-Route: <sip:192.0.2.2;lr>\r\nRecord-Route: <sip:192.0.2.1;lr>\r\n\
        From: \"Bob\" <sip:bob@example.com>;tag=b1\r\nTo: <sip:alice@example.com>;tag=a1\r\n\
        Call-ID: c1\r\nCSeq: 7 INVITE\r\nContact: <sip:192.0.2.50>\r\n\r\n";
    let Ok(Some(Message::Response(response))) = read_datagram(ok.as_bytes()) else { panic!() };
    let mut dialog = Dialog::answered(&read(INVITE), &response).unwrap();
    assert_eq!(dialog.next_hop().host(), "192.0.2.1");
    assert_eq!(dialog.remote_tag(), "a1");
    let ack = dialog.ack(7);
    assert_eq!(ack.headers.get("CSeq"), Some("7 ACK"));
    assert_eq!(ack.uri.as_str(), "sip:192.0.2.50");
    assert_eq!(dialog.request(Method::BYE).headers.get("CSeq"), Some("8 BYE"));
    assert!(dialog.take_cseq(1));
}
