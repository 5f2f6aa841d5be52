//! The sink against a bare client.

use super::*;
use crate::smtp::Client;

const SOON: Duration = Duration::from_secs(20);
const MAIL: &str = "Subject: One\r\nMessage-ID: <1@example.com>\r\n\r\nHello\r\n.dot\r\n";

fn send(sink: &MailSink, to: &str) -> Option<u16> {
    let mut client = Client::connect(sink.address())?;
    client.say("EHLO client.example.com")?;
    client.send("a@example.com", to, MAIL).map(|reply| reply.0)
}

#[test]
fn it_takes_a_mail_as_it_was_sent() {
    let sink = MailSink::start();
    assert_eq!(send(&sink, "alice@example.com"), Some(250));
    let taken = &sink.wait_taken(1, SOON)[0];
    assert_eq!(
        (taken.sender.as_str(), taken.recipient.as_str()),
        ("a@example.com", "alice@example.com")
    );
    assert_eq!(taken.letter.subject, "One");
    assert!(taken.letter.raw.ends_with(b"Hello\r\n.dot\r\n\r\n"));
}

#[test]
fn it_greylists_and_refuses() {
    let sink = MailSink::start();
    sink.greylists(1);
    sink.refuses("bob@example.com", "No such user");
    assert_eq!(send(&sink, "alice@example.com"), Some(450));
    assert_eq!(send(&sink, "alice@example.com"), Some(250));
    assert_eq!(send(&sink, "Bob@example.com"), Some(550));
    sink.refuses_no_longer("bob@example.com");
    assert_eq!(send(&sink, "bob@example.com"), Some(250));
    assert_eq!(sink.taken_for("bob@example.com").len(), 1);
}

#[test]
fn it_drops_after_the_dot_and_has_the_mail() {
    let sink = MailSink::start();
    sink.drops_after_dot(1);
    assert_eq!(send(&sink, "alice@example.com"), None);
    assert_eq!(sink.taken().len(), 1);
    assert_eq!(send(&sink, "alice@example.com"), Some(250));
}

#[test]
fn it_holds_until_told() {
    let sink = MailSink::start();
    sink.holds();
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| send(&sink, "alice@example.com"));
        sink.wait_held(1, SOON);
        assert!(sink.taken().is_empty());
        assert!(!sending.is_finished());
        sink.releases();
        assert_eq!(sending.join().unwrap(), Some(250));
    });
    assert_eq!(sink.taken().len(), 1);
}

#[test]
fn what_is_held_for_a_dead_client_is_not_taken() {
    let sink = MailSink::start();
    sink.holds();
    let mut client = Client::connect(sink.address()).unwrap();
    for command in ["EHLO c", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.com>", "DATA"] {
        client.say(command).unwrap();
    }
    std::thread::scope(|scope| {
        scope.spawn(|| client.say(&format!("{MAIL}.")));
        sink.wait_held(1, SOON);
        // Its connections die with a client that is killed.
        let dead: Vec<TcpStream> = std::mem::take(&mut sink.shared.state().connections);
        for connection in dead {
            connection.shutdown(Shutdown::Both).unwrap();
        }
    });
    sink.releases();
    sink.shared.wait("the end", SOON, |state| (state.held == 0).then_some(()));
    assert!(sink.taken().is_empty());
    assert_eq!(sink.dots(), 1);
}

#[test]
fn it_goes_down_and_up_on_the_same_port() {
    let mut sink = MailSink::start();
    let mut client = Client::connect(sink.address()).unwrap();
    sink.down();
    assert_eq!(client.say("NOOP"), None);
    assert!(Client::connect(sink.address()).is_none());
    sink.up();
    assert_eq!(send(&sink, "alice@example.com"), Some(250));
}

#[test]
fn a_wait_in_vain_fails_one_test_and_no_more() {
    let caught = std::panic::catch_unwind(|| {
        let sink = MailSink::start();
        sink.wait_taken(1, Duration::from_millis(10));
    });
    assert!(caught.is_err());
}

#[test]
fn it_is_slow_when_told() {
    let sink = MailSink::start();
    sink.is_slow(Duration::from_millis(50));
    let begun = Instant::now();
    assert_eq!(send(&sink, "alice@example.com"), Some(250));
    assert!(begun.elapsed() >= Duration::from_millis(300));
}
