//! What each reply comes to.

use super::server::{Act, Plan, Server};
use super::*;

const ALICE: &str = "alice@example.com";

/// (command, reply, refused for good?, words that the reason must hold)
const REPLIES: &[(&str, &str, bool, &str)] = &[
    ("EHLO", "550 go away", false, "550 go away"),
    ("MAIL", "451 4.3.0 later", false, "451 4.3.0 later"),
    ("MAIL", "553 5.1.8 sender unknown", false, "553 5.1.8 sender unknown"),
    ("MAIL", "552 5.3.4 too large", true, "552 5.3.4 too large"),
    ("RCPT", "450 4.2.0 greylisted", false, "450 4.2.0 greylisted"),
    ("RCPT", "550 5.1.1 no such user", true, "550 5.1.1 no such user"),
    ("RCPT", "550-5.7.1 first\r\n550 5.7.1 second", true, "550 5.7.1 first second"),
    ("RCPT", "252 cannot verify", false, "252 cannot verify"),
    ("RCPT", "nonsense", false, "naming the recipient"),
    ("RCPT", "530 5.7.0 authenticate first", false, "530 5.7.0 authenticate first"),
    ("DATA", "503 5.5.1 out of order", false, "503 5.5.1 out of order"),
    ("DATA", "554 5.7.1 not here", true, "554 5.7.1 not here"),
    ("DATA", "250 fine", false, "250 fine"),
    (".", "452 4.3.1 full", false, "452 4.3.1 full"),
    (".", "554 5.6.0 spam", true, "554 5.6.0 spam"),
    (".", "251 forwarded", false, "251 forwarded"),
    (".", "354 more", false, "354 more"),
];

#[tokio::test]
async fn each_reply_has_its_verdict() {
    for offers in [&[][..], &["PIPELINING"]] {
        for &(command, reply, is_refused, words) in REPLIES {
            let plan = Plan::new().offering(offers).at(command, Act::Say(reply));
            let server = Server::start(vec![plan, Plan::new()]);
            let mut courier = courier(&server);
            let verdict = deliver(&mut courier, ALICE, "hello").await;
            if is_refused {
                refused(&verdict, words);
            } else {
                try_again(&verdict, words);
            }
            // Whatever it was, the next mail takes no reply of this one for its own.
            delivered(&deliver(&mut courier, "bob@example.com", "next").await);
            let (_, last) = server.messages().pop().unwrap();
            assert!(last.ends_with("next\r\n"), "after {reply} to {command}: {last:?}");
        }
    }
}

#[tokio::test]
async fn commands_sent_at_once_are_each_answered_for() {
    let no_recipients = Act::Say("554 5.5.1 no valid recipients");
    let plan = Plan::new().offering(&["PIPELINING"]).at("RCPT", Act::Say("550 5.1.1 no such user"));
    let server = Server::start(vec![plan.at("DATA", no_recipients)]);
    let mut courier = courier(&server);
    refused(&deliver(&mut courier, "nobody@example.com", "one").await, "550 5.1.1");
    // All replies were read, so that the connection is good for the next.
    delivered(&deliver(&mut courier, ALICE, "two").await);
    assert!(server.commands("").iter().all(|(connection, _)| *connection == 0));
}

#[tokio::test]
async fn a_server_that_wants_the_message_of_a_refused_mail_gets_none() {
    for command in ["MAIL", "RCPT"] {
        let plan = Plan::new().offering(&["PIPELINING"]).at(command, Act::Say("552 5.3.4 no"));
        let server = Server::start(vec![plan, Plan::new()]);
        let mut courier = courier(&server);
        refused(&deliver(&mut courier, "nobody@example.com", "one").await, "552 5.3.4");
        delivered(&deliver(&mut courier, ALICE, "two").await);
        let messages = server.messages();
        assert!(messages.len() == 1 && messages[0].0 == 1, "{messages:?}");
    }
}

