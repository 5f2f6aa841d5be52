//! Calls over TLS, certificates of both sides, and their renewal.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::streams::{over, short};
use super::wire::Wire;
use super::*;
use crate::tls::tests::{Authority, trusting};
use crate::{ClientCertificate, Transport};

async fn serve(files: TlsFiles, peers: Vec<Peer>) -> (Endpoint, mpsc::Receiver<Arrival>) {
    let config = EndpointConfig { tls: files, peers, ..over(Transport::Tls) };
    Endpoint::bind(config).await.unwrap()
}

/// Connects as a peer with these files; the server is called by its name.
async fn connect(endpoint: &Endpoint, files: TlsFiles) -> Wire<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(addr(endpoint)).await.unwrap();
    let tls = Tls::read(files, None).unwrap();
    let ip = addr(endpoint).ip();
    let (stream, _) = tls.connect(stream, Some("sip.example.com"), ip).await.unwrap();
    Wire::new(stream, Transport::Tls)
}

#[tokio::test]
async fn a_call_goes_by_tls() {
    let authority = Authority::new("test");
    let files = authority.issues("server", &["sip.example.com"]);
    let (server, mut arrivals) = serve(files, peers("127.0.0.0/8")).await;
    let mut wire = connect(&server, trusting(&authority.ca)).await;
    let (incoming, ok) = wire.stand(&mut arrivals).await;
    let contact = format!("<sip:{};transport=tls>", addr(&server));
    assert_eq!(ok.headers.get("Contact"), Some(contact.as_str()));
    incoming.control.hang_up();
    let bye = wire.incoming("BYE").await;
    assert!(bye.headers.get("Via").unwrap().starts_with("SIP/2.0/TLS "));
    wire.accept(&bye).await;
}

#[tokio::test]
async fn callers_show_certificates_as_they_have_to() {
    use ClientCertificate::{None, Optional, Required};
    let (ours, foreign) = (Authority::new("ours"), Authority::new("foreign"));
    let trust = |files: TlsFiles| TlsFiles { ca: Some(ours.ca.clone()), ..files };
    let nothing = trusting(&ours.ca);
    let good = ours.issues("good", &["pbx.example.com"]);
    let unknown = trust(foreign.issues("unknown", &["pbx.example.com"]));
    let expired = ours.issues_until("expired", &["pbx.example.com"], 2021);
    for (wanted, shown, heard) in [
        (None, &nothing, true),
        (None, &unknown, true),
        (Optional, &nothing, true),
        (Optional, &good, true),
        (Optional, &unknown, false),
        (Optional, &expired, false),
        (Required, &nothing, false),
        (Required, &good, true),
        (Required, &unknown, false),
    ] {
        let files = ours.issues("server", &["sip.example.com"]);
        let files = TlsFiles { client_certificate: wanted, ..files };
        let (server, mut arrivals) = serve(files, peers("127.0.0.0/8")).await;
        let mut wire = connect(&server, shown.clone()).await;
        let options = wire.request("OPTIONS", "1", 1);
        // The server's verdict may come before or after this is written.
        let _refused = wire.try_send(options.text()).await;
        if heard {
            assert!(matches!(soon(arrivals.recv()).await, Some(Arrival::Options(_))));
        } else {
            assert!(wire.message().await.is_none(), "{wanted:?} {shown:?}");
            while server.statistics().tls_handshakes_failed == 0 {
                tokio::task::yield_now().await;
            }
        }
    }
}

#[tokio::test]
async fn a_peer_is_known_by_the_names_in_its_certificate() {
    let authority = Authority::new("test");
    let files = authority.issues("server", &["sip.example.com"]);
    let mut named = peers("127.0.0.0/8");
    named[0].certificate_names = vec!["pbx.example.com".to_owned()];
    let (server, mut arrivals) = serve(files, named).await;
    for (names, known) in [
        (&["pbx.example.com"][..], true),
        (&["host.example.com", "sip:pbx.example.com"], true),
        (&["other.example.com"], false),
        // RFC 5922 §7.1: where URIs name it, host names do not.
        (&["pbx.example.com", "sip:other.example.com"], false),
    ] {
        let mut wire = connect(&server, authority.issues("peer", names)).await;
        wire.send(wire.request("OPTIONS", &names.concat(), 1).text()).await;
        if known {
            assert!(matches!(soon(arrivals.recv()).await, Some(Arrival::Options(_))));
        } else {
            assert_eq!(wire.response().await.status, 403);
        }
    }
}

