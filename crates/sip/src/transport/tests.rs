//! Connections of ours, without the endpoint around them.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::TlsFiles;
use crate::tls::tests::{Authority, trusting};

const PATIENCE: Duration = Duration::from_secs(10);
const TEXT: &str = "OPTIONS sip:a@example.com SIP/2.0\r\nContent-Length: 0\r\n\r\n";

fn transports(files: TlsFiles, timings: Timings) -> Transports {
    let networks = vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
    let tls = Tls::read(files, None).unwrap();
    Transports::new(networks, tls, timings, Arc::new(Counters::default()))
}

async fn listener() -> (TcpListener, Hop) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, Hop { transport: Transport::Tcp, addr })
}

/// The next event of a connection.
async fn event(transports: &mut Transports) -> StreamEvent {
    let mut buffer = vec![0; 65_535];
    let received = tokio::time::timeout(PATIENCE, transports.receive(&mut buffer)).await;
    match received.expect("it came in time") {
        Ok(Received::Stream(event)) => event,
        other => panic!("no event but {other:?}"),
    }
}

async fn hears(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; TEXT.len()];
    let read = stream.read_exact(&mut buffer);
    tokio::time::timeout(PATIENCE, read).await.expect("it came in time").unwrap();
    String::from_utf8(buffer).unwrap()
}

#[tokio::test]
async fn a_connection_is_opened_once_and_used_both_ways() {
    let mut transports = transports(TlsFiles::default(), Timings::default());
    let (listener, hop) = listener().await;
    let first = transports.towards(hop, None).unwrap();
    let again = transports.towards(hop, None).unwrap();
    assert_eq!(first, again);
    // Known before it stands, for the Via.
    let local = transports.reply_addr(first);
    transports.send(first, TEXT.into()).unwrap();
    let (mut stream, source) = listener.accept().await.unwrap();
    assert_eq!(source, local);
    assert_eq!(hears(&mut stream).await, TEXT);
    stream.write_all(TEXT.as_bytes()).await.unwrap();
    let StreamEvent::Message(origin, bytes) = event(&mut transports).await else { panic!() };
    assert_eq!((origin, bytes), (first, TEXT.into()));
}

#[tokio::test]
async fn no_listener_keeps_the_others_from_theirs() {
    let mut transports = transports(TlsFiles::default(), Timings::default());
    for _ in 0..3 {
        let addr = "127.0.0.1:0".parse().unwrap();
        transports.bind(Hop { transport: Transport::Tcp, addr }).await.unwrap();
    }
    let hops = transports.local_addrs().to_vec();
    let mut open = Vec::new();
    for (index, hop) in hops.iter().enumerate().rev() {
        let mut stream = TcpStream::connect(hop.addr).await.unwrap();
        stream.write_all(TEXT.as_bytes()).await.unwrap();
        let StreamEvent::Message(origin, _) = event(&mut transports).await else { panic!() };
        assert_eq!((origin.socket, origin.source), (index, stream.local_addr().unwrap()));
        open.push(stream);
    }
}

#[tokio::test]
async fn a_refused_connection_is_told() {
    let mut transports = transports(TlsFiles::default(), Timings::default());
    let (listener, hop) = listener().await;
    drop(listener);
    let origin = transports.towards(hop, None).unwrap();
    transports.send(origin, TEXT.into()).unwrap();
    let StreamEvent::Failed(failed) = event(&mut transports).await else { panic!() };
    assert_eq!(Some(failed), origin.connection);
    assert!(!transports.is_live(origin));
}

#[tokio::test]
async fn what_is_sent_after_a_close_opens_the_connection_again() {
    let mut transports = transports(TlsFiles::default(), Timings::default());
    let (listener, hop) = listener().await;
    let first = transports.towards(hop, None).unwrap();
    drop(listener.accept().await.unwrap());
    let StreamEvent::Failed(_) = event(&mut transports).await else { panic!() };
    let second = transports.send(first, TEXT.into()).unwrap();
    assert_ne!(second.connection, first.connection);
    let (mut stream, _) = listener.accept().await.unwrap();
    assert_eq!(hears(&mut stream).await, TEXT);
}

