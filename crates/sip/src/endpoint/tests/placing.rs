//! Calls of our own, against a peer that does what peers rarely do.

use super::*;

/// A client endpoint that has sent INVITE to a raw peer.
async fn placed() -> (Endpoint, Raw, OutgoingCall, Request) {
    let (client, _) = bind().await;
    let raw = Raw::towards(&client).await;
    let destination = Some(Hop::udp(raw.local));
    let placed = client.place(OutgoingInvite { destination, ..to_alice(&client) });
    let invite = raw.incoming("INVITE").await;
    (client, raw, placed, invite)
}

const SDP: &str = "Content-Type: application/sdp\r\n";

#[tokio::test]
async fn a_repeated_200_gets_its_ack_again() {
    let (_client, raw, mut placed, invite) = placed().await;
    raw.respond(&invite, 200, SDP, OFFER).await;
    let ack = raw.incoming("ACK").await;
    assert_eq!(ack.cseq().unwrap().0, invite.cseq().unwrap().0);
    assert_ne!(ack.via().unwrap().branch(), invite.via().unwrap().branch());
    raw.respond(&invite, 200, SDP, OFFER).await;
    assert_eq!(raw.incoming("ACK").await, ack);
    assert!(matches!(next(&mut placed.progress).await, Some(Progress::Answered(_))));
    assert!(placed.progress.try_recv().is_err());
}

#[tokio::test]
async fn a_refusal_gets_its_ack_by_the_transaction() {
    let (_client, raw, mut placed, invite) = placed().await;
    raw.respond(&invite, 404, "", "").await;
    let ack = raw.incoming("ACK").await;
    assert_eq!(ack.via(), invite.via());
    assert_eq!(ack.tag_in_to().as_deref(), Some("raw"));
    let refused = Progress::Refused(404, "Whatever".to_owned());
    assert_eq!(next(&mut placed.progress).await, Some(refused));
    assert_eq!(next(&mut placed.progress).await, None);
}

#[tokio::test]
async fn cancel_waits_for_a_provisional_response() {
    let (_client, raw, mut placed, invite) = placed().await;
    placed.control.cancel_with_reason("SIP;cause=200");
    raw.respond(&invite, 180, "", "").await;
    let cancel = raw.incoming("CANCEL").await;
    assert_eq!(cancel.via(), invite.via());
    assert_eq!(cancel.headers.get("Reason"), Some("SIP;cause=200"));
    assert_eq!(next(&mut placed.progress).await, Some(Progress::Ringing));
    raw.respond(&cancel, 200, "", "").await;
    raw.respond(&invite, 487, "", "").await;
    raw.incoming("ACK").await;
    assert!(matches!(next(&mut placed.progress).await, Some(Progress::Refused(487, _))));
}

#[tokio::test]
async fn an_answer_that_crosses_the_cancel_is_hung_up() {
    let (_client, raw, mut placed, invite) = placed().await;
    raw.respond(&invite, 180, "", "").await;
    assert_eq!(next(&mut placed.progress).await, Some(Progress::Ringing));
    placed.control.cancel();
    let cancel = raw.incoming("CANCEL").await;
    raw.respond(&invite, 200, SDP, OFFER).await;
    raw.incoming("ACK").await;
    let bye = raw.incoming("BYE").await;
    assert_eq!(bye.cseq().unwrap().0, invite.cseq().unwrap().0 + 1);
    raw.respond(&cancel, 200, "", "").await;
    raw.respond(&bye, 200, "", "").await;
    assert!(matches!(next(&mut placed.progress).await, Some(Progress::Refused(487, _))));
    assert_eq!(next(&mut placed.progress).await, None);
}

#[tokio::test]
async fn the_second_branch_of_a_fork_is_hung_up() {
    let (_client, raw, mut placed, invite) = placed().await;
    raw.respond(&invite, 200, SDP, OFFER).await;
    raw.incoming("ACK").await;
    assert!(matches!(next(&mut placed.progress).await, Some(Progress::Answered(_))));
    let mut other = invite.clone();
    let to = other.headers.get("To").unwrap().to_owned();
    other.headers.set("To", format!("{to};tag=other"));
    raw.respond(&other, 200, SDP, OFFER).await;
    raw.incoming("ACK").await;
    let bye = raw.incoming("BYE").await;
    assert_eq!(bye.tag_in_to().as_deref(), Some("other"));
    assert!(placed.progress.try_recv().is_err());
}

#[tokio::test]
async fn an_answer_that_cannot_be_spoken_in_is_hung_up() {
    let (_client, raw, mut placed, invite) = placed().await;
    raw.respond(&invite, 200, "", "").await;
    raw.incoming("ACK").await;
    raw.incoming("BYE").await;
    assert!(matches!(next(&mut placed.progress).await, Some(Progress::Refused(488, _))));
    assert_eq!(next(&mut placed.progress).await, None);
}

#[tokio::test]
async fn whom_we_call_may_hang_up_though_no_peer() {
    let peers = peers("192.0.2.0/24");
    let (client, _) = Endpoint::bind(EndpointConfig { peers, ..config() }).await.unwrap();
    let raw = Raw::towards(&client).await;
    let mut placed = client
        .place(OutgoingInvite { destination: Some(Hop::udp(raw.local)), ..to_alice(&client) });
    let invite = raw.incoming("INVITE").await;
    raw.respond(&invite, 200, SDP, OFFER).await;
    let ack = raw.incoming("ACK").await;
    assert!(matches!(next(&mut placed.progress).await, Some(Progress::Answered(_))));
    let bye = format!(
        "BYE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP {};rport;branch=z9hG4bKbye\r\n\
         From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 BYE\r\nMax-Forwards: 70\r\n\r\n",
        raw.local,
        ack.headers.get("To").unwrap(),
        ack.headers.get("From").unwrap(),
        ack.call_id().unwrap()
    );
    raw.send(bye).await;
    assert_eq!(raw.response().await.status, 200);
    assert_eq!(next(&mut placed.progress).await, Some(Progress::HungUp));
    assert_eq!(next(&mut placed.progress).await, None);
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_at_once() {
    let (client, _) = bind().await;
    let bad = OutgoingInvite { uri: "nobody".to_owned(), ..to_alice(&client) };
    assert!(matches!(next(&mut client.place(bad).progress).await, Some(Progress::Refused(400, _))));
    let info = |uri: &str, destination: &str| OutgoingInfo {
        destination: Some(Hop::udp(destination.parse().unwrap())),
        uri: uri.to_owned(),
        from: "sip:a@example.com".to_owned(),
        call_id: None,
        content_type: "text/plain".to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        credentials: None,
    };
    let sent = soon(client.request_info(info("nobody", "127.0.0.1:9"))).await;
    assert_eq!(sent, Err(RequestError::InvalidUri));
    let sent = soon(client.request_info(info("sip:a@example.com", "[::1]:9"))).await;
    assert_eq!(sent, Err(RequestError::Unreachable));
}
