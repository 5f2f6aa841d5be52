//! The resolver against a name server on loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{NAPTR, SOA, SRV};
use hickory_resolver::proto::rr::{Name, Record};

use super::*;
use crate::wire::Uri;

const MEANS: Means = Means { udp_v4: true, udp_v6: false };

/// A name server that knows a few names, and counts what it is asked.
pub(crate) struct NameServer {
    pub(crate) addr: SocketAddr,
    asked: Arc<AtomicUsize>,
}

/// One record: `name TYPE data`, the data as in a zone file.
fn record(line: &str) -> (Name, RecordType, Record) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let name = |text: &str| Name::from_ascii(text).unwrap();
    let number = |at: usize| words[at].parse::<u16>().unwrap();
    let bytes = |at: usize| words[at].as_bytes().to_vec().into_boxed_slice();
    let data = match words[1] {
        "A" | "AAAA" => RData::from(words[2].parse::<IpAddr>().unwrap()),
        "SRV" => RData::SRV(SRV::new(number(2), number(3), number(4), name(words[5]))),
        "NAPTR" => {
            let (flags, services) = (bytes(4), bytes(5));
            let none = Vec::new().into_boxed_slice();
            RData::NAPTR(NAPTR::new(number(2), number(3), flags, services, none, name(words[6])))
        }
        other => panic!("{other}"),
    };
    (name(words[0]), data.record_type(), Record::from_rdata(name(words[0]), 60, data))
}

impl NameServer {
    pub(crate) async fn start(zone: &str) -> NameServer {
        let zone: Vec<_> =
            zone.lines().filter(|line| !line.trim().is_empty()).map(record).collect();
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let addr = socket.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                count.fetch_add(1, Ordering::Relaxed);
                let question = Message::from_vec(&buffer[..length]).unwrap();
                let query = question.queries[0].clone();
                let mut answer = Message::response(question.metadata.id, OpCode::Query);
                let here = zone.iter().filter(|(name, ..)| name == query.name());
                if here.clone().count() == 0 {
                    answer.metadata.response_code = ResponseCode::NXDomain;
                }
                let fitting = here.filter(|(_, kind, _)| *kind == query.query_type());
                answer.add_answers(fitting.map(|(.., record)| record.clone()));
                // For how long there is no such record.
                let name = query.name().clone();
                let soa = SOA::new(name.clone(), name.clone(), 1, 60, 60, 60, 60);
                answer.add_authority(Record::from_rdata(name, 60, RData::SOA(soa)));
                answer.add_query(query);
                socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
            }
        });
        NameServer { addr, asked }
    }

    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

async fn hops(resolver: &Resolver, uri: &str) -> Result<String, ResolveError> {
    let target = Target::of(&Uri::read(uri).unwrap()).unwrap();
    let routes = resolver.resolve(&target, MEANS).await?;
    Ok(routes.iter().map(|route| route.hop.to_string()).collect::<Vec<_>>().join(" "))
}

#[tokio::test]
async fn records_of_every_kind_are_read_from_a_name_server_and_kept() {
    let server = NameServer::start(
        "example.com. NAPTR 10 20 s SIP+D2T _sip._tcp.example.com.
         example.com. NAPTR 10 30 s SIP+D2U _sip._udp.example.com.
         _sip._tcp.example.com. SRV 10 1 5080 sip2.example.com.
         _sip._tcp.example.com. SRV 5 1 5070 sip1.example.com.
         _sip._udp.example.com. SRV 1 1 5060 sip2.example.com.
         sip1.example.com. A 127.0.0.2
         sip2.example.com. A 127.0.0.3
         plain.example.com. A 127.0.0.4
         plain.example.com. A 127.0.0.5
         six.example.com. AAAA ::1
         six.example.com. A 127.0.0.6",
    )
    .await;
    let resolver = Resolver::asking(server.addr);
    let expected = "tcp:127.0.0.2:5070 tcp:127.0.0.3:5080 udp:127.0.0.3:5060";
    assert_eq!(hops(&resolver, "sip:u@example.com").await.as_deref(), Ok(expected));
    assert!(server.asked() > 0);
    assert_eq!(hops(&resolver, "sip:u@example.com").await.as_deref(), Ok(expected));
    assert_eq!(server.asked(), 0, "answers are kept");
    let both = hops(&resolver, "sip:u@plain.example.com").await.unwrap();
    let mut both: Vec<&str> = both.split(' ').collect();
    both.sort_unstable();
    assert_eq!(both, ["udp:127.0.0.4:5060", "udp:127.0.0.5:5060"]);
    let six = hops(&resolver, "sips:u@six.example.com").await.unwrap();
    assert!(six.contains("tls:127.0.0.6:5061") && six.contains("tls:[::1]:5061"), "{six}");
    let unknown = ResolveError::Unknown("other.example.com".to_owned());
    assert_eq!(hops(&resolver, "sip:u@other.example.com").await, Err(unknown));
}

#[tokio::test]
async fn a_name_server_that_is_gone_is_an_error_with_a_reason_and_asked_again() {
    let gone = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let resolver = Resolver::asking(gone);
    let failed = hops(&resolver, "sip:u@example.com:5060").await;
    let Err(ResolveError::Failed { host, reason }) = failed else { panic!("{failed:?}") };
    assert_eq!(host, "example.com");
    assert!(!reason.is_empty());
    assert!(resolver.asked.lock().unwrap().is_none(), "it is made anew");
}

#[tokio::test]
async fn the_hosts_file_is_read() {
    let server = NameServer::start("").await;
    let resolver = Resolver::asking(server.addr);
    let found = hops(&resolver, "sip:u@localhost:5070").await.unwrap();
    assert!(found.split(' ').any(|hop| hop == "udp:127.0.0.1:5070"), "{found}");
}