#[tokio::test]
async fn our_listener_stands_for_the_connection_in_via() {
    let mut transports = transports(TlsFiles::default(), Timings::default());
    transports.bind("udp:127.0.0.1:0".parse().unwrap()).await.unwrap();
    transports.bind("tcp:0.0.0.0:0".parse().unwrap()).await.unwrap();
    transports.bind("tcp:127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (_listener, hop) = listener().await;
    let origin = transports.towards(hop, None).unwrap();
    assert_eq!(transports.reply_addr(origin), transports.local_addrs()[2].addr);
}

#[tokio::test]
async fn a_peer_that_answered_pings_and_stops_is_dead() {
    let moment = Duration::from_millis(400);
    let timings = Timings { ping: moment, pong: moment, linger: moment, ..Timings::default() };
    let mut transports = transports(TlsFiles::default(), timings);
    let (listener, hop) = listener().await;
    transports.towards(hop, None).unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut ping = [0; 4];
    // The first two pings of a peer that answers none are no reason to close.
    for answer in ["", "", "\r\n"] {
        stream.read_exact(&mut ping).await.unwrap();
        assert_eq!(&ping, b"\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
    let StreamEvent::Failed(_) = event(&mut transports).await else { panic!() };
}

#[tokio::test]
async fn a_server_of_tls_has_to_be_who_was_meant() {
    let (ours, foreign) = (Authority::new("ours"), Authority::new("foreign"));
    let good = "sip.example.com";
    for (files, name, reached) in [
        (ours.issues("1", &[good]), Some(good), true),
        (ours.issues("2", &["*.example.com"]), Some(good), true),
        (ours.issues("3", &["host.example.com", "sip:sip.example.com"]), Some(good), true),
        (ours.issues("4", &["127.0.0.1"]), None, true),
        (ours.issues("5", &[good]), Some("other.example.com"), false),
        (ours.issues("6", &["host.example.com", "sip:bob@sip.example.com"]), Some(good), false),
        (ours.issues("7", &[good]), None, false),
        (ours.issues_until("8", &[good], 2021), Some(good), false),
        (foreign.issues("9", &[good]), Some(good), false),
    ] {
        let mut server = transports(files.clone(), Timings::default());
        server.bind("tls:127.0.0.1:0".parse().unwrap()).await.unwrap();
        let hop = server.local_addrs()[0];
        let mut client = transports(trusting(&ours.ca), Timings::default());
        let origin = client.towards(hop, name).unwrap();
        client.send(origin, TEXT.into()).unwrap();
        let came = tokio::select! {
            event = event(&mut server) => matches!(event, StreamEvent::Message(..)),
            event = event(&mut client) => !matches!(event, StreamEvent::Failed(_)),
        };
        assert_eq!(came, reached, "{files:?}");
    }
}

#[tokio::test]
async fn a_tls_connection_is_reused_for_whom_it_was_made_only() {
    let authority = Authority::new("test");
    let files = authority.issues("server", &["one.example.com", "two.example.com"]);
    let mut server = transports(files.clone(), Timings::default());
    server.bind("tls:127.0.0.1:0".parse().unwrap()).await.unwrap();
    let hop = server.local_addrs()[0];
    let mut client =
        transports(authority.issues("client", &["client.example.com"]), Timings::default());
    let one = client.towards(hop, Some("one.example.com")).unwrap();
    assert_eq!(client.towards(hop, Some("ONE.example.com")), Some(one));
    assert_ne!(client.towards(hop, Some("three.example.com")), Some(one));
    client.send(one, TEXT.into()).unwrap();
    let StreamEvent::Message(origin, _) = event(&mut server).await else { panic!() };
    let id = origin.connection.unwrap();
    assert_eq!(server.certificate_names(id), ["client.example.com"]);
    // The other way round: towards the client by the connection that it opened.
    let back = Hop { transport: Transport::Tls, addr: origin.source };
    assert_eq!(server.towards(back, Some("client.example.com")), Some(origin));
    assert_ne!(server.towards(back, Some("else.example.com")), Some(origin));
}

#[tokio::test]
async fn shutting_writes_what_waits() {
    let mut transports = transports(TlsFiles::default(), Timings::default());
    let (listener, hop) = listener().await;
    let origin = transports.towards(hop, None).unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    transports.send(origin, TEXT.into()).unwrap();
    let told = async {
        assert_eq!(hears(&mut stream).await, TEXT);
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
        drop(stream);
    };
    tokio::join!(transports.shut(), told);
}
