//! What is tried and in which order, by records that the test makes up.

use std::collections::HashMap;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::locate::locate;
use super::order::servers;
use super::*;
use crate::wire::Uri;

const BOTH: Means = Means { udp_v4: true, udp_v6: true };

/// A DNS in one text: `name TYPE data` a line. `name fails` never answers.
struct Zone(HashMap<String, Vec<String>>);

impl Zone {
    fn read(text: &str) -> Zone {
        let mut zone: HashMap<String, Vec<String>> = HashMap::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (name, record) = line.split_once(' ').unwrap();
            zone.entry(name.to_owned()).or_default().push(record.to_owned());
        }
        Zone(zone)
    }

    fn records(&self, name: &str, kind: &str) -> Records<Vec<&str>> {
        let name = name.trim_end_matches('.');
        let records = self.0.get(name).map(Vec::as_slice).unwrap_or_default();
        if records.iter().any(|record| record == "fails") {
            return Err("refused".to_owned());
        }
        let words = records.iter().map(|record| record.split(' ').collect::<Vec<_>>());
        Ok(words.filter(|words| words[0] == kind).collect())
    }
}

impl Dns for Zone {
    async fn naptr(&self, domain: &str) -> Records<Naptr> {
        let record = |words: &Vec<&str>| Naptr {
            order: words[1].parse().unwrap(),
            preference: words[2].parse().unwrap(),
            flags: words[3].to_owned(),
            service: words[4].to_owned(),
            replacement: words[5].to_owned(),
        };
        Ok(self.records(domain, "NAPTR")?.iter().map(record).collect())
    }

    async fn srv(&self, service: &str) -> Records<Srv> {
        let record = |words: &Vec<&str>| Srv {
            priority: words[1].parse().unwrap(),
            weight: words[2].parse().unwrap(),
            port: words[3].parse().unwrap(),
            target: words[4].to_owned(),
        };
        Ok(self.records(service, "SRV")?.iter().map(record).collect())
    }

    async fn addresses(&self, host: &str) -> Records<IpAddr> {
        Ok(self.records(host, "IP")?.iter().map(|words| words[1].parse().unwrap()).collect())
    }
}

async fn routes(zone: &str, uri: &str, means: Means) -> Result<String, ResolveError> {
    let target = Target::of(&Uri::read(uri).unwrap())?;
    let mut random = StdRng::seed_from_u64(1);
    let routes = locate(&target, means, &Zone::read(zone), &mut random).await?;
    for route in &routes {
        assert_eq!(route.name, target.name, "a certificate names the host of the URI");
    }
    Ok(routes.iter().map(|route| route.hop.to_string()).collect::<Vec<_>>().join(" "))
}

const ZONE: &str = "
    example.com NAPTR 20 50 s SIP+D2U _sip._udp.example.com.
    example.com NAPTR 10 90 s SIP+D2T _sip._tcp.example.com.
    example.com NAPTR 10 10 s SIPS+D2T _sips._tcp.example.com.
    example.com NAPTR 1 1 s E2U+email _mail.example.com.
    example.com NAPTR 1 1 u SIP+D2U .
    example.com IP 192.0.2.9
    _sip._udp.example.com SRV 20 1 5060 b.example.com.
    _sip._udp.example.com SRV 10 1 5070 a.example.com.
    _sip._tcp.example.com SRV 10 1 5080 a.example.com.
    _sips._tcp.example.com SRV 10 1 5081 a.example.com.
    a.example.com IP 2001:db8::1
    a.example.com IP 192.0.2.1
    b.example.com IP 192.0.2.2
    plain.example.com IP 192.0.2.3
    plain.example.com IP 2001:db8::3
    srv.example.com IP 192.0.2.9
    _sip._udp.srv.example.com SRV 1 1 5062 a.example.com.
    _sip._tcp.srv.example.com SRV 1 1 5063 b.example.com.
    none.example.com IP 192.0.2.9
    _sip._udp.none.example.com SRV 1 1 5060 .
    broken.example.com fails
    slow.example.com IP 192.0.2.4
    _sip._udp.slow.example.com fails
";