#[tokio::test]
async fn bye_goes_by_a_new_connection_to_who_proves_to_be_the_peer() {
    let authority = Authority::new("test");
    let files = authority.issues("server", &["sip.example.com"]);
    let mut named = peers("127.0.0.0/8");
    named[0].certificate_names = vec!["pbx.example.com".to_owned()];
    let (server, mut arrivals) = serve(files, named).await;
    let shown = [
        ("127.0.0.1", "pbx.example.com", true),
        ("sbc.example.com", "sbc.example.com", true),
        ("127.0.0.1", "evil.example.com", false),
    ];
    for (number, (host, name, taken)) in (1..).zip(shown) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut wire = connect(&server, authority.issues("peer", &["pbx.example.com"])).await;
        wire.contact = format!("sip:bob@{host}:{port};transport=tls");
        let (incoming, _) = wire.stand_as(&number.to_string(), &mut arrivals).await;
        drop(wire);
        while server.statistics().connections > 0 {
            tokio::task::yield_now().await;
        }
        incoming.control.hang_up();
        let (stream, _) = soon(listener.accept()).await.unwrap();
        let peer = Tls::read(authority.issues("listener", &[name]), None).unwrap();
        let accepted = soon(peer.accept(stream)).await;
        assert_eq!(accepted.is_ok(), taken, "{host} {name}");
        if let Ok((stream, _)) = accepted {
            let mut wire = Wire::new(stream, Transport::Tls);
            let bye = wire.incoming("BYE").await;
            wire.accept(&bye).await;
            drop(wire);
        }
        while server.statistics().connections > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_new_certificate_is_for_new_connections() {
    let authority = Authority::new("test");
    let files = authority.issues("server", &["sip.example.com"]);
    let (server, mut arrivals) = serve(files.clone(), peers("127.0.0.0/8")).await;
    let mut old = connect(&server, trusting(&authority.ca)).await;
    let (incoming, _) = old.stand(&mut arrivals).await;
    let first = old.certificate();

    // A broken file changes nothing.
    std::fs::write(files.key.as_ref().unwrap(), "no key").unwrap();
    let said = server.reload_tls().unwrap_err().to_string();
    assert!(said.contains("server.key"), "{said}");
    assert_eq!(connect(&server, trusting(&authority.ca)).await.certificate(), first);

    authority.issues("server", &["sip.example.com"]);
    server.reload_tls().unwrap();
    assert_ne!(connect(&server, trusting(&authority.ca)).await.certificate(), first);
    incoming.control.hang_up();
    let bye = old.incoming("BYE").await;
    old.accept(&bye).await;
}

#[tokio::test]
async fn strangers_and_those_who_speak_no_tls_get_no_handshake() {
    let authority = Authority::new("test");
    let files = authority.issues("server", &["sip.example.com"]);
    let (server, _arrivals) = serve(files.clone(), peers("192.0.2.0/24")).await;
    let stream = TcpStream::connect(addr(&server)).await.unwrap();
    assert!(Wire::new(stream, Transport::Tcp).message().await.is_none());
    let statistics = server.statistics();
    assert_eq!((statistics.connections_refused, statistics.connections_accepted), (1, 0));
    assert_eq!(statistics.strangers, 1);

    let (server, _arrivals) = serve(files, peers("127.0.0.0/8")).await;
    let mut plain = Wire::new(TcpStream::connect(addr(&server)).await.unwrap(), Transport::Tcp);
    plain.send(plain.request("OPTIONS", "1", 1).text()).await;
    while plain.read().await {}
    while server.statistics().tls_handshakes_failed == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn without_a_certificate_nobody_is_listened_to() {
    let error = Endpoint::bind(over(Transport::Tls)).await.map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("without a certificate; give a certificate and its key"));
    let files = TlsFiles {
        certificate: Some("none.pem".into()),
        key: Some("none.key".into()),
        ..TlsFiles::default()
    };
    let error = Endpoint::bind(EndpointConfig { tls: files, ..over(Transport::Tls) }).await;
    assert!(error.map(|_| ()).unwrap_err().to_string().starts_with("none.pem: "));
}

#[tokio::test]
async fn a_call_between_two_endpoints_is_encrypted() {
    let authority = Authority::new("test");
    let (server, mut arrivals) =
        serve(authority.issues("server", &["127.0.0.1"]), peers("127.0.0.0/8")).await;
    let (client, _) = serve(authority.issues("client", &["127.0.0.1"]), peers("127.0.0.0/8")).await;
    let mut placed = client.place(OutgoingInvite {
        uri: format!("sip:alice@{};transport=tls", addr(&server)),
        destination: None,
        ..to_alice(&server)
    });
    let mut incoming = call(&mut arrivals).await;
    incoming.control.answer(rtp(6000));
    assert!(matches!(next(&mut placed.progress).await, Some(Progress::Answered(_))));
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Acknowledged));
    incoming.control.hang_up();
    assert_eq!(next(&mut placed.progress).await, Some(Progress::HungUp));
    let statistics = [server.statistics(), client.statistics()];
    assert_eq!(statistics.map(|counted| counted.retransmissions_sent), [0, 0]);
}

#[tokio::test]
async fn silence_is_ended_before_the_handshake_and_after_it() {
    let authority = Authority::new("test");
    let files = authority.issues("server", &["sip.example.com"]);
    let config = EndpointConfig { tls: files, ..over(Transport::Tls) };
    let (server, _arrivals) = Endpoint::bind_with(config, 1, short()).await.unwrap();
    let mut wire = connect(&server, trusting(&authority.ca)).await;
    // Said by close_notify, so that nobody takes it for an attack.
    assert_eq!(soon(wire.stream.read(&mut [0; 1])).await.unwrap(), 0);

    let stream = TcpStream::connect(addr(&server)).await.unwrap();
    assert!(Wire::new(stream, Transport::Tcp).is_closed().await);
    while server.statistics().tls_handshakes_failed == 0 {
        tokio::task::yield_now().await;
    }
}