#[tokio::test]
async fn a_connection_lost_among_commands_sent_at_once_is_tried_again() {
    for (command, words) in [("MAIL", "sender"), ("RCPT", "recipient"), ("DATA", "asking to send")]
    {
        let plan = Plan::new().offering(&["PIPELINING"]).at(command, Act::Drop);
        let server = Server::start(vec![plan, Plan::new()]);
        let mut courier = courier(&server);
        try_again(&deliver(&mut courier, ALICE, "one").await, words);
        delivered(&deliver(&mut courier, ALICE, "two").await);
    }
    // Lost after a refusal: that was said, and the rest does not matter.
    let plan = Plan::new().offering(&["PIPELINING"]).at("RCPT", Act::Say("550 5.1.1 nobody"));
    let server = Server::start(vec![plan.at("DATA", Act::Drop), Plan::new()]);
    let mut courier = courier(&server);
    refused(&deliver(&mut courier, "nobody@example.com", "one").await, "550 5.1.1");
    delivered(&deliver(&mut courier, ALICE, "two").await);
}

#[tokio::test]
async fn nobody_listens_and_the_mail_is_tried_again() {
    let server = Server::start(vec![]);
    let verdict = deliver(&mut courier(&server), ALICE, "hello").await;
    assert!(matches!(verdict, Verdict::TryAgain { .. }), "{verdict:?}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = SmtpSettings { port: closed.port(), ..settings(&server) };
    let verdict = deliver(&mut SmtpCourier::new(settings), ALICE, "hello").await;
    try_again(&verdict, "connecting");
}

#[tokio::test]
async fn one_refused_recipient_does_not_keep_the_next_from_his_mail() {
    let plan = Plan::new().at("RCPT", Act::Say("550 5.1.1 no such user"));
    let server = Server::start(vec![plan]);
    let mut courier = courier(&server);
    refused(&deliver(&mut courier, "nobody@example.com", "one").await, "550 5.1.1");
    delivered(&deliver(&mut courier, ALICE, "two").await);
    // On the same connection, with the unfinished transaction taken back.
    assert_eq!(server.commands("RSET"), [(0, "RSET".to_owned())]);
    let messages = server.messages();
    assert!(messages.len() == 1 && messages[0].1.ends_with("two\r\n"), "{messages:?}");
}

#[tokio::test]
async fn greylisted_once_and_taken_the_next_time() {
    let server = Server::start(vec![Plan::new().at("RCPT", Act::Say("450 4.2.0 greylisted"))]);
    let mut courier = courier(&server);
    try_again(&deliver(&mut courier, ALICE, "one").await, "greylisted");
    delivered(&deliver(&mut courier, ALICE, "one").await);
}

#[tokio::test]
async fn a_connection_lost_before_or_after_the_dot_is_tried_again() {
    for (command, words) in [("DATA", "asking to send"), (".", "may have arrived")] {
        let server = Server::start(vec![Plan::new().at(command, Act::Drop), Plan::new()]);
        let mut courier = courier(&server);
        try_again(&deliver(&mut courier, ALICE, "one").await, words);
        delivered(&deliver(&mut courier, ALICE, "one").await);
        let copies = if command == "." { 2 } else { 1 };
        assert_eq!(server.messages().len(), copies, "lost at {command}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_the_server_left_costs_no_attempt() {
    let acts = || [Act::Drop, Act::Say("421 4.4.2 idle too long")];
    let offers = [&[][..], &["PIPELINING"]];
    for (offers, act) in offers.iter().flat_map(|offers| acts().map(|act| (*offers, act))) {
        let plan = Plan::new().offering(offers);
        let plan = plan.at("MAIL FROM:<VOICEMAIL@EXAMPLE.COM>", Act::Say("250 fine"));
        let server = Server::start(vec![plan.at("MAIL", act), Plan::new()]);
        let mut courier = courier(&server);
        delivered(&deliver(&mut courier, ALICE, "one").await);
        delivered(&deliver(&mut courier, ALICE, "two").await);
        assert_eq!(server.messages().len(), 2);
    }
}

#[tokio::test]
async fn a_slow_server_is_left_after_the_time_out() {
    for command in ["EHLO", "RCPT", "."] {
        let server = Server::start(vec![Plan::new().at(command, Act::Silence), Plan::new()]);
        let timeout = Duration::from_millis(300);
        let mut courier = SmtpCourier::new(SmtpSettings { timeout, ..settings(&server) });
        try_again(&deliver(&mut courier, ALICE, "one").await, "did not finish within 300ms");
        delivered(&deliver(&mut courier, ALICE, "two").await);
        assert_eq!(server.messages().last().map(|(connection, _)| *connection), Some(1));
    }
}
