//! How a mail goes over: intact, with its size known, on a kept connection, and
//! safe when the send is given up half-way.

use super::server::{Act, Plan, Server, hold};
use super::*;

const ALICE: &str = "alice@example.com";

#[tokio::test]
async fn a_message_arrives_as_it_is() {
    let server = Server::start(vec![Plan::new().offering(&["PIPELINING", "8BITMIME"])]);
    let mut courier = courier(&server);
    let long = "0123456789\r\n.".repeat(20_000);
    let longest = ".0123456789\r\n".repeat(200_000);
    for body in [".", "..\r\n.a\r\n\r\n.", "", "\r\n", "ä\r\n.ö", &long, &longest] {
        let mail = mail(ALICE, body);
        delivered(&courier.deliver(mail.clone()).await);
        let (_, arrived) = server.messages().pop().unwrap();
        assert!(arrived.as_bytes() == mail.message, "{:?}", body.get(..20));
    }
    let mut dots = mail(ALICE, "x");
    dots.message = b".starts with a dot\r\n".to_vec();
    delivered(&courier.deliver(dots.clone()).await);
    assert_eq!(server.messages().pop().unwrap().1.as_bytes(), dots.message);
    // One connection, greeted once by us (and once by the library).
    assert!(server.commands("").iter().all(|(connection, _)| *connection == 0));
    assert_eq!(server.commands("EHLO").len(), 2);
    assert_eq!(server.commands("EHLO")[0].1, "EHLO ringpost.example.com");
}

#[tokio::test]
async fn a_returned_message_has_a_null_sender() {
    let server = Server::start(vec![Plan::new()]);
    let mut mail = mail("postmaster@example.com", "returned");
    mail.envelope.sender = None;
    delivered(&courier(&server).deliver(mail.clone()).await);
    assert_eq!(server.commands("MAIL")[0].1, "MAIL FROM:<>");
    assert_eq!(server.commands("RCPT")[0].1, "RCPT TO:<postmaster@example.com>");
}

#[tokio::test]
async fn the_announced_size_is_respected() {
    let server = Server::start(vec![Plan::new().offering(&["PIPELINING", "SIZE 1000"])]);
    let mut courier = courier(&server);
    let large = "x".repeat(1000);
    refused(&deliver(&mut courier, ALICE, &large).await, "takes 1000");
    assert!(server.commands("MAIL").is_empty(), "not even begun");
    let small = mail(ALICE, "small");
    delivered(&courier.deliver(small.clone()).await);
    let said = format!("MAIL FROM:<voicemail@example.com> SIZE={}", small.message.len());
    assert_eq!(server.commands("MAIL"), [(0, said)]);
}

#[tokio::test]
async fn a_size_without_a_limit_is_none() {
    for offer in ["SIZE", "SIZE 0", "size 0"] {
        let server = Server::start(vec![Plan::new().offering(&[offer])]);
        delivered(&deliver(&mut courier(&server), ALICE, &"x".repeat(5000)).await);
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_no_command_of_its_own() {
    let server = Server::start(vec![Plan::new()]);
    let mut courier = courier(&server);
    for evil in ["a@example.com>\r\nRCPT TO:<b@example.com", "", "a b@example.com", "ä@example.com"]
    {
        let verdict = deliver(&mut courier, evil, "x").await;
        assert!(matches!(verdict, Verdict::Refused { .. }), "{evil:?}: {verdict:?}");
    }
    assert!(server.commands("RCPT").is_empty());
    delivered(&deliver(&mut courier, ALICE, "x").await);
}

#[tokio::test]
async fn a_send_that_is_given_up_leaves_no_reply_for_the_next() {
    let commands = ["EHLO", "MAIL", "RCPT", "DATA", "."];
    let offers = [&[][..], &["PIPELINING"]];
    for (offers, command) in offers.iter().flat_map(|offers| commands.map(|c| (*offers, c))) {
        // The reply to the abandoned mail comes late and good; the next mail is
        // refused, and must not take that reply for its own.
        let late = if command == "DATA" { "354 go on" } else { "250 late" };
        let (act, reached, go_on) = hold(late);
        let next = Plan::new().at("RCPT", Act::Say("550 5.1.1 no such user"));
        let first = Plan::new().offering(offers).at(command, act);
        let server = Server::start(vec![first, next.offering(offers)]);
        let mut courier = courier(&server);
        let mail = mail(ALICE, "one");
        {
            let sending = courier.deliver(mail.clone());
            let held = tokio::task::spawn_blocking(move || reached.recv());
            tokio::select! {
                verdict = sending => panic!("answered at {command}: {verdict:?}"),
                held = held => held.unwrap().unwrap(),
            }
        }
        go_on.send(()).unwrap();
        refused(&deliver(&mut courier, "nobody@example.com", "two").await, "550 5.1.1");
        // The abandoned one may still be read meanwhile, where it came in one piece.
        let commands = server.commands("RCPT");
        let second = commands.iter().find(|(_, line)| line.contains("nobody@example.com"));
        assert_eq!(second.unwrap().0, 1, "a connection of its own");
    }
}
