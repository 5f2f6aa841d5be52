//! The orderly end of an endpoint.

use super::*;

#[tokio::test]
async fn while_closing_nothing_new_is_taken_and_calls_end_in_order() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let (mut incoming, ok) = raw.stand(&mut arrivals).await;
    let closed = tokio::spawn({
        let server = server.clone();
        // Much longer than anybody waits: it ends because all is done.
        async move { server.close(PATIENCE * 10).await }
    });
    // The command has been taken once OPTIONS is refused.
    let mut refused = raw.request("OPTIONS", "0", 1).call_id("other");
    for branch in 1.. {
        refused.via.push_str(&branch.to_string());
        raw.send(refused.text()).await;
        tokio::select! {
            response = raw.response() => {
                assert_eq!(response.status, 503);
                break;
            }
            Some(Arrival::Options(options)) = arrivals.recv() => {
                options.responder.respond(Answer::new(200));
                assert_eq!(raw.response().await.status, 200);
            }
        }
    }
    let others = [
        raw.invite("2").call_id("2"),
        raw.request("INFO", "3", 1).call_id("3").body("text/plain", "x"),
        raw.request("INFO", "4", 2).within(&ok).body("text/plain", "x"),
    ];
    for draft in &others {
        let response = raw.ask(draft).await;
        assert_eq!((response.status, response.headers.get("Retry-After")), (503, Some("5")));
        if draft.cseq.ends_with("INVITE") {
            let mut ack = raw.request("ACK", "2", 1).within(&response).call_id("2");
            ack.line = draft.line.replace("INVITE", "ACK");
            raw.send(ack.text()).await;
        }
    }
    assert!(!closed.is_finished());
    assert_eq!(raw.ask(&raw.request("BYE", "5", 3).within(&ok)).await.status, 200);
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::HungUp { elsewhere: false }));
    soon(closed).await.unwrap();
    // The port is free again, and handles do no harm.
    UdpSocket::bind(raw.endpoint).await.unwrap();
    incoming.control.hang_up();
    assert_eq!(next(&mut server.place(to_alice(&server)).progress).await, None);
    server.close(PATIENCE).await;
}

#[tokio::test]
async fn closing_takes_no_longer_than_it_may() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let (mut incoming, _) = raw.stand(&mut arrivals).await;
    soon(server.close(Duration::from_millis(20))).await;
    assert_eq!(next(&mut incoming.signals).await, None);
    assert!(soon(arrivals.recv()).await.is_none());
}

#[tokio::test]
async fn an_endpoint_ends_with_its_last_handle() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let (incoming, ok) = raw.stand(&mut arrivals).await;
    drop(server);
    // A call still holds it.
    assert_eq!(raw.ask(&raw.request("INFO", "1", 2).within(&ok)).await.status, 200);
    drop(incoming);
    assert!(soon(arrivals.recv()).await.is_none());
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let (server, _arrivals) = bind().await;
    let taken = Hop::udp(addr(&server));
    let error = Endpoint::bind(EndpointConfig { listen: vec![taken], ..config() }).await;
    let error = error.map(|_| ()).unwrap_err();
    assert!(matches!(error, BindError::Address { hop, .. } if hop == taken));
    assert!(error.to_string().starts_with(&format!("cannot listen on {taken}: ")));
}
