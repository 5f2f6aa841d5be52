//! LDAP with a slapd that works: plain, StartTLS and ldaps.

use ringpost_directory::{LdapSettings, LdapSource};
use ringpost_lookup::Source;
use ringpost_model::{Card, NameOrigin, Phone, PhoneKind};

use super::slapd::{ACCOUNT, BASE, Slapd};
use super::wire::Wire;
use super::{call, names, plan};

#[tokio::test]
async fn callers_are_found_by_number_extension_and_address() {
    let slapd = Slapd::start().await;
    let source = slapd.source();
    assert_eq!((source.name(), source.origin()), ("ldap", NameOrigin::Directory));
    for (from, known) in [
        ("+14255550142", Some("Bob Example")),
        ("4255550142", Some("Bob Example")),
        ("+14255550143", Some("Bob Example")),
        ("+14255550144", Some("Bob Example")),
        ("+14255550151", Some("Olga Other")),
        ("+14255550152", Some("Lina Line")),
        ("1052", Some("Lina Line")),
        ("1053", Some("Lina Line")),
        ("+14255550154", Some("Paul Proxy")),
        ("1055", Some("Mia Mail")),
        ("1056", Some("Xenia")),
        ("1057", Some("Erik")),
        ("+493023125042", Some("Zoë Müller")),
        ("+12065550142", Some("Far Away")),
        ("sip:bob@example.com", Some("Bob Example")),
        ("sip:PAUL@example.com", Some("Paul Proxy")),
        ("sip:mia@example.com", Some("Mia Mail")),
        ("sip:+14255550151@pbx.example.com", Some("Olga Other")),
        ("+14255550149", None),
        ("+14255550199", None),
        ("1099", None),
        ("sip:nobody@example.com", None),
        ("anonymous", None),
        ("", None),
    ] {
        let known: Vec<&str> = known.into_iter().collect();
        assert_eq!(names(&source, from).await.unwrap(), known, "{from}");
    }
}

#[tokio::test]
async fn the_card_comes_from_the_entry() {
    let slapd = Slapd::start().await;
    let people = slapd.source().find(&call("alice", "+14255550142")).await.unwrap();
    let phone = |kind, number: &str| Phone { kind, number: number.into() };
    assert_eq!(people[0].id, format!("cn=Bob Example,ou=people,{BASE}"));
    assert_eq!(
        people[0].card,
        Card {
            title: Some("Plumber".into()),
            company: Some("Example Inc.".into()),
            phones: vec![
                phone(PhoneKind::Work, "+1 (425) 555-0142"),
                phone(PhoneKind::Mobile, "425.555.0143"),
                phone(PhoneKind::Home, "+1 425 555 0144"),
            ],
            mail: Some("bob@example.com".into()),
            im: Some("sip:bob@example.com".into()),
        }
    );
}

#[tokio::test]
async fn the_connection_is_plain_or_encrypted_or_anonymous() {
    let slapd = Slapd::start().await;
    let plain = slapd.settings();
    let public = LdapSettings {
        base: format!("ou=public,{BASE}"),
        bind_dn: None,
        password: None,
        ..slapd.settings()
    };
    let bob = ("+14255550142", "Bob Example");
    let cases = [
        (plain.clone(), "not encrypted", bob),
        (LdapSettings { starttls: true, ..plain.clone() }, "encrypted by StartTLS", bob),
        (LdapSettings { url: slapd.ldaps_url(), ..plain }, "encrypted by TLS", bob),
        (public, "bound as anonymous", ("+14255550160", "Pia Public")),
    ];
    for (settings, says, (from, name)) in cases {
        let source = LdapSource::new(settings.clone(), plan()).unwrap();
        let said = source.probe().await.unwrap();
        assert!(said.contains(says) && said.contains(&settings.url), "{said}");
        // Twice: by a new connection and by one that is used again.
        for _ in 0..2 {
            assert_eq!(names(&source, from).await.unwrap(), [name], "{says}");
        }
    }
}

#[tokio::test]
async fn hostile_caller_ids_find_nobody() {
    let slapd = Slapd::start().await;
    let source = slapd.source();
    for from in [
        "*",
        "sip:*@*",
        "sip:*@example.com",
        "sip:*)(cn=*@example.com",
        "sip:bob@example.com)(cn=*",
        "sip:x@y)(|(cn=*",
        "sip:\\2a@example.com",
        "sip:\0@example.com",
        "sip:((((@))))",
        "tel:*;ext=*",
        "+1425555*",
    ] {
        assert_eq!(names(&source, from).await.unwrap(), [""; 0], "{from}");
    }
    // The same ones, as a dial plan without sense could pass them on.
    for evil in ["*", "1)(cn=*", "\\"] {
        let mut question = call("alice", "");
        question.caller.extension = Some(evil.into());
        question.caller.raw = evil.into();
        assert_eq!(source.find(&question).await, Ok(Vec::new()), "{evil}");
    }
    let mut withheld = call("alice", "+14255550142");
    withheld.caller.withheld = true;
    assert_eq!(source.find(&withheld).await, Ok(Vec::new()));
    assert_eq!(names(&source, "+14255550142").await.unwrap(), ["Bob Example"]);
}

#[tokio::test]
async fn many_questions_share_few_connections() {
    let slapd = Slapd::start().await;
    let wire = Wire::to(slapd.plain).await;
    let url = format!("ldap://{}", wire.address);
    let settings = LdapSettings { url, connections: 2, ..slapd.settings() };
    let source = std::sync::Arc::new(LdapSource::new(settings, plan()).unwrap());
    let mut asking = tokio::task::JoinSet::new();
    for n in 0..60 {
        let source = source.clone();
        asking.spawn(async move {
            let (from, name) = match n % 3 {
                0 => ("+14255550142", "Bob Example"),
                1 => ("+14255550151", "Olga Other"),
                _ => ("+14255550152", "Lina Line"),
            };
            assert_eq!(names(source.as_ref(), from).await.unwrap(), [name]);
        });
    }
    assert_eq!(asking.join_all().await.len(), 60);
    assert!(wire.connections() <= 2, "{} connections", wire.connections());
}

#[tokio::test]
async fn a_crowd_is_not_searched_through_for_ever() {
    let slapd = Slapd::start().await;
    let source = slapd.source();
    // Nobody of the first two hundred with these digits has this number.
    let said = names(&source, "+14255550188").await.unwrap_err().reason;
    assert!(said.contains("narrow directory.base"), "{said}");
    assert!(!said.contains("0188") && !said.contains("Crowd"), "{said}");
    assert!(names(&source, "+12065550188").await.unwrap().len() > 100);
}

#[tokio::test]
async fn a_question_given_up_never_answers_another() {
    let slapd = Slapd::start().await;
    let settings = LdapSettings { connections: 1, ..slapd.settings() };
    let source = LdapSource::new(settings, plan()).unwrap();
    for step in 0..60 {
        let within = std::time::Duration::from_micros(step * 100);
        let bob = tokio::time::timeout(within, names(&source, "+14255550142")).await;
        if let Ok(bob) = bob {
            assert_eq!(bob.unwrap(), ["Bob Example"]);
        }
        assert_eq!(names(&source, "+14255550151").await.unwrap(), ["Olga Other"]);
    }
    assert!(source.probe().await.unwrap().contains(ACCOUNT));
}
