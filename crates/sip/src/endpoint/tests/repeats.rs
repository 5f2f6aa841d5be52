//! Messages that come twice, get lost or cross each other.

use super::*;

#[tokio::test]
async fn a_repeated_invite_is_no_second_call() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let invite = raw.invite("1");
    let trying = raw.ask(&invite).await;
    let incoming = call(&mut arrivals).await;
    assert_eq!(raw.ask(&invite).await, trying);
    incoming.control.ring();
    let ringing = raw.response().await;
    assert_eq!(ringing.status, 180);
    assert!(ringing.contact().unwrap().is_some());
    assert_eq!(raw.ask(&invite).await, ringing);
    incoming.control.refuse(Answer::new(488));
    let refused = raw.response().await;
    assert_eq!(refused.status, 488);
    assert_eq!(raw.ask(&invite).await, refused);
    raw.send(raw.request("ACK", "1", 1).within(&refused).text()).await;
    raw.is_quiet(&mut arrivals).await;
    assert_eq!(server.statistics().requests.invite, 1);
    assert_eq!(server.statistics().retransmissions_received, 3);
}

#[tokio::test]
async fn a_repeated_info_gets_the_same_answer_and_is_reported_once() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let info = raw.request("INFO", "1", 1).body("text/plain", "x");
    raw.send(info.text()).await;
    let report = report(&mut arrivals).await;
    // Before the answer a repeat is dropped.
    raw.send(info.text()).await;
    raw.is_quiet(&mut arrivals).await;
    report.responder.respond(Answer::new(404).header("X-Why", "unknown"));
    let first = raw.response().await;
    assert_eq!(first.status, 404);
    assert_eq!(raw.ask(&info).await, first);
    raw.is_quiet(&mut arrivals).await;
}

#[tokio::test]
async fn the_200_is_repeated_until_its_ack() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let (mut incoming, ok) = raw.call(&mut arrivals).await;
    assert_eq!(raw.response().await, ok);
    assert_eq!(server.statistics().retransmissions_sent, 1);
    // One with another CSeq, or of another dialog, is not its ACK.
    raw.send(raw.request("ACK", "x", 2).within(&ok).text()).await;
    raw.send(raw.request("ACK", "y", 1).within(&ok).call_id("other").text()).await;
    raw.is_quiet(&mut arrivals).await;
    assert!(incoming.signals.try_recv().is_err());
    raw.send(raw.request("ACK", "z", 1).within(&ok).text()).await;
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Acknowledged));
    // Its repeat is no second acknowledgement.
    raw.send(raw.request("ACK", "z", 1).within(&ok).text()).await;
    raw.is_quiet(&mut arrivals).await;
    assert!(incoming.signals.try_recv().is_err());
}

#[tokio::test]
async fn a_repeated_bye_gets_the_same_answer_and_an_ack_is_never_refused() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let (mut incoming, ok) = raw.call(&mut arrivals).await;
    // Require in an ACK means nothing (RFC 3261 §8.2.2.3).
    raw.send(raw.request("ACK", "ack", 1).within(&ok).header("Require", "x").text()).await;
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Acknowledged));
    let bye = raw.request("BYE", "bye", 2).within(&ok);
    let first = raw.ask(&bye).await;
    assert_eq!(first.status, 200);
    assert_eq!(raw.ask(&bye).await, first);
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::HungUp { elsewhere: false }));
    assert_eq!(next(&mut incoming.signals).await, None);
}

#[tokio::test]
async fn an_ack_with_the_branch_of_its_invite_counts() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let (mut incoming, ok) = raw.call(&mut arrivals).await;
    raw.send(raw.request("ACK", "call", 1).within(&ok).text()).await;
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Acknowledged));
}

#[tokio::test]
async fn cancel_is_answered_with_the_tag_of_the_487() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    assert_eq!(raw.ask(&raw.invite("1")).await.status, 100);
    let mut incoming = call(&mut arrivals).await;
    let cancel = raw.request("CANCEL", "1", 1).header("Reason", "Q.850;cause=26");
    let ok = raw.ask(&cancel).await;
    let terminated = raw.response().await;
    assert_eq!((ok.status, terminated.status), (200, 487));
    assert_eq!(ok.tag_in_to(), terminated.tag_in_to());
    assert_eq!(terminated.cseq().unwrap().1.as_str(), "INVITE");
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Cancelled { elsewhere: true }));
    assert_eq!(raw.ask(&cancel).await, ok);
    raw.send(raw.request("ACK", "1", 1).within(&terminated).text()).await;
    raw.is_quiet(&mut arrivals).await;
}

#[tokio::test]
async fn an_answer_that_a_cancel_has_overtaken_has_no_effect() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    assert_eq!(raw.ask(&raw.invite("1")).await.status, 100);
    let mut incoming = call(&mut arrivals).await;
    let cancel = raw.request("CANCEL", "1", 1).header("Reason", "SIP;cause=200");
    assert_eq!(raw.ask(&cancel).await.status, 200);
    let terminated = raw.response().await;
    assert_eq!(terminated.status, 487);
    incoming.control.ring();
    incoming.control.answer(rtp(6000));
    incoming.control.hang_up();
    raw.send(raw.request("ACK", "1", 1).within(&terminated).text()).await;
    raw.is_quiet(&mut arrivals).await;
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Cancelled { elsewhere: true }));
    assert_eq!(next(&mut incoming.signals).await, None, "nothing after the end");
}

#[tokio::test]
async fn cancel_after_the_answer_has_no_effect() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let (mut incoming, ok) = raw.stand(&mut arrivals).await;
    assert_eq!(raw.ask(&raw.request("CANCEL", "call", 1)).await.status, 200);
    raw.is_quiet(&mut arrivals).await;
    assert!(incoming.signals.try_recv().is_err());
    assert_eq!(raw.ask(&raw.request("BYE", "bye", 2).within(&ok)).await.status, 200);
}

#[tokio::test]
async fn a_bye_that_crosses_ours_gets_200_and_then_the_dialog_is_gone() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let (mut incoming, ok) = raw.stand(&mut arrivals).await;
    incoming.control.hang_up();
    let bye = raw.incoming("BYE").await;
    assert_eq!(next(&mut incoming.signals).await, None);
    assert_eq!(raw.ask(&raw.request("INFO", "i", 2).within(&ok)).await.status, 481);
    assert_eq!(raw.ask(&raw.request("BYE", "b", 3).within(&ok)).await.status, 200);
    raw.respond(&bye, 200, "", "").await;
    assert_eq!(raw.ask(&raw.request("BYE", "c", 4).within(&ok)).await.status, 481);
}
