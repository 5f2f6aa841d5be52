//! What SIP answers without asking the house.

use super::*;

#[tokio::test]
async fn every_bad_request_gets_the_answer_of_the_rfc() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    const ALLOW: &str = "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK";
    let unknown = |method: &str, branch: &str| {
        let mut draft = raw.request(method, branch, 2);
        draft.to.push_str(";tag=0123456789abcdef");
        draft
    };
    let mut scheme = raw.invite("scheme");
    scheme.line = "INVITE carrier-pigeon:alice SIP/2.0".to_owned();
    let mut cseq = raw.invite("cseq");
    cseq.cseq = "1 BYE".to_owned();
    let mut version = raw.invite("version");
    version.line = version.line.replace("SIP/2.0", "SIP/7.0");
    let cases = [
        (raw.request("SUBSCRIBE", "a", 1), 405, ALLOW),
        (raw.request("NOTIFY", "a2", 1), 405, ALLOW),
        (raw.request("MESSAGE", "a3", 1), 405, ALLOW),
        (unknown("REFER", "a4"), 405, ALLOW),
        (raw.request("UNHEARDOF", "b", 1), 501, ALLOW),
        (raw.request("BYE", "c", 1), 481, ""),
        (unknown("BYE", "d"), 481, ""),
        (unknown("INVITE", "e"), 481, ""),
        (unknown("INFO", "f"), 481, ""),
        (raw.request("CANCEL", "g", 1), 481, ""),
        // Require is for proxies there, and is ignored (RFC 3261 §8.2.2.3).
        (raw.request("CANCEL", "g2", 1).header("Require", "x"), 481, ""),
        (raw.request("UPDATE", "g3", 1), 481, ""),
        (unknown("PRACK", "g4"), 481, ""),
        (raw.invite("h").header("Require", "100rel, x"), 420, "Unsupported: x"),
        (raw.invite("h2").header("Require", "replaces,Timer, y"), 420, "Unsupported: replaces, y"),
        (raw.request("INVITE", "i", 1).body("text/plain", "x"), 415, "Accept: application/sdp"),
        (raw.invite("j").header("Content-Encoding", "gzip"), 415, "Accept-Encoding: identity"),
        (raw.request("INVITE", "k", 1).body("application/sdp", "hello"), 400, ""),
        (scheme, 416, ""),
        (cseq, 400, ""),
        (version, 505, ""),
    ];
    for (draft, status, header) in cases {
        let response = raw.ask(&draft).await;
        assert_eq!(response.status, status, "{}", draft.text());
        if let Some((name, value)) = header.split_once(": ") {
            let all: Vec<&str> = response.headers.all(name).collect();
            assert_eq!(all.join(", "), value);
        }
        assert!(response.tag_in_to().is_some(), "{}", draft.text());
        assert!(!response.reason.is_empty());
    }
    raw.is_quiet(&mut arrivals).await;
}

#[tokio::test]
async fn strangers_are_refused_and_reach_nobody() {
    let peers = peers("192.0.2.0/24");
    let (server, mut arrivals) =
        Endpoint::bind(EndpointConfig { peers, ..config() }).await.unwrap();
    let raw = Raw::towards(&server).await;
    let first = raw.ask(&raw.invite("1")).await;
    assert_eq!(first.status, 403);
    // Nothing is kept of strangers, and yet a repeat gets the same answer.
    assert_eq!(raw.ask(&raw.invite("1")).await, first);
    raw.send(raw.request("ACK", "1", 1).within(&first).text()).await;
    raw.send("INVITE nonsense\r\n\r\n").await;
    assert_eq!(raw.ask(&raw.request("OPTIONS", "2", 1)).await.status, 403);
    assert!(arrivals.try_recv().is_err());
    let statistics = server.statistics();
    assert_eq!((statistics.strangers, statistics.malformed), (5, 1));
    assert_eq!(statistics.requests.invite, 0);
}

