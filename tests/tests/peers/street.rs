//! The whole street: sipp leaves 8 s of speech, and the mail is read back from
//! dovecot by IMAP.

use std::time::Duration;

use ringpost_tests::letter::Kind;
use ringpost_tests::mail_system::MailSystem;
use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sipp::Sipp;
use ringpost_tests::sound::{align, speech};

use crate::company;

#[test]
fn from_sipp_to_the_mailbox() {
    let mail = MailSystem::start(&["alice", "bob", "postmaster"]);
    let mut server = Server::start(Settings::new().mail(&mail.url()));
    server.never_logs("+14255550188");
    let greeting = company::greeting_of(&server, "bob");
    let said = speech(8.0, 31);
    Sipp::scenario("message", "alice")
        .caller("+14255550188")
        .speaks(greeting + Duration::from_millis(100), &said)
        .run(server.sip());
    let letters = mail.wait_inbox("alice", 1, Duration::from_secs(30));
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    letter.check_message(&said);
    assert_eq!(letter.header("Content-Class"), Some("voice-ca"));
    assert_eq!(letter.header("X-CallingTelephoneNumber"), Some("+14255550188"));
    let found = align(&said, &letter.sound().samples);
    println!(
        "aligned correlation {:.5}, {} s said to last {} s",
        found.correlation,
        8,
        letter.duration()
    );
    assert_eq!(mail.wait_inbox("bob", 1, Duration::from_secs(30))[0].kind(), Kind::MissedCall);
    assert_eq!(mail.inbox("alice").len(), 1);
    assert!(mail.log().contains("TLSv1"), "postfix offers STARTTLS, and it is taken");
}
