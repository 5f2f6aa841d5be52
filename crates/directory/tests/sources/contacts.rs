//! The contacts store.

use ringpost_directory::{Contacts, Imported};
use ringpost_lookup::{DialPlan, Source};
use ringpost_model::{NameOrigin, Phone, PhoneKind};
use tempfile::TempDir;

use super::{call, names, plan};

const BOB: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:bob-1\r\nFN:Bob Example\r\nORG:Example Inc.\r\n\
    TITLE:Plumber\r\nTEL;TYPE=WORK:+1 (425) 555-0142\r\nTEL;TYPE=CELL:425.555.0143\r\n\
    TEL;TYPE=WORK,FAX:+14255550149\r\nEMAIL:Bob@Example.com\r\nIMPP:sip:bob.im@example.com\r\nEND:VCARD\r\n";

async fn store() -> (TempDir, Contacts) {
    let folder = tempfile::tempdir().unwrap();
    let contacts = Contacts::open(&folder.path().join("people.db"), plan()).await.unwrap();
    (folder, contacts)
}

fn imported(read: usize, stored: usize, updated: usize) -> Imported {
    Imported { read, stored, updated, unreadable: Vec::new() }
}

#[tokio::test]
async fn a_caller_is_found_in_any_spelling_by_the_one_whose_contact_it_is() {
    let (_folder, contacts) = store().await;
    assert_eq!(contacts.import("Alice", BOB.as_bytes()).await, Ok(imported(1, 1, 0)));
    assert_eq!((contacts.name(), contacts.origin()), ("contacts", NameOrigin::Contacts));
    for (from, known) in [
        ("+14255550142", true),
        ("4255550142", true),
        ("14255550143", true),
        ("+1 425 555 0143", true),
        ("sip:BOB@example.com", true),
        ("sip:bob.im@example.com", true),
        ("sip:+14255550142@pbx.example.com", true),
        ("+14255550149", false),
        ("+12065550142", false),
        ("0142", false),
        ("sip:mallory@example.com", false),
        ("", false),
    ] {
        let expected: &[&str] = if known { &["Bob Example"] } else { &[] };
        assert_eq!(names(&contacts, from).await.unwrap(), expected, "{from}");
    }
    let found = async |user| contacts.find(&call(user, "+14255550142")).await.unwrap().len();
    assert_eq!((found("ALICE").await, found("bruno").await), (1, 0));
    assert_eq!(contacts.count("aLiCe").await, Ok(1));
    assert_eq!(contacts.count("bruno").await, Ok(0));
}

#[tokio::test]
async fn the_card_of_a_contact_is_shown() {
    let (_folder, contacts) = store().await;
    contacts.import("alice", BOB.as_bytes()).await.unwrap();
    let people = contacts.find(&call("alice", "+14255550142")).await.unwrap();
    let phone = |kind, number: &str| Phone { kind, number: number.into() };
    let card = &people[0].card;
    assert_eq!(card.title.as_deref(), Some("Plumber"));
    assert_eq!(card.company.as_deref(), Some("Example Inc."));
    assert_eq!(card.mail.as_deref(), Some("Bob@Example.com"));
    assert_eq!(card.im.as_deref(), Some("sip:bob.im@example.com"));
    assert_eq!(
        card.phones,
        [phone(PhoneKind::Work, "+1 (425) 555-0142"), phone(PhoneKind::Mobile, "425.555.0143")]
    );
}

#[tokio::test]
async fn importing_again_updates_by_uid() {
    let (_folder, contacts) = store().await;
    contacts.import("alice", BOB.as_bytes()).await.unwrap();
    let moved = BOB.replace("555-0142", "555-0177").replace("FN:Bob", "FN:Robert");
    assert_eq!(contacts.import("alice", moved.as_bytes()).await, Ok(imported(1, 0, 1)));
    assert_eq!(contacts.count("alice").await, Ok(1));
    assert_eq!(names(&contacts, "+14255550177").await.unwrap(), ["Robert Example"]);
    assert_eq!(names(&contacts, "+14255550142").await.unwrap(), [""; 0]);
    // The same card is somebody else's contact too, and stays as it was there.
    assert_eq!(contacts.import("bruno", BOB.as_bytes()).await, Ok(imported(1, 1, 0)));
    assert_eq!(contacts.count("alice").await, Ok(1));
}

#[tokio::test]
async fn importing_again_updates_by_name_and_numbers() {
    let (_folder, contacts) = store().await;
    let card = |uid: &str, title: &str, tel: &str| {
        format!("BEGIN:VCARD\nVERSION:3.0\n{uid}FN:Bob Example\nTITLE:{title}\n{tel}END:VCARD\n")
    };
    let numbers = "TEL:+1 425 555 0142\nTEL:+1 425 555 0143\n";
    let respelled = "TEL:425-555-0143\nTEL:(425) 555-0142\n";
    let steps = [
        (card("", "Apprentice", numbers), imported(1, 1, 0), 1),
        (card("", "Plumber", respelled), imported(1, 0, 1), 1),
        (card("UID:a\n", "Master", numbers), imported(1, 0, 1), 1),
        // Exporters that make up a new UID each time are no reason for two Bobs.
        (card("UID:b\n", "Foreman", numbers), imported(1, 0, 1), 1),
        (card("UID:c\n", "Another", "TEL:+1 425 555 0144\n"), imported(1, 1, 0), 2),
    ];
    for (file, done, count) in steps {
        assert_eq!(contacts.import("alice", file.as_bytes()).await, Ok(done), "{file}");
        assert_eq!(contacts.count("alice").await, Ok(count), "{file}");
    }
    let people = contacts.find(&call("alice", "+14255550143")).await.unwrap();
    assert_eq!(people[0].card.title.as_deref(), Some("Foreman"));
}

