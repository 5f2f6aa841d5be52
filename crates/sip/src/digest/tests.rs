//! The RFCs' own examples, and both sides against each other.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::wire::tests::invite;
use crate::wire::{Headers, Request};
use crate::{Credentials, DigestHashes};

const REALM: &str = "ringpost";
const URI: &str = "sip:alice@example.com";

fn credentials(user: &str, password: &str) -> Credentials {
    Credentials { user: user.to_owned(), password: password.to_owned() }
}

fn bob() -> Credentials {
    credentials("bob", "zanzibar")
}

fn read(values: &[&str]) -> Vec<Challenge> {
    let mut headers = Headers::default();
    for value in values {
        headers.push("WWW-Authenticate", value);
    }
    challenges(&headers)
}

/// The value of a parameter, quoted or not.
fn param<'a>(value: &'a str, name: &str) -> &'a str {
    let (_, rest) = value.split_once(&format!(" {name}=")).unwrap_or_else(|| panic!("{value}"));
    rest.trim_start_matches('"').split(['"', ',']).next().unwrap()
}

#[test]
fn the_examples_of_the_rfcs_and_what_another_program_computed() {
    const RFC_7616: &str = "realm=\"http-auth@example.org\", \
        nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", qop=\"auth, auth-int\"";
    const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    const BILOXI: &str = "realm=\"biloxi.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
    let mufasa = credentials("Mufasa", "Circle of Life");
    let get = ("GET", "/dir/index.html", "");
    let sip = ("INVITE", "sip:bob@biloxi.com", "");
    let body = "v=0\r\no=bob 2890844526 2890844526 IN IP4 media.biloxi.com\r\n";
    let session = ("INVITE", "sip:bob@example.com", "");
    let session_nonce = "realm=\"example.com\", nonce=\"84f1c1ae6cbe5ua9c8e88dfa3ecm3459\"";
    let table = [
        // RFC 7616 §3.9.1.
        (
            format!("{RFC_7616}, algorithm=MD5"),
            &mufasa,
            get,
            CNONCE,
            "8ca523f5e9506fed4657c9700eebdbec",
        ),
        (
            format!("{RFC_7616}, algorithm=SHA-256"),
            &mufasa,
            get,
            CNONCE,
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
        // What RFC 7616 §3.9.2 asks; computed apart.
        (
            "realm=\"api@example.org\", nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", \
             qop=\"auth\", algorithm=sha-512-256"
                .to_owned(),
            &credentials("J\u{e4}s\u{f8}n Doe", "Secret, or not?"),
            ("GET", "/doe.json", ""),
            "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm",
            "7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c",
        ),
        // RFC 2617 §3.5, which the other RFCs go back to.
        (
            "realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
             nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\""
                .to_owned(),
            &credentials("Mufasa", "Circle Of Life"),
            get,
            "0a4f113b",
            "6629fae49393a05397450978507c4ef1",
        ),
        // Computed apart.
        (
            format!("{BILOXI}, qop=\"auth\""),
            &bob(),
            sip,
            "0a4f113b",
            "89eb0059246c02b2f6ee02c7961d5ea3",
        ),
        (BILOXI.to_owned(), &bob(), sip, "0a4f113b", "bf57e4e0d0bffc0fbaedce64d59add5e"),
        (
            format!("{BILOXI}, qop=auth-int"),
            &bob(),
            (sip.0, sip.1, body),
            "0a4f113b",
            "0422c22f93d9319f3b047be907f09c11",
        ),
        (
            format!("{session_nonce}, qop=auth, algorithm=MD5-sess"),
            &bob(),
            session,
            "0a4f113b",
            "dac7aafd5d274789da1a7e624ce41fdc",
        ),
        (
            format!("{session_nonce}, qop=auth, algorithm=SHA-256-sess"),
            &bob(),
            session,
            "0a4f113b",
            "8a0f1aa0fa2b986795b4f25616036727b19600233b25a792aba0eb8b976e61da",
        ),
        (
            format!("{session_nonce}, qop=auth, algorithm=SHA-512-256-sess"),
            &bob(),
            session,
            "0a4f113b",
            "a334260c4d3a7b12a9ced18cada51ca1af584faf6f943b94ede8a474c9d1eb03",
        ),
    ];
    for (challenge, credentials, (method, uri, body), cnonce, response) in table {
        let challenges = read(&[&format!("Digest {challenge}")]);
        let asked = (method, uri, body.as_bytes());
        let answer = authorize(&challenges[0], credentials, asked, cnonce, 1);
        assert_eq!(param(&answer, "response"), response, "{challenge}");
        assert_eq!(param(&answer, "uri"), uri);
    }
}

#[test]
fn a_client_answers_what_it_was_asked_and_no_more() {
    let modern = read(&["Digest realm=\"a\\\"b\", nonce=\"n\", opaque=\"o,p\", qop=\"auth\""]);
    let answer = authorize(&modern[0], &credentials("b\"ob", "x"), ("BYE", URI, b""), "c", 27);
    for part in [
        "Digest username=\"b\\\"ob\", realm=\"a\\\"b\", nonce=\"n\", ",
        ", algorithm=MD5",
        ", opaque=\"o,p\"",
        ", qop=auth, nc=0000001b, cnonce=\"c\"",
    ] {
        assert!(answer.contains(part), "{answer}");
    }
    let old = read(&["Digest realm=r,nonce=n"]);
    let answer = authorize(&old[0], &bob(), ("BYE", URI, b""), "c", 1);
    assert!(
        !["qop", "nc=", "cnonce", "opaque"].iter().any(|no| answer.contains(&format!(" {no}")))
    );
}

#[test]
fn the_strongest_challenge_is_chosen() {
    let digest = |realm: &str, more: &str| format!("Digest realm={realm}, nonce=n{more}");
    let (md5, sha256) = (digest("m", ""), digest("s", ", algorithm=SHA-256"));
    let sha512 = digest("l", ", algorithm=SHA-512-256");
    let table = [
        (vec![md5.clone(), sha256.clone(), sha512.clone()], Some("l")),
        (vec![format!("{md5}, {sha256}")], Some("s")),
        (vec![sha256.clone(), digest("t", ", algorithm=sha-256-SESS")], Some("s")),
        (vec!["Basic realm=b".to_owned(), md5.clone()], Some("m")),
        (vec![digest("x", ", algorithm=SHA-1"), digest("y", ", qop=other"), md5], Some("m")),
        (vec!["Digest realm=r".to_owned(), "Digest nonce=n".to_owned()], None),
        (vec![], None),
    ];
    for (values, realm) in table {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let found = read(&values);
        assert_eq!(choose(&found).map(|chosen| chosen.realm.as_str()), realm, "{values:?}");
    }
    let mut headers = Headers::default();
    headers.push("Proxy-Authenticate", "Digest realm=p, nonce=n, stale=TRUE");
    let found = challenges(&headers);
    assert_eq!((found[0].answered_in(), found[0].stale), ("Proxy-Authorization", true));
}

/// A server and a client that was asked by it.
struct World {
    verifier: Verifier,
    start: Instant,
}

impl World {
    fn new() -> World {
        let start = Instant::now();
        World { verifier: Verifier::new(REALM, [3; 64], start), start }
    }

    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    /// The challenges of that second, SHA-256 first.
    fn asked(&self, seconds: u64) -> Vec<Challenge> {
        let values = self.verifier.challenges(DigestHashes::ALL, false, 1, self.at(seconds));
        read(&[&values[0], &values[1]])
    }

    fn judge(&mut self, request: &Request, seconds: u64) -> Verdict {
        let now = self.at(seconds);
        self.verifier.verify(request, &bob(), DigestHashes::ALL, now)
    }
}

/// An INVITE to that URI with these credentials.
fn with(uri: &str, authorization: &str) -> Request {
    let line = format!("Authorization: {authorization}\r\n");
    invite(uri, if authorization.is_empty() { "" } else { &line })
}

fn answered(challenge: &Challenge, who: &Credentials, nc: u32) -> Request {
    with(URI, &authorize(challenge, who, ("INVITE", URI, b""), "0a4f113b", nc))
}

#[test]
fn the_right_answer_passes_by_either_algorithm_and_only_once() {
    let mut world = World::new();
    let asked = world.asked(0);
    assert_eq!(asked.len(), 2);
    assert_eq!(choose(&asked), Some(&asked[0]));
    for (nc, challenge) in [(1, &asked[0]), (2, &asked[1]), (9, &asked[0]), (4, &asked[1])] {
        let request = answered(challenge, &bob(), nc);
        assert_eq!(world.judge(&request, 1), Verdict::Passed, "{nc}");
        assert_eq!(world.judge(&request, 1), Verdict::Replayed, "{nc}");
    }
}

#[test]
fn a_hash_that_is_not_asked_for_does_not_do() {
    let only_md5 = DigestHashes { sha_256: false, md5: true };
    let mut world = World::new();
    let asked = world.verifier.challenges(only_md5, false, 1, world.start);
    assert_eq!(asked.len(), 1);
    assert!(asked[0].contains("algorithm=MD5"), "{asked:?}");
    let both = world.asked(0);
    let mut judge = |challenge: &Challenge| {
        let request = answered(challenge, &bob(), 1);
        world.verifier.verify(&request, &bob(), only_md5, world.start)
    };
    assert_eq!(judge(&both[0]), Verdict::Missing);
    assert_eq!(judge(&both[1]), Verdict::Passed);
}

#[test]
fn a_nonce_grows_stale_and_a_new_one_helps() {
    let mut world = World::new();
    let asked = world.asked(0);
    assert_eq!(world.judge(&answered(&asked[0], &bob(), 1), 300), Verdict::Passed);
    assert_eq!(world.judge(&answered(&asked[0], &bob(), 2), 301), Verdict::Stale);
    assert_eq!(world.judge(&answered(&asked[0], &credentials("bob", "x"), 3), 301), Verdict::Wrong);
    let stale = world.verifier.challenges(DigestHashes::ALL, true, 2, world.at(301));
    let again = read(&[&stale[0]]);
    assert!(again[0].stale);
    assert_eq!(world.judge(&answered(&again[0], &bob(), 1), 302), Verdict::Passed);
    // Under another key, as before a restart: right but none of ours.
    let mut restarted =
        World { verifier: Verifier::new(REALM, [4; 64], world.start), start: world.start };
    assert_eq!(restarted.judge(&answered(&again[0], &bob(), 2), 302), Verdict::Stale);
}

#[test]
fn what_is_wrong_is_told_apart() {
    let mut world = World::new();
    let asked = world.asked(0);
    let right = authorize(&asked[1], &bob(), ("INVITE", URI, b""), "c", 1);
    let changed = |from: &str, to: &str| {
        assert!(right.contains(from), "{right}");
        right.replace(from, to)
    };
    let response = format!("response=\"{}\"", param(&right, "response"));
    let foreign = changed(&format!("nonce=\"{}\"", asked[1].nonce), "nonce=\"x\"");
    let table = [
        (String::new(), Verdict::Missing),
        ("Basic Ym9iOnphbnppYmFy".to_owned(), Verdict::Missing),
        (changed("realm=\"ringpost\"", "realm=\"elsewhere\""), Verdict::Missing),
        (changed("algorithm=MD5", "algorithm=SHA-512-256"), Verdict::Missing),
        (changed("algorithm=MD5", "algorithm=SHA-256"), Verdict::Wrong),
        (changed("qop=auth", "qop=auth-int"), Verdict::Missing),
        (changed("nc=00000001", "nc=1"), Verdict::Missing),
        (changed("nc=00000001", "nc=+0000001"), Verdict::Missing),
        (changed("nc=00000001", "nc=00000002"), Verdict::Wrong),
        (changed("username=\"bob\"", "username=\"rob\""), Verdict::Wrong),
        (changed(&response, "response=\"\""), Verdict::Wrong),
        (foreign, Verdict::Missing),
        (
            authorize(&asked[0], &credentials("bob", ""), ("INVITE", URI, b""), "c", 1),
            Verdict::Wrong,
        ),
        (authorize(&asked[0], &bob(), ("BYE", URI, b""), "c", 1), Verdict::Wrong),
        (
            authorize(&asked[0], &bob(), ("INVITE", "sip:carol@example.com", b""), "c", 1),
            Verdict::OtherUri,
        ),
        (format!("Digest realm=\"elsewhere\", nonce=n, {right}"), Verdict::Passed),
    ];
    for (authorization, verdict) in table {
        let request = with(URI, &authorization);
        assert_eq!(world.judge(&request, 1), verdict, "{authorization}");
    }
}

#[test]
fn the_uri_may_have_changed_in_what_proxies_change() {
    let mut world = World::new();
    let asked = world.asked(0);
    let table = [
        ("sip:alice@example.com;transport=tcp", true),
        ("sip:alice@EXAMPLE.com:5060", true),
        ("sips:alice@example.com", true),
        ("sip:%61lice@example.com", true),
        ("sip:Alice@example.com", false),
        ("sip:alice@example.org", false),
        ("sip:example.com", false),
        ("tel:alice", false),
        ("alice", false),
        ("", false),
    ];
    for (nc, (uri, fits)) in (1..).zip(table) {
        let answer = authorize(&asked[0], &bob(), ("INVITE", uri, b""), "c", nc);
        let verdict = if fits { Verdict::Passed } else { Verdict::OtherUri };
        assert_eq!(world.judge(&with(URI, &answer), 1), verdict, "{uri}");
    }
}

#[test]
fn a_client_of_rfc_2069_has_one_request_for_each_nonce() {
    let mut world = World::new();
    let mut asked = world.asked(0);
    asked[1].qop = None;
    let request = answered(&asked[1], &bob(), 1);
    assert_eq!(world.judge(&request, 1), Verdict::Passed);
    assert_eq!(world.judge(&request, 1), Verdict::Replayed);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_header_makes_a_reader_panic_or_lets_anybody_in(
        value in "[ -~\\u{80}-\\u{ff}]{0,60}",
        odd in "(Digest )?([a-z]{0,9}=?[\", =\\\\a-f0-9]{0,20},?){0,9}",
    ) {
        let mut world = World::new();
        let shaped = format!("Digest username=bob, realm=ringpost, uri=\"{URI}\", nonce={value}, {odd}");
        for value in [value, odd, shaped] {
            for challenge in read(&[&value]) {
                let _ = authorize(&challenge, &bob(), ("INVITE", URI, b""), "c", 1);
            }
            prop_assert_ne!(world.judge(&with(URI, &value), 1), Verdict::Passed);
        }
    }
}