#[tokio::test]
async fn a_request_that_came_by_two_ways_is_one_call() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    raw.send(raw.invite("1").text()).await;
    let first = call(&mut arrivals).await;
    assert_eq!(raw.response().await.status, 100);
    assert_eq!(raw.ask(&raw.invite("2")).await.status, 482);

    // Another Request-URI is another call, as hunt groups make them.
    let mut hunt = raw.invite("3");
    hunt.line = "INVITE sip:second@example.com SIP/2.0".to_owned();
    assert_eq!(raw.ask(&hunt).await.status, 100);
    let second = call(&mut arrivals).await;
    assert_eq!(second.invitation.addressed[0].user.as_deref(), Some("second"));

    // Answered is not yet ended, refused is.
    first.control.answer(rtp(6000));
    assert_eq!(raw.response().await.status, 200);
    assert_eq!(raw.ask(&raw.invite("4")).await.status, 482);
    second.control.refuse(Answer::new(486));
    assert_eq!(raw.response().await.status, 486);
    hunt.via.push('4');
    assert_eq!(raw.ask(&hunt).await.status, 100);
    call(&mut arrivals).await;
}

#[tokio::test]
async fn after_the_end_of_a_call_the_same_request_is_a_new_one() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let (_incoming, ok) = raw.stand(&mut arrivals).await;
    assert_eq!(raw.ask(&raw.invite("again")).await.status, 482);
    assert_eq!(raw.ask(&raw.request("BYE", "bye", 2).within(&ok)).await.status, 200);
    assert_eq!(raw.ask(&raw.invite("again2")).await.status, 100);
    call(&mut arrivals).await;
}

#[tokio::test]
async fn options_are_answered_by_the_house_with_what_we_can() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let mut nobody = raw.request("OPTIONS", "2", 1);
    nobody.line = format!("OPTIONS sip:{} SIP/2.0", addr(&server));
    // Proxy-Require and Max-Forwards are for proxies alone.
    let asked = raw.request("OPTIONS", "1", 1).header("Proxy-Require", "x");
    let asked = asked.header("Max-Forwards", "0");
    for (draft, user) in [(asked, Some("alice")), (nobody, None)] {
        raw.send(draft.text()).await;
        let Some(Arrival::Options(options)) = soon(arrivals.recv()).await else { panic!() };
        assert_eq!(options.called.and_then(|called| called.user).as_deref(), user);
        options.responder.respond(Answer::new(200));
        let response = raw.response().await;
        assert_eq!(response.status, 200);
        assert_eq!(response.headers.get("Accept"), Some("application/sdp"));
        assert!(response.headers.all("Allow").any(|allow| allow.contains("INFO")));
        assert_eq!(response.headers.get("Supported"), Some("timer, 100rel"));
    }
}

#[tokio::test]
async fn a_house_that_does_not_answer_gives_500() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    raw.send(raw.request("INFO", "1", 1).body("text/plain", "x").text()).await;
    drop(report(&mut arrivals).await);
    assert_eq!(raw.response().await.status, 500);
}

#[tokio::test]
async fn a_house_that_does_not_keep_up_costs_a_second_try() {
    let (server, mut arrivals) =
        Endpoint::bind_with(config(), 1, Timings::default()).await.unwrap();
    let raw = Raw::towards(&server).await;
    assert_eq!(raw.ask(&raw.invite("1")).await.status, 100);
    let others = [
        raw.invite("2").call_id("2"),
        raw.request("INFO", "3", 1).body("text/plain", "x"),
        raw.request("OPTIONS", "4", 1),
    ];
    for draft in &others {
        let response = raw.ask(draft).await;
        assert_eq!((response.status, response.headers.get("Retry-After")), (503, Some("5")));
    }
    let incoming = call(&mut arrivals).await;
    incoming.control.refuse(Answer::new(404));
    assert_eq!(raw.response().await.status, 404);
}

#[tokio::test]
async fn a_caller_before_rfc_3261_is_served() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let old = |method: &str, cseq| {
        let mut draft = raw.request(method, "", cseq);
        draft.via = format!("SIP/2.0/UDP {}", raw.local);
        draft
    };
    let invite = old("INVITE", 1).body("application/sdp", OFFER);
    assert_eq!(raw.ask(&invite).await.status, 100);
    let mut incoming = call(&mut arrivals).await;
    assert_eq!(raw.ask(&invite).await.status, 100);
    incoming.control.answer(rtp(6000));
    let ok = raw.response().await;
    assert_eq!(ok.status, 200);
    raw.send(old("ACK", 1).within(&ok).text()).await;
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Acknowledged));
    assert_eq!(raw.ask(&old("BYE", 2).within(&ok)).await.status, 200);
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::HungUp { elsewhere: false }));
}