#[tokio::test]
async fn bad_cards_are_skipped_and_named() {
    let (_folder, contacts) = store().await;
    let file = format!(
        "{BOB}BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Cut off\r\n{}",
        BOB.replace("bob-1", "bob-2").replace("FN:Bob", "FN:Ben")
    );
    let done = contacts.import("alice", file.as_bytes()).await.unwrap();
    assert_eq!((done.read, done.stored), (3, 2));
    assert_eq!(done.unreadable, ["card 2 (line 13): it ends without END:VCARD"]);
    let nothing = contacts.import("alice", b"name,number").await.unwrap();
    assert_eq!((nothing.read, nothing.unreadable.len()), (0, 1));
}

#[tokio::test]
async fn extensions_service_numbers_and_shared_numbers() {
    let (_folder, contacts) = store().await;
    let card = |name: &str, tel: &str| {
        format!("BEGIN:VCARD\nVERSION:4.0\nFN:{name}\nTEL;VALUE=uri:{tel}\nEND:VCARD\n")
    };
    let file = [
        card("Ann", "tel:+14255550100;ext=1001"),
        card("Ben", "tel:+14255550100;ext=1002"),
        card("Helpdesk", "1003"),
        card("Supplier", "tel:+12065550100;ext=1003"),
        card("Repairs", "tel:611"),
        card("Family", "+14255550142"),
        card("Mother", "+1-425-555-0142"),
    ]
    .concat();
    contacts.import("alice", file.as_bytes()).await.unwrap();
    for (from, known) in [
        ("1001", &["Ann"][..]),
        ("1003", &["Helpdesk"]),
        ("611", &["Repairs"]),
        ("+14255550100", &["Ann", "Ben"]),
        ("+14255550142", &["Family", "Mother"]),
        ("1004", &[]),
    ] {
        assert_eq!(names(&contacts, from).await.unwrap(), known, "{from}");
    }
    let reception = card("Reception", "+14255550100");
    contacts.import("alice", reception.as_bytes()).await.unwrap();
    assert_eq!(names(&contacts, "+14255550100").await.unwrap(), ["Reception"]);
}

#[tokio::test]
async fn nothing_is_said_about_a_withheld_caller_or_by_hostile_ones() {
    let (_folder, contacts) = store().await;
    contacts.import("alice", BOB.as_bytes()).await.unwrap();
    let mut withheld = call("alice", "+14255550142");
    withheld.caller.withheld = true;
    assert_eq!(contacts.find(&withheld).await, Ok(Vec::new()));
    for from in ["' OR 1=1 --", "sip:%' OR '1'='1@example.com", "sip:%@%", "%", "_", "\0"] {
        assert_eq!(names(&contacts, from).await.unwrap(), [""; 0], "{from}");
    }
}

#[tokio::test]
async fn another_process_imports_while_the_server_looks_up() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.db");
    let server = Contacts::open(&file, plan()).await.unwrap();
    let command = Contacts::open(&file, plan()).await.unwrap();
    assert_eq!(names(&server, "+14255550142").await.unwrap(), [""; 0]);
    command.import("alice", BOB.as_bytes()).await.unwrap();
    command.close().await;
    assert_eq!(names(&server, "+14255550142").await.unwrap(), ["Bob Example"]);
    server.close().await;
    let said = server.find(&call("alice", "+14255550142")).await.unwrap_err().reason;
    assert!(said.contains("people.db") && !said.contains("0142"), "{said}");
}

#[tokio::test]
async fn numbers_are_read_by_the_dial_plan_of_today() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.db");
    let card = b"BEGIN:VCARD\nVERSION:3.0\nFN:Jan\nTEL:030 23125042\nEND:VCARD\n";
    let before = Contacts::open(&file, plan()).await.unwrap();
    before.import("alice", card).await.unwrap();
    assert_eq!(names(&before, "+493023125042").await.unwrap(), [""; 0]);
    let after = Contacts::open(&file, DialPlan::new("DE", 4).unwrap()).await.unwrap();
    assert_eq!(names(&after, "+493023125042").await.unwrap(), ["Jan"]);
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let no_database = folder.path().join("people.db");
    std::fs::write(&no_database, vec![b'x'; 8192]).unwrap();
    for path in [no_database, folder.path().join("missing").join("people.db")] {
        let said = Contacts::open(&path, plan()).await.err().unwrap().to_string();
        assert!(said.contains(&path.display().to_string()), "{said}");
        assert!(said.contains("check that its folder exists"), "{said}");
    }
}
