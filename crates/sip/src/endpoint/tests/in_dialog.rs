//! Requests within a call.

use super::*;

fn hold(to: &str) -> String {
    OFFER.replace("o=- 1 1", "o=- 1 2") + &format!("a={to}\r\n")
}

#[tokio::test]
async fn a_reinvite_holds_resumes_and_moves_the_peer_but_not_us() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let (mut incoming, ok) = raw.stand(&mut arrivals).await;
    let moved = OFFER.replace("m=audio 4000", "m=audio 4444");
    let steps = [
        (hold("sendonly"), vec![Signal::Held]),
        (hold("sendonly"), vec![]),
        (hold("sendrecv"), vec![Signal::Resumed]),
        (moved, vec![]),
    ];
    for (number, (offer, news)) in (2..).zip(steps) {
        let draft = raw.request("INVITE", &format!("re{number}"), number).within(&ok);
        let response = raw.ask(&draft.body("application/sdp", &offer)).await;
        assert_eq!(response.status, 200, "{offer}");
        let answer = String::from_utf8(response.body.clone()).unwrap();
        assert!(answer.contains("m=audio 6000 "), "{answer}");
        raw.send(raw.request("ACK", &format!("ack{number}"), number).within(&ok).text()).await;
        for signal in news {
            assert_eq!(next(&mut incoming.signals).await, Some(signal));
        }
    }
    let Some(Signal::MediaMoved(audio)) = next(&mut incoming.signals).await else { panic!() };
    assert_eq!(audio.rtp, rtp(4444));
    raw.is_quiet(&mut arrivals).await;
    assert!(incoming.signals.try_recv().is_err());
}

#[tokio::test]
async fn a_reinvite_without_offer_gets_ours_and_its_ack_the_answer() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let (mut incoming, ok) = raw.stand(&mut arrivals).await;
    let response = raw.ask(&raw.request("INVITE", "re", 2).within(&ok)).await;
    let offer = String::from_utf8(response.body.clone()).unwrap();
    assert!(response.status == 200 && offer.contains("m=audio 6000 "), "{offer}");
    let ack = raw.request("ACK", "ack", 2).within(&ok);
    raw.send(ack.body("application/sdp", &hold("sendonly")).text()).await;
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Held));
}

#[tokio::test]
async fn a_reinvite_at_a_bad_time_or_of_bad_sort_changes_nothing() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    assert_eq!(raw.ask(&raw.invite("call")).await.status, 100);
    let mut incoming = call(&mut arrivals).await;
    incoming.control.ring();
    let ringing = raw.response().await;
    let early = raw.request("INVITE", "early", 2).within(&ringing);
    assert_eq!(raw.ask(&early.body("application/sdp", OFFER)).await.status, 500);
    incoming.control.answer(rtp(6000));
    let ok = raw.response().await;
    assert_eq!(ok.status, 200);
    let glare = raw.request("INVITE", "glare", 3).within(&ok).body("application/sdp", OFFER);
    assert_eq!(raw.ask(&glare).await.status, 491);
    raw.send(raw.request("ACK", "ack", 1).within(&ok).text()).await;
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Acknowledged));
    let video = OFFER.replace("m=audio", "m=video");
    let no_audio = raw.request("INVITE", "video", 4).within(&ok).body("application/sdp", &video);
    assert_eq!(raw.ask(&no_audio).await.status, 488);
    let text = raw.request("INVITE", "text", 5).within(&ok).body("text/plain", "x");
    assert_eq!(raw.ask(&text).await.status, 415);
    assert!(incoming.signals.try_recv().is_err());
    assert_eq!(raw.ask(&raw.request("BYE", "bye", 6).within(&ok)).await.status, 200);
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::HungUp { elsewhere: false }));
}

#[tokio::test]
async fn info_in_a_call_is_a_report_after_the_checks_of_the_dialog() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let (_incoming, ok) = raw.stand(&mut arrivals).await;
    let info = |branch: &str, cseq| raw.request("INFO", branch, cseq).within(&ok);
    raw.send(info("1", 5).body("application/json", "{}").text()).await;
    let report = report(&mut arrivals).await;
    assert!(report.in_dialog);
    assert_eq!(report.body, b"{}");
    report.responder.respond(Answer::new(200));
    assert_eq!(raw.response().await.status, 200);
    let old = raw.ask(&info("2", 4).body("application/json", "{}")).await;
    assert_eq!((old.status, old.reason.as_str()), (500, "CSeq Out Of Order"));
    let empty = raw.ask(&info("3", 6)).await;
    assert_eq!(empty.status, 200);
    let options = raw.ask(&raw.request("OPTIONS", "4", 7).within(&ok)).await;
    assert_eq!((options.status, options.headers.get("Accept")), (200, Some("application/sdp")));
}

#[tokio::test]
async fn bye_says_whether_somebody_else_took_the_call() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let (mut incoming, ok) = raw.stand(&mut arrivals).await;
    let bye = raw.request("BYE", "bye", 2).within(&ok).header("Reason", "SIP;cause=200");
    assert_eq!(raw.ask(&bye).await.status, 200);
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::HungUp { elsewhere: true }));
    assert_eq!(next(&mut incoming.signals).await, None);
}

#[tokio::test]
async fn bye_before_the_answer_ends_the_invite_as_well() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    assert_eq!(raw.ask(&raw.invite("1")).await.status, 100);
    let mut incoming = call(&mut arrivals).await;
    incoming.control.ring();
    let ringing = raw.response().await;
    let ok = raw.ask(&raw.request("BYE", "2", 2).within(&ringing)).await;
    let terminated = raw.response().await;
    assert_eq!((ok.status, terminated.status), (200, 487));
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Cancelled { elsewhere: false }));
}

#[tokio::test]
async fn bye_and_rtp_stay_within_the_networks_of_the_peers() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let offer = OFFER.replace("c=IN IP4 127.0.0.1", "c=IN IP4 198.51.100.9");
    let mut invite = raw.request("INVITE", "1", 1).body("application/sdp", &offer);
    invite.more = invite.more.replace(&raw.local.to_string(), "198.51.100.7:5060");
    invite = invite.header("Record-Route", "<sip:198.51.100.8;lr>");
    assert_eq!(raw.ask(&invite).await.status, 100);
    let mut incoming = call(&mut arrivals).await;
    assert_eq!(incoming.invitation.audio.map(|audio| audio.rtp), Some(rtp(4000)));
    incoming.control.answer(rtp(6000));
    let ok = raw.response().await;
    assert_eq!(ok.headers.get("Record-Route"), Some("<sip:198.51.100.8;lr>"));
    raw.send(raw.request("ACK", "ack", 1).within(&ok).text()).await;
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Acknowledged));
    incoming.control.hang_up();
    let bye = raw.incoming("BYE").await;
    assert_eq!(bye.uri.to_string(), "sip:bob@198.51.100.7:5060");
    assert_eq!(bye.headers.get("Route"), Some("<sip:198.51.100.8;lr>"));
}
