//! Requests of our own over real sockets and a real name server.

use tokio::net::TcpListener;

use super::outbound::Wire as Captured;
use super::streams::over;
use super::wire::Wire;
use super::*;
use crate::resolve::{NameServer, Resolver};
use crate::tls::tests::{Authority, trusting};
use crate::{Credentials, Transport};

fn info(uri: String, size: usize) -> OutgoingInfo {
    OutgoingInfo {
        destination: None,
        uri,
        from: "sip:front-end@example.com".to_owned(),
        call_id: None,
        content_type: "text/plain".to_owned(),
        headers: Vec::new(),
        body: vec![b'x'; size],
        credentials: None,
    }
}

#[tokio::test]
async fn a_call_by_tcp_needs_no_listener_for_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let called = listener.local_addr().unwrap();
    let (client, _) = bind().await;
    let mut placed = client.place(OutgoingInvite {
        destination: None,
        uri: format!("sip:alice@{called};transport=tcp"),
        ..to_alice(&client)
    });
    let (stream, from) = soon(listener.accept()).await.unwrap();
    let mut peer = Wire::new(stream, Transport::Tcp);
    let invite = peer.incoming("INVITE").await;
    let via = invite.headers.get("Via").unwrap();
    assert!(via.starts_with("SIP/2.0/TCP 127.0.0.1:"), "{via}");
    // The only way back that there is.
    assert!(via.contains(&format!(":{};", from.port())), "{via} of {from}");
    let contact = format!("<sip:{from};transport=tcp>");
    assert_eq!(invite.headers.get("Contact"), Some(contact.as_str()));
    refuse(&mut peer, &invite).await;
    assert_eq!(peer.incoming("ACK").await.via(), invite.via());
    assert!(matches!(next(&mut placed.progress).await, Some(Progress::Refused(486, _))));
}

async fn refuse(peer: &mut Wire<tokio::net::TcpStream>, invite: &Request) {
    let mut lines = String::from("SIP/2.0 486 Busy Here\r\n");
    for name in ["Via", "From", "Call-ID", "CSeq"] {
        lines.push_str(&format!("{name}: {}\r\n", invite.headers.get(name).unwrap()));
    }
    let to = invite.headers.get("To").unwrap();
    peer.send(format!("{lines}To: {to};tag=raw\r\nContent-Length: 0\r\n\r\n")).await;
}

#[tokio::test]
async fn a_certificate_has_to_name_the_host_of_the_uri() {
    let authority = Authority::new("test");
    let tls = authority.issues("server", &["localhost"]);
    let server = EndpointConfig { tls, ..over(Transport::Tls) };
    let (server, mut reports) = Endpoint::bind(server).await.unwrap();
    let client = EndpointConfig { tls: trusting(&authority.ca), ..config() };
    let (client, _) = Endpoint::bind(client).await.unwrap();
    let port = addr(&server).port();
    for (host, named) in [("localhost", true), ("127.0.0.1", false)] {
        let sender = client.clone();
        let info = info(format!("sips:alice@{host}:{port}"), 1);
        let sent = tokio::spawn(async move { sender.request_info(info).await });
        if named {
            report(&mut reports).await.responder.respond(Answer::new(200));
            assert_eq!(soon(sent).await.unwrap(), Ok(200));
        } else {
            assert_eq!(soon(sent).await.unwrap(), Err(RequestError::Unreachable), "{host}");
        }
    }
}

#[tokio::test]
async fn a_large_report_goes_by_tcp_where_somebody_listens_and_else_by_udp() {
    let (udp_only, reports) = bind().await;
    let (both, others) = listening_twice().await;
    let (client, _) = bind().await;
    for (server, mut reports, sizes) in
        [(&udp_only, reports, &[1200, 5000][..]), (&both, others, &[5000])]
    {
        for &size in sizes {
            let sender = client.clone();
            let info = info(format!("sip:alice@{}", addr(server)), size);
            let sent = tokio::spawn(async move { sender.request_info(info).await });
            let report = report(&mut reports).await;
            assert_eq!(report.body.len(), size);
            report.responder.respond(Answer::new(200));
            assert_eq!(soon(sent).await.unwrap(), Ok(200));
        }
    }
    assert_eq!(both.statistics().connections_accepted, 1, "by TCP");
}

/// UDP and TCP on one port.
async fn listening_twice() -> (Endpoint, mpsc::Receiver<Arrival>) {
    for _ in 0..20 {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let hop = |transport| Hop { transport, addr: port };
        let listen = vec![hop(Transport::Udp), hop(Transport::Tcp)];
        if let Ok(bound) = Endpoint::bind(EndpointConfig { listen, ..config() }).await {
            return bound;
        }
    }
    panic!("no port for both");
}

#[tokio::test]
async fn the_dns_says_where_a_report_goes() {
    let server = NameServer::start(
        "_sip._udp.example.com. SRV 2 1 5070 b.example.com.
         _sip._udp.example.com. SRV 1 1 5060 a.example.com.
         a.example.com. A 192.0.2.1
         b.example.com. A 192.0.2.2",
    )
    .await;
    let mut wire = Captured::new(config());
    wire.task.outbound.resolver = Arc::new(Resolver::asking(server.addr));
    let mut status = wire.inform(OutgoingInfo {
        credentials: Some(Credentials { user: "u".to_owned(), password: "p".to_owned() }),
        ..info("sip:alice@example.com".to_owned(), 1)
    });
    assert!(wire.sent().is_none(), "before the answer");
    wire.obey_next().await;
    let first = wire.sent_to("udp:192.0.2.1:5060");
    wire.answer(&first, 503, "");
    let second = wire.sent_to("udp:192.0.2.2:5070");
    wire.answer(&second, 200, "");
    assert_eq!(status.try_recv(), Ok(Ok(200)));
}
