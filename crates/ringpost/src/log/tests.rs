//! The lines about those who are refused, against the expressions that fail2ban
//! reads them by.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use regex::Regex;
use ringpost_sip::{Credentials, Endpoint, EndpointConfig, Peer, Strangers, TlsFiles};
use tokio::net::UdpSocket;

use super::*;

const FILTER: &str = include_str!("../../../../deploy/fail2ban/filter.d/ringpost.conf");

/// The expressions of `failregex`, put together as fail2ban does.
fn expressions() -> Vec<Regex> {
    let value = |key: &str| {
        let line = FILTER.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.trim_start().strip_prefix('=').unwrap().trim().to_owned()
    };
    let (journal, why) = (value("_journal"), value("_why"));
    let lines = FILTER.lines().skip_while(|line| !line.starts_with("failregex"));
    let lines = lines.take_while(|line| !line.is_empty());
    lines
        .map(|line| {
            let text = line.trim_start_matches("failregex = ").trim();
            let text = text.replace("%(_journal)s", &journal).replace("%(_why)s", &why);
            Regex::new(&text.replace("<ADDR>", "(?<address>[0-9a-fA-F:.]+)")).unwrap()
        })
        .collect()
}

/// Whom fail2ban would find in that line.
fn found(line: &str) -> Option<IpAddr> {
    let expressions = expressions();
    assert_eq!(expressions.len(), 2);
    let captures = expressions.iter().find_map(|regex| regex.captures(line))?;
    captures["address"].parse().ok()
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Captured {
    fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        String::from_utf8(bytes).unwrap()
    }
}

/// Sends an INVITE and gives the answer.
async fn ask(to: SocketAddr, authorization: &str) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let local = socket.local_addr().unwrap();
    let text = format!(
        "INVITE sip:alice@example.com SIP/2.0\r\nVia: SIP/2.0/UDP {local};rport;branch=z9hG4bK1\r\n\
         From: <sip:bob@example.com>;tag=b\r\nTo: <sip:alice@example.com>\r\nCall-ID: 1\r\n\
         CSeq: 1 INVITE\r\n{authorization}Content-Length: 0\r\n\r\n"
    );
    socket.send_to(text.as_bytes(), to).await.unwrap();
    let mut buffer = vec![0; 4096];
    let received = tokio::time::timeout(Duration::from_secs(10), socket.recv(&mut buffer));
    let length = received.await.expect("an answer").unwrap();
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[tokio::test]
async fn whoever_is_refused_is_found_by_fail2ban_and_nobody_else() {
    let network = |text: &str| vec![text.parse().unwrap()];
    let credentials = Credentials { user: "bob".into(), password: "zanzibar".into() };
    let peers = [
        Peer::trusted("elsewhere", network("192.0.2.0/24")),
        Peer {
            certificate_names: vec!["x".into()],
            ..Peer::trusted("tls", network("127.0.0.0/8"))
        },
        Peer { digest: Some(credentials), ..Peer::trusted("digest", network("127.0.0.0/8")) },
    ];
    for json in [false, true] {
        let captured = Captured::default();
        let writer = captured.clone();
        let filter = EnvFilter::new("debug");
        let _guard =
            tracing::subscriber::set_default(lines(filter, json, false, move || writer.clone()));
        for (peer, reason) in peers.iter().zip([
            "a request from an unknown address",
            "a certificate that names no peer",
            "wrong password",
        ]) {
            let (endpoint, _arrivals) = Endpoint::bind(EndpointConfig {
                listen: vec!["udp:127.0.0.1:0".parse().unwrap()],
                tls: TlsFiles::default(),
                peers: vec![peer.clone()],
                strangers: Strangers::Refused,
                session_expires: Duration::from_secs(1800),
                server: "Ringpost".into(),
                trace_bytes: 0,
                handshakes: None,
            })
            .await
            .unwrap();
            let to = endpoint.local_addrs()[0].addr;
            captured.take();
            let mut answer = ask(to, "").await;
            if peer.digest.is_some() {
                // The first request had no password and is no offence.
                assert!(answer.starts_with("SIP/2.0 401 "), "{answer}");
                assert!(captured.take().lines().all(|line| found(line).is_none()));
                let (_, nonce) = answer.split_once("nonce=\"").unwrap();
                let nonce = nonce.split('"').next().unwrap();
                let guess = format!(
                    "Authorization: Digest username=\"bob\", realm=\"ringpost\", \
                     nonce=\"{nonce}\", uri=\"sip:alice@example.com\", response=\"0\"\r\n"
                );
                answer = ask(to, &guess).await;
            }
            assert!(answer.starts_with("SIP/2.0 40"), "{answer}");
            let written = captured.take();
            let offences: Vec<&str> =
                written.lines().filter(|line| found(line).is_some()).collect();
            let [line] = offences[..] else { panic!("one line for {reason}: {written}") };
            assert_eq!(found(line), Some(to.ip()));
            assert!(line.contains(reason), "{line}");
            let shape = if json {
                "\"transport\":\"udp\",\"method\":\"INVITE\",\"suppressed\":0}"
            } else {
                " source=127.0.0.1 transport=udp method=INVITE suppressed=0"
            };
            assert!(line.contains(shape), "{line}");
            assert_eq!(found(&format!("host ringpost[77]: {line}")), Some(to.ip()));
        }
    }
}

#[test]
fn what_somebody_else_wrote_is_no_offence() {
    let offence = "WARN ringpost_sip::endpoint::refusals: refused: a request from an unknown \
        address source=2001:db8::1 transport=udp method=INVITE suppressed=12";
    let time = "2026-01-02T03:04:05.678901Z";
    // fail2ban takes the time out of a line before it looks.
    for line in [format!("{time}  {offence}"), format!("  {offence}")] {
        assert_eq!(found(&line), Some("2001:db8::1".parse().unwrap()), "{line}");
    }
    for line in [
        format!("{time} DEBUG ringpost_sip::endpoint: text={offence}"),
        format!("{time} DEBUG ringpost_sip::endpoint: {offence}"),
        format!("{time}  {offence} and more"),
        format!("{time}  {}", offence.replace("WARN", "INFO")),
        format!("{time}  {}", offence.replace("ringpost_sip", "other")),
    ] {
        assert_eq!(found(&line), None, "{line}");
    }
}
