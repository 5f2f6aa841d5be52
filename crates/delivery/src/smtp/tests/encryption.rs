//! STARTTLS, TLS from the start, and passwords.

use std::io::Write;

use super::server::{Act, Plan, Server, certificate};
use super::*;

const ALICE: &str = "alice@example.com";

fn trusting(server: &Server, pem: &str) -> (SmtpSettings, tempfile::NamedTempFile) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pem.as_bytes()).unwrap();
    let tls = TlsSettings { ca_file: Some(file.path().to_owned()) };
    (SmtpSettings { starttls: TlsPolicy::Required, tls, ..settings(server) }, file)
}

fn starttls(names: &[&str]) -> (Plan, String) {
    let (config, pem) = certificate(names);
    let mut plan = Plan::new().offering(&["STARTTLS"]);
    plan.tls = Some(config);
    plan.offers_in_tls = vec!["SIZE 2000", "AUTH LOGIN PLAIN"];
    (plan, pem)
}

#[tokio::test]
async fn required_means_not_without() {
    let server = Server::start(vec![Plan::new()]);
    let required = SmtpSettings { starttls: TlsPolicy::Required, ..settings(&server) };
    let verdict = deliver(&mut SmtpCourier::new(required), ALICE, "secret").await;
    try_again(&verdict, "does not offer STARTTLS");
    assert!(server.commands("MAIL").is_empty());
}

#[tokio::test]
async fn starttls_with_a_certificate_that_is_trusted() {
    let (plan, pem) = starttls(&["127.0.0.1"]);
    let server = Server::start(vec![plan]);
    let (settings, _file) = trusting(&server, &pem);
    let mut courier = SmtpCourier::new(settings);
    delivered(&deliver(&mut courier, ALICE, "one").await);
    delivered(&deliver(&mut courier, ALICE, "two").await);
    // What is offered inside counts: the size limit is that of the second EHLO.
    refused(&deliver(&mut courier, ALICE, &"x".repeat(3000)).await, "takes 2000");
    assert_eq!(server.messages().len(), 2);
}

#[tokio::test]
async fn required_verifies_and_opportunistic_does_not() {
    for (policy, is_taken) in [(TlsPolicy::Required, false), (TlsPolicy::Opportunistic, true)] {
        let (plan, _) = starttls(&["other.example.com"]);
        let (_, foreign) = certificate(&["127.0.0.1"]);
        let server = Server::start(vec![plan]);
        let (settings, _file) = trusting(&server, &foreign);
        let mut courier = SmtpCourier::new(SmtpSettings { starttls: policy, ..settings });
        let verdict = deliver(&mut courier, ALICE, "one").await;
        if is_taken {
            delivered(&verdict);
        } else {
            try_again(&verdict, "starting TLS");
        }
    }
}

#[tokio::test]
async fn never_means_never() {
    let server = Server::start(vec![Plan::new().offering(&["STARTTLS"])]);
    let never = SmtpSettings { starttls: TlsPolicy::Never, ..settings(&server) };
    delivered(&deliver(&mut SmtpCourier::new(never), ALICE, "one").await);
    assert!(server.commands("STARTTLS").is_empty());
}

#[tokio::test]
async fn starttls_that_fails_is_the_operators_and_tried_again() {
    let plan = Plan::new().offering(&["STARTTLS"]).at("STARTTLS", Act::Say("554 5.7.0 no key"));
    let server = Server::start(vec![plan]);
    try_again(&deliver(&mut courier(&server), ALICE, "one").await, "554 5.7.0 no key");
}

#[tokio::test]
async fn replies_slipped_in_before_the_handshake_are_not_believed() {
    // As an attacker on the wire would: good replies in the clear, in the same
    // segment as the reply to STARTTLS, for commands that come later.
    let slipped = "220 go ahead\r\n250 a\r\n250 b\r\n250 c\r\n250 d\r\n354 e\r\n250 taken";
    let (plan, pem) = starttls(&["127.0.0.1"]);
    let plan = plan.at("STARTTLS", Act::Say(slipped)).at("RCPT", Act::Say("550 5.1.1 nobody"));
    let server = Server::start(vec![plan]);
    let (settings, _file) = trusting(&server, &pem);
    let verdict = deliver(&mut SmtpCourier::new(settings), ALICE, "one").await;
    try_again(&verdict, "starting TLS");
}

