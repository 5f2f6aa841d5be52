//! Whole calls between two endpoints.

use super::*;

#[tokio::test]
async fn a_call_is_answered_and_hung_up_by_the_caller() {
    let (server, mut arrivals) = bind().await;
    let (client, _) = bind().await;
    let mut placed = client.place(to_alice(&server));
    let mut incoming = call(&mut arrivals).await;
    let invitation = &incoming.invitation;
    assert_eq!(invitation.call_id, placed.call_id);
    assert_eq!(invitation.peer, addr(&client));
    assert_eq!(invitation.local, addr(&server));
    assert_eq!(invitation.local_ip, rtp(0).ip());
    assert_eq!(invitation.caller.display_name.as_deref(), Some("Bob \"B\" Example"));
    assert_eq!(invitation.addressed[0].user.as_deref(), Some("alice"));
    assert_eq!(invitation.audio.map(|audio| audio.rtp), Some(rtp(5000)));
    assert_eq!(server.statistics().live_calls, 1);

    incoming.control.ring();
    assert_eq!(next(&mut placed.progress).await, Some(Progress::Ringing));
    incoming.control.answer(rtp(6000));
    let Some(Progress::Answered(audio)) = next(&mut placed.progress).await else { panic!() };
    assert_eq!((audio.rtp, audio.codec), (rtp(6000), Codec::Pcmu));
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Acknowledged));

    placed.control.hang_up();
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::HungUp { elsewhere: false }));
    assert_eq!(next(&mut incoming.signals).await, None);
    assert_eq!(next(&mut placed.progress).await, None);
    let statistics = server.statistics();
    assert_eq!(statistics.live_calls, 0);
    assert_eq!((statistics.requests.invite, statistics.requests.bye), (1, 1));
    assert_eq!((statistics.responses.provisional, statistics.responses.success), (2, 2));
}

#[tokio::test]
async fn a_call_is_hung_up_by_the_house() {
    let (server, mut arrivals) = bind().await;
    let (client, _) = bind().await;
    let mut placed = client.place(to_alice(&server));
    let mut incoming = call(&mut arrivals).await;
    incoming.control.answer(rtp(6000));
    // BYE has to wait for the ACK, and does so by itself.
    incoming.control.hang_up();
    assert!(matches!(next(&mut placed.progress).await, Some(Progress::Answered(_))));
    assert_eq!(next(&mut placed.progress).await, Some(Progress::HungUp));
    assert_eq!(next(&mut placed.progress).await, None);
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Acknowledged));
    assert_eq!(next(&mut incoming.signals).await, None);
}

#[tokio::test]
async fn a_call_is_cancelled_while_it_rings() {
    for (reason, elsewhere) in
        [(None, false), (Some("SIP;cause=200;text=\"Call completed elsewhere\""), true)]
    {
        let (server, mut arrivals) = bind().await;
        let (client, _) = bind().await;
        let mut placed = client.place(to_alice(&server));
        let mut incoming = call(&mut arrivals).await;
        incoming.control.ring();
        assert_eq!(next(&mut placed.progress).await, Some(Progress::Ringing));
        match reason {
            Some(reason) => placed.control.cancel_with_reason(reason),
            None => placed.control.cancel(),
        }
        assert_eq!(next(&mut incoming.signals).await, Some(Signal::Cancelled { elsewhere }));
        assert_eq!(next(&mut incoming.signals).await, None);
        let end = next(&mut placed.progress).await;
        assert_eq!(end, Some(Progress::Refused(487, "Request Terminated".to_owned())));
        // What comes too late does nothing.
        incoming.control.answer(rtp(6000));
        incoming.control.hang_up();
        assert_eq!(next(&mut placed.progress).await, None);
    }
}

