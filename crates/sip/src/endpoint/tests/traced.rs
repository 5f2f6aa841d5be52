//! The trace of an endpoint: both directions, repeats marked.

use super::*;
use crate::Direction::{Received, Sent};

#[tokio::test]
async fn every_message_of_a_call_is_in_its_trace() {
    let config = EndpointConfig { trace_bytes: 1 << 20, ..config() };
    let (endpoint, mut arrivals) = Endpoint::bind(config).await.unwrap();
    let raw = Raw::towards(&endpoint).await;
    let (mut incoming, ok) = raw.stand(&mut arrivals).await;
    let bye = raw.request("BYE", "bye", 2).within(&ok);
    assert_eq!(raw.ask(&bye).await.status, 200);
    assert_eq!(raw.ask(&bye).await.status, 200, "and once more");
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::HungUp { elsewhere: false }));
    let trace = endpoint.trace("call-1");
    let told: Vec<_> = trace
        .iter()
        .map(|traced| {
            let first = traced.first_line.replace(&addr(&endpoint).to_string(), "us");
            (traced.direction, traced.again, first)
        })
        .collect();
    let line = |direction, again, text: &str| (direction, again, text.to_owned());
    assert_eq!(
        told,
        [
            line(Received, false, "INVITE sip:alice@us SIP/2.0"),
            line(Sent, false, "SIP/2.0 100 Trying"),
            line(Sent, false, "SIP/2.0 200 OK"),
            line(Received, false, "ACK sip:alice@us SIP/2.0"),
            line(Received, false, "BYE sip:alice@us SIP/2.0"),
            line(Sent, false, "SIP/2.0 200 OK"),
            line(Received, true, "BYE sip:alice@us SIP/2.0"),
            line(Sent, true, "SIP/2.0 200 OK"),
        ]
    );
    assert!(trace.iter().all(|traced| traced.hop == Hop::udp(raw.local)));
    assert!(trace.is_sorted_by_key(|traced| traced.at));
    assert_eq!(trace[0].sdp.as_deref(), Some("audio 127.0.0.1:4000 RTP/AVP PCMA telephone-event"));
    assert_eq!(endpoint.traced_calls("call-"), ["call-1"]);
}

#[tokio::test]
async fn without_room_nothing_is_kept() {
    let (endpoint, mut arrivals) = bind().await;
    let raw = Raw::towards(&endpoint).await;
    raw.stand(&mut arrivals).await;
    assert_eq!(endpoint.trace("call-1"), []);
}

#[tokio::test]
async fn strangers_leave_no_trace() {
    let config = EndpointConfig { trace_bytes: 1 << 20, peers: peers("192.0.2.0/24"), ..config() };
    let (endpoint, _arrivals) = Endpoint::bind(config).await.unwrap();
    let raw = Raw::towards(&endpoint).await;
    assert_eq!(raw.ask(&raw.invite("1")).await.status, 403);
    assert!(endpoint.trace("call-1").is_empty());
}
