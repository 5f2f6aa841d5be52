//! Calls and requests over connections.

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::wire::Wire;
use super::*;
use crate::Transport;

pub(super) fn over(transport: Transport) -> EndpointConfig {
    let hop = Hop { transport, addr: "127.0.0.1:0".parse().unwrap() };
    EndpointConfig { listen: vec![hop], ..config() }
}

/// Everything takes a moment only, but one that a busy machine has.
pub(super) fn short() -> Timings {
    let moment = Duration::from_secs(1);
    Timings {
        handshake: moment,
        message: moment,
        idle: moment,
        ping: moment,
        pong: moment,
        ..Timings::default()
    }
}

async fn bind_tcp(timings: Timings) -> (Endpoint, mpsc::Receiver<Arrival>) {
    Endpoint::bind_with(over(Transport::Tcp), 64, timings).await.unwrap()
}

/// Says 200 to every OPTIONS, for as long as they come.
fn answering(mut arrivals: mpsc::Receiver<Arrival>) {
    tokio::spawn(async move {
        while let Some(arrival) = arrivals.recv().await {
            if let Arrival::Options(options) = arrival {
                options.responder.respond(Answer::new(200));
            }
        }
    });
}

#[tokio::test]
async fn a_call_goes_by_its_connection_from_invite_to_bye() {
    let (server, mut arrivals) = bind_tcp(Timings::default()).await;
    let mut wire = Wire::towards(&server).await;
    let (mut incoming, ok) = wire.stand(&mut arrivals).await;
    let contact = format!("<sip:{};transport=tcp>", addr(&server));
    assert_eq!(ok.headers.get("Contact"), Some(contact.as_str()));
    assert_eq!(incoming.invitation.local, addr(&server));
    // Nobody listens where its Contact points to.
    incoming.control.hang_up();
    let bye = wire.incoming("BYE").await;
    let via = bye.headers.get("Via").unwrap();
    assert!(via.starts_with(&format!("SIP/2.0/TCP {};", addr(&server))), "{via}");
    wire.accept(&bye).await;
    assert_eq!(next(&mut incoming.signals).await, None);
    assert_eq!(server.statistics().retransmissions_sent, 0);
}

#[tokio::test]
async fn many_requests_on_one_connection_are_answered_in_order() {
    let (server, arrivals) = bind_tcp(Timings::default()).await;
    answering(arrivals);
    let mut wire = Wire::towards(&server).await;
    let all: Vec<Draft> =
        (0..100).map(|number| wire.request("OPTIONS", &number.to_string(), number)).collect();
    let text: String = all.iter().map(Draft::text).collect();
    // Pieces that end where no message does.
    for piece in text.as_bytes().chunks(777) {
        wire.send(piece).await;
    }
    for number in 0..100 {
        let response = wire.response().await;
        assert_eq!((response.status, response.cseq().unwrap().0), (200, number));
    }
    let statistics = server.statistics();
    assert_eq!((statistics.connections, statistics.connections_accepted), (1, 1));
}

#[tokio::test]
async fn a_message_broken_off_costs_only_itself() {
    let (server, arrivals) = bind_tcp(Timings::default()).await;
    answering(arrivals);
    let mut broken = Wire::towards(&server).await;
    assert_eq!(broken.ask(&broken.request("OPTIONS", "1", 1)).await.status, 200);
    broken.send("INVITE sip:alice@example.com SIP/2.0\r\nVia: SIP/2.0/TCP").await;
    drop(broken);
    let mut wire = Wire::towards(&server).await;
    assert_eq!(wire.ask(&wire.request("OPTIONS", "2", 1)).await.status, 200);
    assert_eq!(server.statistics().malformed, 0);
}

#[tokio::test]
async fn what_cannot_be_framed_is_answered_and_closed() {
    for (header, status) in [("l: x", 400), ("Content-Length: 65537", 513)] {
        let (server, _arrivals) = bind_tcp(Timings::default()).await;
        let mut wire = Wire::towards(&server).await;
        let text = wire.request("OPTIONS", "1", 1).text();
        wire.send(text.replace("Content-Length: 0", header)).await;
        assert_eq!(wire.response().await.status, status, "{header}");
        assert!(wire.is_closed().await);
        assert_eq!(server.statistics().malformed, 1);
    }
}

#[tokio::test]
async fn a_ping_gets_its_pong() {
    let (server, arrivals) = bind_tcp(Timings::default()).await;
    answering(arrivals);
    let mut wire = Wire::towards(&server).await;
    wire.send("\r\n\r\n").await;
    while wire.unread.len() < 2 {
        assert!(wire.read().await);
    }
    assert_eq!(wire.unread, b"\r\n");
    wire.unread.clear();
    assert_eq!(wire.ask(&wire.request("OPTIONS", "1", 1)).await.status, 200);
}

#[tokio::test]
async fn half_a_message_is_not_waited_for_and_silence_ends_a_connection() {
    for half in ["OPTIONS sip:alice@example.com SIP/2.0\r\nVia: ", ""] {
        let (server, _arrivals) = bind_tcp(short()).await;
        let mut wire = Wire::towards(&server).await;
        wire.send(half).await;
        assert!(wire.is_closed().await);
    }
}

