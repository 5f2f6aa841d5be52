//! The whole street: sipp leaves 8 s of speech, three times at once; slapd
//! knows one caller, alice's contacts know another, nobody knows the third; the
//! mails are read back from dovecot by IMAP.

use std::time::Duration;

use ringpost_tests::directory::Directory;
use ringpost_tests::letter::Kind;
use ringpost_tests::mail_system::MailSystem;
use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sipp::Sipp;
use ringpost_tests::sound::{align, seconds, speech};

use crate::company;

#[test]
fn from_sipp_to_the_mailbox() {
    let mail = MailSystem::start(&["alice", "bob", "postmaster"]);
    let directory = Directory::start();
    let mut server = Server::start(Settings::new().mail(&mail.url()).directory(&directory));
    let cards = server.folder().join("contacts.vcf");
    std::fs::write(&cards, company::CONTACTS).expect("a file");
    server.says(&["contacts", "import", "alice", &cards.display().to_string()]);
    for secret in ["Carol Example", "Hedy Example", "+14255550142", "+14255550151"] {
        server.never_logs(secret);
    }
    let greeting = company::greeting_of(&server, "bob");
    let callers = [
        ("+14255550142", "Carol Example", speech(8.0, 31)),
        ("+14255550151", "Hedy Example", speech(8.0, 32)),
        ("+14255550188", "+1 (425) 555-0188", speech(8.0, 33)),
    ];
    std::thread::scope(|scope| {
        for (caller, _, said) in &callers {
            let sip = server.sip();
            scope.spawn(move || {
                let sipp = Sipp::scenario("message", "alice").caller(caller);
                sipp.speaks(greeting + Duration::from_millis(300), said).run(sip);
            });
        }
    });
    let letters = mail.wait_inbox("alice", 3, Duration::from_secs(30));
    for (caller, shown, said) in &callers {
        let letter = letters
            .iter()
            .find(|letter| letter.header("X-CallingTelephoneNumber") == Some(caller))
            .unwrap_or_else(|| panic!("no mail about {caller}"));
        letter.check_message(said);
        assert_eq!(letter.header("Content-Class"), Some("voice-ca"));
        let length = letter.duration();
        assert!((f64::from(length) - seconds(said)).abs() <= 1.0, "the mail says {length} s");
        assert_eq!(letter.subject, format!("Voice Mail from {shown} ({length} seconds)"));
        assert_eq!(letter.from_name, *shown);
        let wav = letter.sound();
        let found = align(said, &wav.samples);
        println!(
            "{shown}: correlation {:.5}, {} s said, {:.2} s recorded, the mail says {length} s",
            found.correlation,
            seconds(said),
            seconds(&wav.samples)
        );
        let text = String::from_utf8_lossy(&letter.raw).into_owned();
        assert!(text.contains("using TLSv1"), "STARTTLS was offered and is taken");
    }
    assert_eq!(mail.wait_inbox("bob", 1, Duration::from_secs(30))[0].kind(), Kind::MissedCall);
    assert_eq!(mail.inbox("alice").len(), 3);
}