#[tokio::test]
async fn tls_from_the_first_byte() {
    let (mut plan, pem) = starttls(&["127.0.0.1"]);
    plan.is_implicit = true;
    let server = Server::start(vec![plan]);
    let (settings, _file) = trusting(&server, &pem);
    let settings = SmtpSettings { implicit_tls: true, helo: None, ..settings };
    delivered(&deliver(&mut SmtpCourier::new(settings), ALICE, "one").await);
    assert_eq!(server.commands("EHLO")[0].1, "EHLO [127.0.0.1]");
}

fn with_password(server: &Server) -> SmtpSettings {
    let credentials = Some(("ringpost".into(), "s3cret-word".into()));
    SmtpSettings { credentials, ..settings(server) }
}

#[tokio::test]
async fn auth_by_plain_and_by_login() {
    let plain = Server::start(vec![Plan::new().offering(&["AUTH LOGIN PLAIN"])]);
    let mut courier = SmtpCourier::new(with_password(&plain));
    delivered(&deliver(&mut courier, ALICE, "one").await);
    // base64 of NUL ringpost NUL s3cret-word
    assert_eq!(plain.commands("AUTH")[0].1, "AUTH PLAIN AHJpbmdwb3N0AHMzY3JldC13b3Jk");

    let plan = Plan::new().offering(&["AUTH LOGIN"]).at("AUTH LOGIN", Act::Say("334 VXNlcm5hbWU6"));
    let plan = plan.at("CMLUZ3BVC3Q=", Act::Say("334 UGFzc3dvcmQ6"));
    let login = Server::start(vec![plan.at("CZNJCMV0LXDVCMQ=", Act::Say("235 welcome"))]);
    let mut courier = SmtpCourier::new(with_password(&login));
    delivered(&deliver(&mut courier, ALICE, "one").await);
}

#[tokio::test]
async fn a_wrong_password_is_the_operators_and_tried_again() {
    let plan =
        Plan::new().offering(&["AUTH PLAIN"]).at("AUTH", Act::Say("535 5.7.8 wrong password"));
    let server = Server::start(vec![plan]);
    let mut courier = SmtpCourier::new(with_password(&server));
    let verdict = deliver(&mut courier, ALICE, "one").await;
    try_again(&verdict, "535 5.7.8 wrong password");
    assert!(!format!("{verdict:?} {:?}", with_password(&server)).contains("s3cret-word"));
}

#[tokio::test]
async fn no_auth_offered_says_what_to_do() {
    let server = Server::start(vec![Plan::new()]);
    let mut courier = SmtpCourier::new(with_password(&server));
    try_again(&deliver(&mut courier, ALICE, "one").await, "neither AUTH PLAIN nor LOGIN");
}

#[tokio::test]
async fn a_probe_says_what_answers_or_what_to_mend() {
    let (plan, pem) = starttls(&["127.0.0.1"]);
    let server = Server::start(vec![plan, Plan::new()]);
    let (settings, _file) = trusting(&server, &pem);
    let said = SmtpCourier::probe(&settings).await.unwrap();
    assert!(said.contains("answers as mail.example.com, encrypted"), "{said}");
    assert!(said.contains("2000 bytes"), "{said}");
    let fault = SmtpCourier::probe(&settings).await.unwrap_err();
    assert!(fault.to_operator.contains("does not offer STARTTLS"), "{fault}");
    let gone = SmtpSettings { port: 1, ..settings };
    let fault = SmtpCourier::probe(&gone).await.unwrap_err();
    assert!(fault.to_operator.contains("connecting"), "{fault}");
}
