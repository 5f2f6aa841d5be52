//! The mail server wants nothing for this recipient: returned, kept, explained.

use std::time::Duration;

use ringpost_tests::http;
use ringpost_tests::letter::Kind;
use ringpost_tests::mail_sink::MailSink;
use ringpost_tests::server::{SOON, Server};
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};
use ringpost_tests::sound::speech;
use ringpost_tests::waiting;

#[test]
fn it_is_returned_to_the_postmaster_and_kept() {
    let sink = MailSink::start();
    sink.refuses("alice@example.com", "Mailbox moved to the moon");
    let server = Server::start(Settings::new().mail(&sink.url()));
    let said = speech(2.0, 15);
    Call::leave_message(server.sip(), &Invite::to("alice"), &said);
    let returned = sink.wait_taken(1, SOON).remove(0);
    assert_eq!(returned.recipient, "postmaster@example.com");
    assert_eq!(returned.sender, "", "the null path");
    assert_eq!(returned.letter.kind(), Kind::Other);
    let text = String::from_utf8_lossy(&returned.letter.raw).into_owned();
    assert!(text.contains("Mailbox moved to the moon"), "{text:.2000}");
    assert!(text.contains("message/rfc822"), "the original is attached");
    let id = waiting::until("the ledger's word", SOON, || {
        let row = server.the_row();
        row.mails.contains(&"returned".to_owned()).then_some(row.id)
    });
    let shown = server.says(&["messages", "show", &id]);
    assert!(shown.contains("550") && shown.contains("Mailbox moved to the moon"), "{shown}");
    let unsettled = server.says(&["messages", "list", "--unsettled", "--json"]);
    assert!(unsettled.contains(&id), "{unsettled}");
    let kept = std::fs::read_dir(server.state().join("recordings")).expect("a folder").count();
    assert_eq!(kept, 1, "the sound is kept");
    // Once the mailbox is there again, the operator sends it off.
    sink.refuses_no_longer("alice@example.com");
    server.says(&["messages", "retry", &id]);
    let again = waiting::until("the mail itself", Duration::from_secs(30), || {
        sink.taken_for("alice@example.com").pop()
    });
    again.letter.check_message(&said);
}

#[test]
fn a_return_that_is_refused_is_not_returned_again() {
    let sink = MailSink::start();
    sink.refuses("alice@example.com", "No such user");
    sink.refuses("postmaster@example.com", "No postmaster either");
    let server = Server::start(Settings::new().mail(&sink.url()));
    Call::hang_up_in_greeting(server.sip(), &Invite::to("alice"));
    let id = waiting::until("the returned message to be given up", SOON, || {
        let row = server.ledger().pop()?;
        let entry = http::json(server.http(), &format!("/api/v1/ledger/{}", row.id));
        let dead = |mail: &serde_json::Value| mail["kind"] == "return" && mail["state"] == "dead";
        entry["mails"].as_array()?.iter().any(dead).then_some(row.id)
    });
    assert!(server.says(&["messages", "show", &id]).contains("No postmaster either"));
    waiting::pass(Duration::from_millis(500));
    assert!(sink.taken().is_empty());
}
