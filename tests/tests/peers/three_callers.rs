//! Who rang: named from slapd, from the called user's contacts, or not at all.

use ringpost_tests::directory::{Directory, PEOPLE};
use ringpost_tests::letter::Letter;
use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};

use crate::company::CONTACTS;

/// Rings alice and hangs up in the greeting; the mail about it.
fn ring(server: &Server, caller: &str, earlier: usize) -> Letter {
    Call::hang_up_in_greeting(server.sip(), &Invite::to("alice").from(caller));
    let of = |letter: &Letter| letter.header("X-CallingTelephoneNumber") == Some(caller);
    let letters = server.mails("alice", earlier + 1);
    letters.into_iter().find(of).unwrap_or_else(|| panic!("no mail about {caller}"))
}

#[test]
fn the_directory_the_contacts_and_nobody() {
    let directory = Directory::start();
    let mut server = Server::start(Settings::new().directory(&directory));
    let cards = server.folder().join("contacts.vcf");
    std::fs::write(&cards, CONTACTS).expect("a file");
    let said = server.says(&["contacts", "import", "alice", &cards.display().to_string()]);
    assert!(said.contains('1'), "{said}");
    for person in PEOPLE {
        server.never_logs(person.name);
    }
    server.never_logs("Hedy Example");

    let mut mails = 0;
    let mut named = |caller: &str| {
        let letter = ring(&server, caller, mails);
        mails += 1;
        letter.check_missed_call("call");
        letter
    };
    for (caller, name) in [
        ("+14255550142", "Carol Example"),
        ("+14255550143", "Dietmar Example"),
        ("+14255550144", "Erin Example"),
        ("+14255550145", "Erin Example"),
        ("+14255550151", "Hedy Example"),
    ] {
        let letter = named(caller);
        assert_eq!(letter.subject, format!("Missed Call from {name}"), "{caller}");
        assert_eq!(letter.from_name, name);
        assert_eq!(letter.header("X-VoiceMessageSenderName"), Some(name));
        assert!(letter.text.contains(caller), "the raw caller id stands in the text");
    }
    let carol = named("+14255550142");
    assert_eq!(carol.header("Reply-To").map(|to| to.contains("carol@example.com")), Some(true));
    assert!(carol.text.contains("Buyer"), "her title:\n{}", carol.text);
    // Two people share this one: none is chosen. And nobody has the last one.
    for (caller, shown) in
        [("+14255550146", "+1 (425) 555-0146"), ("+14255550190", "+1 (425) 555-0190")]
    {
        let letter = named(caller);
        assert_eq!(letter.subject, format!("Missed Call from {shown}"));
        assert_eq!(letter.header("X-VoiceMessageSenderName"), None);
    }
    // Contacts are their owner's alone.
    Call::hang_up_in_greeting(server.sip(), &Invite::to("bob").from("+14255550151"));
    assert_eq!(server.mails("bob", 1)[0].subject, "Missed Call from +1 (425) 555-0151");
    let why = server.says(&["lookup", "+14255550142", "--for", "alice"]);
    assert!(why.contains("Carol Example"), "{why}");
}
