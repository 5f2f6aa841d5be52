//! LDAP when something is wrong: what is said, how long it takes, and that it
//! heals by itself.

use std::time::{Duration, Instant};

use ringpost_directory::{DirectoryError, LdapSettings, LdapSource};
use ringpost_model::TlsSettings;

use super::slapd::{BASE, PASSWORD, Slapd};
use super::wire::{Wire, babbling_server, silent_server};
use super::{names, plan};

/// What a machine under load may add to a deadline.
const SLACK: Duration = Duration::from_secs(2);

fn settings(url: &str, timeout: Duration) -> LdapSettings {
    LdapSettings {
        url: url.into(),
        base: BASE.into(),
        bind_dn: Some("cn=um,dc=example,dc=com".into()),
        password: Some(PASSWORD.into()),
        starttls: false,
        timeout,
        tls: TlsSettings::default(),
        connections: 4,
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_in_a_sentence() {
    let slapd = Slapd::start().await;
    let good = slapd.settings();
    let cases = [
        (
            LdapSettings { password: Some("wrong".into()), ..good.clone() },
            "check directory.bind_dn and the password file",
        ),
        (
            LdapSettings { bind_dn: Some("no DN".into()), ..good.clone() },
            "check directory.bind_dn and the password file",
        ),
        (
            LdapSettings { base: "ou=missing,dc=example,dc=com".into(), ..good.clone() },
            "no entry ou=missing,dc=example,dc=com",
        ),
        (LdapSettings { bind_dn: None, password: None, ..good.clone() }, "that anonymous may see"),
        (LdapSettings { url: "ldap://127.0.0.1:1".into(), ..good.clone() }, "check that it runs"),
        (
            // Not signed by anybody the system knows.
            LdapSettings { url: slapd.ldaps_url(), tls: TlsSettings::default(), ..good.clone() },
            "signed by an authority that is trusted here",
        ),
        (
            // The certificate names 127.0.0.1 and nothing else.
            LdapSettings { url: format!("ldaps://localhost:{}", slapd.encrypted), ..good.clone() },
            "must name the host in the URL",
        ),
        (
            // TLS to the port that does not speak it at once, and the reverse.
            LdapSettings { url: format!("ldaps://127.0.0.1:{}", slapd.plain), ..good.clone() },
            "TLS with the directory",
        ),
        (
            LdapSettings { url: format!("ldap://127.0.0.1:{}", slapd.encrypted), ..good.clone() },
            "broke off",
        ),
    ];
    for (settings, says) in cases {
        let source = match LdapSource::new(settings.clone(), plan()) {
            Ok(source) => source,
            // A machine without any authority says so at once.
            Err(DirectoryError::Authorities { .. }) => continue,
            Err(other) => panic!("{other}"),
        };
        let began = Instant::now();
        let probed = source.probe().await.unwrap_err().to_string();
        let found = names(&source, "+14255550142").await.unwrap_err().reason;
        assert!(probed.contains(says), "{says}: {probed}");
        assert!(found.contains(says), "{says}: {found}");
        for said in [&probed, &found] {
            assert!(said.contains(&settings.url), "{said}");
            assert!(!said.contains("wrong\"") && !said.contains(PASSWORD), "{said}");
        }
        assert!(began.elapsed() < settings.timeout, "{says} took {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_directory_that_wants_encryption_says_so_and_gets_it() {
    let slapd = Slapd::start_strict().await;
    let source = slapd.source();
    for said in [
        source.probe().await.unwrap_err().to_string(),
        names(&source, "+14255550142").await.unwrap_err().reason,
    ] {
        assert!(said.contains("use ldaps: or StartTLS"), "{said}");
    }
    let encrypted = LdapSettings { starttls: true, ..slapd.settings() };
    let source = LdapSource::new(encrypted, plan()).unwrap();
    assert_eq!(names(&source, "+14255550142").await.unwrap(), ["Bob Example"]);
}

#[tokio::test]
async fn a_directory_that_was_killed_is_back_without_a_restart() {
    let mut slapd = Slapd::start().await;
    let source = slapd.source();
    for _ in 0..2 {
        assert_eq!(names(&source, "+14255550142").await.unwrap(), ["Bob Example"]);
        slapd.kill();
        let began = Instant::now();
        let said = names(&source, "+14255550142").await.unwrap_err().reason;
        assert!(said.contains("cannot connect"), "{said}");
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
        slapd.run().await;
        assert_eq!(names(&source, "+14255550142").await.unwrap(), ["Bob Example"]);
    }
    // Killed and back between two questions: the second notices nothing.
    slapd.kill();
    slapd.run().await;
    assert_eq!(names(&source, "+14255550142").await.unwrap(), ["Bob Example"]);
}

#[tokio::test]
async fn a_connection_that_died_without_a_word_costs_time_and_no_name() {
    let slapd = Slapd::start().await;
    let wire = Wire::to(slapd.plain).await;
    let settings = LdapSettings {
        url: format!("ldap://{}", wire.address),
        timeout: Duration::from_secs(4),
        ..slapd.settings()
    };
    let source = LdapSource::new(settings, plan()).unwrap();
    assert_eq!(names(&source, "+14255550142").await.unwrap(), ["Bob Example"]);
    wire.forget_what_is_open();
    assert_eq!(names(&source, "+14255550142").await.unwrap(), ["Bob Example"]);
    let began = Instant::now();
    assert_eq!(names(&source, "+14255550142").await.unwrap(), ["Bob Example"]);
    assert!(began.elapsed() < Duration::from_secs(1), "the dead one was asked again");
}

#[tokio::test]
async fn a_server_that_never_answers_costs_the_timeout_and_not_more() {
    let (address, _server) = silent_server().await;
    let timeout = Duration::from_millis(300);
    let anonymous =
        |url: String| LdapSettings { bind_dn: None, password: None, ..settings(&url, timeout) };
    let plain = format!("ldap://{address}");
    let cases = [
        (settings(&plain, timeout), "binding"),
        (anonymous(plain.clone()), "searching"),
        (LdapSettings { starttls: true, ..settings(&plain, timeout) }, "connecting"),
        (settings(&format!("ldaps://{address}"), timeout), "connecting"),
    ];
    for (settings, doing) in cases {
        let source = match LdapSource::new(settings, plan()) {
            Ok(source) => source,
            Err(DirectoryError::Authorities { .. }) => continue,
            Err(other) => panic!("{other}"),
        };
        let began = Instant::now();
        // More at once than there are connections: nobody waits longer for that.
        let (one, two, three, four, five) = tokio::join!(
            names(&source, "+14255550142"),
            names(&source, "+14255550142"),
            names(&source, "+14255550142"),
            names(&source, "+14255550142"),
            names(&source, "+14255550142"),
        );
        let took = began.elapsed();
        assert!(took >= timeout && took < timeout + SLACK, "{doing} took {took:?}");
        for said in [one, two, three, four] {
            let said = said.unwrap_err().reason;
            assert!(said.contains(&format!("was {doing} for 300 ms")), "{said}");
        }
        let said = five.unwrap_err().reason;
        assert!(said.contains("raise directory.timeout_seconds"), "{said}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_ldap_costs_one_question() {
    let answers: [&[u8]; 7] = [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        // Well-formed BER that is no answer: an empty bind response, a bind response
        // with a string for its code, a message without an operation, an entry.
        b"\x30\x05\x02\x01\x01\x61\x00",
        b"\x30\x09\x02\x01\x01\x61\x04\x04\x02ab",
        b"\x30\x03\x02\x01\x01",
        b"\x30\x07\x02\x01\x01\x64\x02\x04\x00",
    ];
    for answer in answers {
        let (address, _server) = babbling_server(answer).await;
        let url = format!("ldap://{address}");
        let bound = settings(&url, Duration::from_millis(1500));
        let anonymous = LdapSettings { bind_dn: None, password: None, ..bound.clone() };
        for settings in [bound, anonymous] {
            let source = LdapSource::new(settings, plan()).unwrap();
            let began = Instant::now();
            let said = names(&source, "+14255550142").await.unwrap_err().reason;
            assert!(said.contains(&url), "{said}");
            assert!(began.elapsed() < Duration::from_millis(1500) + SLACK, "{answer:?}");
        }
    }
}