#[tokio::test]
async fn a_refusal_reaches_the_caller_with_its_headers() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    raw.send(raw.invite("1").text()).await;
    let mut incoming = call(&mut arrivals).await;
    assert_eq!(raw.response().await.status, 100);
    let answer = Answer::new(486).reason("Mailbox Busy").header("X-Why", "a\r\nX-Evil: b");
    incoming.control.refuse(answer.retry_after(5));
    let response = raw.response().await;
    assert_eq!((response.status, response.reason.as_str()), (486, "Mailbox Busy"));
    assert_eq!(response.headers.get("Retry-After"), Some("5"));
    assert_eq!(response.headers.get("X-Evil"), None);
    assert_eq!(response.headers.get("Server"), Some("Ringpost"));
    assert!(response.tag_in_to().is_some());
    assert_eq!(next(&mut incoming.signals).await, None);
}

#[tokio::test]
async fn a_call_that_the_house_loses_is_ended() {
    let (server, mut arrivals) = bind().await;
    let (client, _) = bind().await;
    let mut placed = client.place(to_alice(&server));
    drop(call(&mut arrivals).await);
    assert!(matches!(next(&mut placed.progress).await, Some(Progress::Refused(500, _))));

    let mut placed = client.place(to_alice(&server));
    let mut incoming = call(&mut arrivals).await;
    incoming.control.answer(rtp(6000));
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Acknowledged));
    drop(incoming);
    assert!(matches!(next(&mut placed.progress).await, Some(Progress::Answered(_))));
    assert_eq!(next(&mut placed.progress).await, Some(Progress::HungUp));
}

#[tokio::test]
async fn a_report_gets_the_answer_of_the_house() {
    let (server, mut arrivals) = bind().await;
    let (client, _) = bind().await;
    for status in [200, 404] {
        let info = OutgoingInfo {
            destination: Some(Hop::udp(addr(&server))),
            uri: "sip:alice@example.com".to_owned(),
            from: "sip:front-end@example.com".to_owned(),
            call_id: Some("reported".to_owned()),
            content_type: "application/json".to_owned(),
            headers: vec![("Ms-Conversation-ID".to_owned(), "conversation".to_owned())],
            body: b"{\"caller\":\"+14255550142\"}\xff\x00".to_vec(),
            credentials: None,
        };
        let body = info.body.clone();
        let sent = tokio::spawn({
            let client = client.clone();
            async move { client.request_info(info).await }
        });
        let report = report(&mut arrivals).await;
        assert_eq!(report.content_type, "application/json");
        assert_eq!(report.body, body);
        assert_eq!(report.identifiers, ["reported", "conversation"]);
        assert!(!report.in_dialog);
        report.responder.respond(Answer::new(status));
        assert_eq!(soon(sent).await.unwrap(), Ok(status));
    }
}

#[tokio::test]
async fn an_offer_that_stands_beside_other_parts_is_answered() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let body = format!(
        "--b\r\nContent-Type: application/sdp\r\n\r\n{OFFER}\r\n\
         --b\r\nContent-Type: application/qsig\r\nContent-Disposition: signal;handling=optional\r\n\
         \r\n\u{1}\r\n--b--\r\n"
    );
    let invite = raw.request("INVITE", "1", 1).body("multipart/mixed; boundary=b", &body);
    assert_eq!(raw.ask(&invite).await.status, 100);
    let incoming = call(&mut arrivals).await;
    assert_eq!(incoming.invitation.audio.map(|audio| audio.codec), Some(Codec::Pcma));
    incoming.control.answer(rtp(6000));
    let ok = raw.response().await;
    assert_eq!(ok.headers.get("Content-Type"), Some("application/sdp"));
    let signals = ["1", "2"].map(|part| format!("--b\r\nContent-Type: text/{part}\r\n\r\nx\r\n"));
    let without = signals.concat() + "--b--\r\n";
    let invite = raw.request("INVITE", "2", 1).call_id("call-2");
    let refused = raw.ask(&invite.body("multipart/mixed;boundary=b", &without)).await;
    assert_eq!((refused.status, refused.headers.get("Accept")), (415, Some("application/sdp")));
}