#[tokio::test]
async fn a_connection_with_a_call_on_it_is_not_idle() {
    let (server, mut arrivals) = bind_tcp(short()).await;
    let mut wire = Wire::towards(&server).await;
    let (incoming, _) = wire.stand(&mut arrivals).await;
    // Another one, opened later, is closed for its silence meanwhile.
    let mut other = Wire::towards(&server).await;
    assert!(other.is_closed().await);
    incoming.control.hang_up();
    let bye = wire.incoming("BYE").await;
    wire.accept(&bye).await;
    assert!(wire.is_closed().await);
}

#[tokio::test]
async fn a_stranger_gets_one_answer() {
    let (server, _arrivals) =
        Endpoint::bind(EndpointConfig { peers: peers("192.0.2.0/24"), ..over(Transport::Tcp) })
            .await
            .unwrap();
    let mut wire = Wire::towards(&server).await;
    let text = wire.request("OPTIONS", "1", 1).text();
    wire.send(format!("{text}{text}")).await;
    assert_eq!(wire.response().await.status, 403);
    assert!(wire.is_closed().await);
    assert_eq!(server.statistics().strangers, 1);
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_no_more() {
    let (server, arrivals) = bind_tcp(Timings::default()).await;
    answering(arrivals);
    let mut open = Vec::new();
    for _ in 0..128 {
        open.push(Wire::towards(&server).await);
    }
    assert!(Wire::towards(&server).await.is_closed().await);
    for wire in &mut open {
        let options = wire.request("OPTIONS", &rand::random::<u64>().to_string(), 1);
        assert_eq!(wire.ask(&options).await.status, 200);
    }
    assert_eq!(server.statistics().connections_refused, 1);
    drop(open.pop());
    // One that has gone makes room, as soon as that is noticed.
    while server.statistics().connections == 128 {
        tokio::task::yield_now().await;
    }
    let mut wire = Wire::towards(&server).await;
    assert_eq!(wire.ask(&wire.request("OPTIONS", "new", 1)).await.status, 200);
}

#[tokio::test]
async fn a_peer_that_does_not_read_loses_its_connection() {
    let (server, arrivals) = bind_tcp(Timings::default()).await;
    answering(arrivals);
    let mut wire = Wire::towards(&server).await;
    // Each response carries this back.
    let draft = wire.request("OPTIONS", "x", 1).call_id(&"x".repeat(30_000));
    let mut sent = 0_u64;
    loop {
        let mut draft = draft.clone();
        draft.via = format!("{}{sent}", draft.via);
        if wire.stream.write_all(draft.text().as_bytes()).await.is_err() {
            break;
        }
        sent += 1;
        // What the system's own buffers hold, and much more.
        assert!(sent < 5000, "it still takes requests");
    }
    let mut other = Wire::towards(&server).await;
    assert_eq!(other.ask(&other.request("OPTIONS", "1", 1)).await.status, 200);
    assert_eq!(server.statistics().connections, 1);
}

#[tokio::test]
async fn an_answer_finds_its_way_after_the_connection_is_gone() {
    let (server, mut arrivals) = bind_tcp(Timings::default()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut wire = Wire::towards(&server).await;
    let mut options = wire.request("OPTIONS", "1", 1);
    let here = listener.local_addr().unwrap();
    options.via = format!("SIP/2.0/TCP {here};rport;branch=z9hG4bK1");
    wire.send(options.text()).await;
    let Some(Arrival::Options(options)) = soon(arrivals.recv()).await else { panic!() };
    drop(wire);
    while server.statistics().connections > 0 {
        tokio::task::yield_now().await;
    }
    options.responder.respond(Answer::new(200));
    // RFC 3261 §18.2.2: to the port of sent-by.
    let (stream, _) = soon(listener.accept()).await.unwrap();
    assert_eq!(Wire::new(stream, Transport::Tcp).response().await.status, 200);
}

#[tokio::test]
async fn bye_finds_its_way_after_the_connection_is_gone() {
    // By address, by a name, and by an address that is none of the peer's.
    for host in ["127.0.0.1", "pbx.example.com", "198.51.100.7"] {
        let (server, mut arrivals) = bind_tcp(Timings::default()).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut wire = Wire::towards(&server).await;
        wire.contact = format!("sip:bob@{host}:{port};transport=tcp");
        let (incoming, _) = wire.stand(&mut arrivals).await;
        drop(wire);
        while server.statistics().connections > 0 {
            tokio::task::yield_now().await;
        }
        incoming.control.hang_up();
        let (stream, _) = soon(listener.accept()).await.unwrap();
        let mut wire = Wire::new(stream, Transport::Tcp);
        let bye = wire.incoming("BYE").await;
        wire.accept(&bye).await;
    }
}

#[tokio::test]
async fn a_bye_that_went_down_with_its_connection_goes_by_another() {
    let (server, mut arrivals) = bind_tcp(Timings::default()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut wire = Wire::towards(&server).await;
    wire.contact = format!("sip:bob@127.0.0.1:{port};transport=tcp");
    let (incoming, _) = wire.stand(&mut arrivals).await;
    incoming.control.hang_up();
    wire.incoming("BYE").await;
    drop(wire);
    let (stream, _) = soon(listener.accept()).await.unwrap();
    let mut wire = Wire::new(stream, Transport::Tcp);
    let bye = wire.incoming("BYE").await;
    wire.accept(&bye).await;
}

#[tokio::test]
async fn a_call_goes_on_over_another_connection() {
    let (server, mut arrivals) = bind_tcp(Timings::default()).await;
    let mut first = Wire::towards(&server).await;
    let (incoming, ok) = first.stand(&mut arrivals).await;
    drop(first);
    while server.statistics().connections > 0 {
        tokio::task::yield_now().await;
    }
    let mut second = Wire::towards(&server).await;
    let options = second.request("OPTIONS", "again", 2).within(&ok).call_id("call");
    assert_eq!(second.ask(&options).await.status, 200);
    // Nobody listens where its Contact points to.
    incoming.control.hang_up();
    let bye = second.incoming("BYE").await;
    second.accept(&bye).await;
}

#[tokio::test]
async fn ipv4_and_ipv6_come_to_one_listener() {
    let hop = "tcp:[::]:0".parse().unwrap();
    let config = EndpointConfig { listen: vec![hop], ..config() };
    let peers = ["127.0.0.0/8", "::1/128"].map(|network| network.parse().unwrap()).to_vec();
    let config = EndpointConfig { peers: vec![Peer::trusted("test", peers)], ..config };
    let (server, mut arrivals) = Endpoint::bind(config).await.unwrap();
    let port = addr(&server).port();
    let six = OFFER.replace("IP4 127.0.0.1", "IP6 ::1");
    let offers = [("127.0.0.1", OFFER), ("::1", &six)];
    for (ip, sound, offer) in ["127.0.0.1", "::1"]
        .into_iter()
        .flat_map(|ip| offers.map(|(sound, offer)| (ip, sound, offer)))
    {
        let stream = TcpStream::connect((ip, port)).await.unwrap();
        let local = stream.local_addr().unwrap();
        let mut wire = Wire::new(stream, Transport::Tcp);
        let call_id = format!("{ip}{sound}");
        let invite = wire.request("INVITE", &call_id, 1).body("application/sdp", offer);
        wire.send(invite.text()).await;
        let incoming = call(&mut arrivals).await;
        assert_eq!(incoming.invitation.peer, local);
        // Where the sound is, whatever the family of signalling.
        assert_eq!(incoming.invitation.local_ip, sound.parse::<std::net::IpAddr>().unwrap());
    }
}

/// A server by UDP and, or not, by TCP on the same port.
async fn bind_port(tcp: bool) -> (Endpoint, mpsc::Receiver<Arrival>) {
    loop {
        let probe = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = probe.local_addr().unwrap();
        drop(probe);
        let mut listen = vec![Hop::udp(at)];
        listen.extend(tcp.then_some(Hop { transport: Transport::Tcp, addr: at }));
        if let Ok(bound) = Endpoint::bind(EndpointConfig { listen, ..config() }).await {
            return bound;
        }
    }
}

#[tokio::test]
async fn what_is_too_large_for_a_datagram_goes_by_tcp_or_else_by_udp() {
    for tcp in [true, false] {
        let (server, mut arrivals) = bind_port(tcp).await;
        let (client, _) = bind().await;
        let info = OutgoingInfo {
            destination: None,
            uri: format!("sip:alice@{}", addr(&server)),
            from: "sip:bob@example.com".to_owned(),
            call_id: None,
            content_type: "text/plain".to_owned(),
            headers: Vec::new(),
            body: vec![b'x'; 2000],
            credentials: None,
        };
        let answered = tokio::spawn(async move { client.request_info(info).await });
        let report = report(&mut arrivals).await;
        assert_eq!(report.body.len(), 2000);
        report.responder.respond(Answer::new(200));
        assert_eq!(soon(answered).await.unwrap(), Ok(200));
        assert_eq!(server.statistics().connections_accepted, u64::from(tcp));
    }
}

#[tokio::test]
async fn a_request_on_a_connection_that_breaks_has_failed() {
    let (client, _) = bind().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut placed = client.place(OutgoingInvite {
        uri: format!("sip:alice@{};transport=tcp", listener.local_addr().unwrap()),
        destination: None,
        ..to_alice(&client)
    });
    let (stream, _) = soon(listener.accept()).await.unwrap();
    let mut wire = Wire::new(stream, Transport::Tcp);
    let invite = wire.incoming("INVITE").await;
    assert!(invite.headers.get("Contact").unwrap().contains(";transport=tcp"));
    drop(wire);
    assert!(matches!(next(&mut placed.progress).await, Some(Progress::Refused(503, _))));
}