#[tokio::test]
async fn a_uri_leads_to_its_hops_in_order() {
    let only_v4 = Means { udp_v6: false, ..BOTH };
    let tcp_only = Means { udp_v4: false, udp_v6: false };
    let a = "udp:[2001:db8::1]:5070 udp:192.0.2.1:5070";
    let tls = "tls:[2001:db8::1]:5081 tls:192.0.2.1:5081";
    let tcp = "tcp:[2001:db8::1]:5080 tcp:192.0.2.1:5080";
    let cases = [
        ("sip:u@192.0.2.7", BOTH, "udp:192.0.2.7:5060".to_owned()),
        ("sip:u@192.0.2.7:5099;transport=TCP", BOTH, "tcp:192.0.2.7:5099".to_owned()),
        ("sip:u@[2001:db8::7]", BOTH, "udp:[2001:db8::7]:5060".to_owned()),
        ("sip:u@[2001:db8::7]", only_v4, "tcp:[2001:db8::7]:5060".to_owned()),
        ("sips:u@192.0.2.7", BOTH, "tls:192.0.2.7:5061".to_owned()),
        ("sips:u@192.0.2.7;transport=tcp", BOTH, "tls:192.0.2.7:5061".to_owned()),
        ("sip:u@192.0.2.7;transport=tls", BOTH, "tls:192.0.2.7:5061".to_owned()),
        ("sip:u@example.com;maddr=192.0.2.8", BOTH, "udp:192.0.2.8:5060".to_owned()),
        // NAPTR: order before preference, and what we cannot speak left out.
        ("sip:u@example.com", BOTH, format!("{tls} {tcp} {a} udp:192.0.2.2:5060")),
        (
            "sip:u@example.com",
            only_v4,
            format!("{tls} {tcp} udp:192.0.2.1:5070 udp:192.0.2.2:5060"),
        ),
        ("sip:u@example.com", tcp_only, format!("{tls} {tcp}")),
        ("sips:u@example.com", BOTH, tls.to_owned()),
        // A transport needs no NAPTR, a port no SRV either.
        ("sip:u@example.com;transport=udp", BOTH, format!("{a} udp:192.0.2.2:5060")),
        ("sip:u@example.com:5060", BOTH, "udp:192.0.2.9:5060".to_owned()),
        ("sips:u@example.com:5071", BOTH, "tls:192.0.2.9:5071".to_owned()),
        // SRV by name where there is no NAPTR.
        (
            "sip:u@srv.example.com",
            BOTH,
            "udp:[2001:db8::1]:5062 udp:192.0.2.1:5062 tcp:192.0.2.2:5063".to_owned(),
        ),
        ("sips:u@srv.example.com", BOTH, "tls:192.0.2.9:5061".to_owned()),
        // Neither: the addresses, as given.
        (
            "sip:u@plain.example.com",
            only_v4,
            "udp:192.0.2.3:5060 tcp:[2001:db8::3]:5060".to_owned(),
        ),
        ("sip:u@slow.example.com", BOTH, "udp:192.0.2.4:5060".to_owned()),
    ];
    for (uri, means, hops) in cases {
        assert_eq!(routes(ZONE, uri, means).await, Ok(hops), "{uri}");
    }
}

#[tokio::test]
async fn what_leads_nowhere_says_why() {
    let host = |host: &str| host.to_owned();
    let cases = [
        ("tel:+14255550101", ResolveError::NoServer),
        ("sip:u@192.0.2.1;transport=sctp", ResolveError::Transport(host("sctp"))),
        ("sips:u@192.0.2.1;transport=udp", ResolveError::Contradiction),
        ("sip:u@nowhere.example.com", ResolveError::Unknown(host("nowhere.example.com"))),
        // The record says so itself: its addresses are not for SIP.
        ("sip:u@none.example.com", ResolveError::Unknown(host("none.example.com"))),
        (
            "sip:u@broken.example.com",
            ResolveError::Failed { host: host("broken.example.com"), reason: host("refused") },
        ),
    ];
    for (uri, error) in cases {
        assert_eq!(routes(ZONE, uri, BOTH).await, Err(error), "{uri}");
    }
    let blind = Means { udp_v4: false, udp_v6: false };
    let error = routes(ZONE, "sip:u@192.0.2.1;transport=udp", blind).await;
    assert_eq!(error, Err(ResolveError::NoSocket("192.0.2.1".to_owned())));
}

#[test]
fn servers_of_one_priority_are_drawn_by_their_weights() {
    let record = |priority, weight, target: &str| Srv {
        priority,
        weight,
        port: 5060,
        target: target.to_owned(),
    };
    let records = vec![
        record(2, 0, "later"),
        record(1, 0, "idle"),
        record(1, 10, "small"),
        record(1, 90, "large"),
    ];
    let mut random = StdRng::seed_from_u64(7);
    let mut first: HashMap<String, u32> = HashMap::new();
    for _ in 0..1000 {
        let ordered = servers(records.clone(), &mut random);
        assert_eq!(ordered.len(), 4);
        assert_eq!(ordered[3].target, "later");
        *first.entry(ordered[0].target.clone()).or_default() += 1;
    }
    let count = |target| first.get(target).copied().unwrap_or_default();
    assert!((840..940).contains(&count("large")), "{first:?}");
    assert!((60..140).contains(&count("small")), "{first:?}");
    assert!((1..40).contains(&count("idle")), "{first:?}");
}
