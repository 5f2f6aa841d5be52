//! Who rang, for every mixture of answers.

use ringpost_model::{E164, Phone, PhoneKind};

use super::*;

const NUMBER: &str = "+14255550142";

fn caller(display_name: &str) -> CallerId {
    CallerId {
        raw: "4255550142".to_owned(),
        number: E164::parse(NUMBER).ok(),
        display_name: Some(display_name.to_owned()).filter(|name| !name.is_empty()),
        ..CallerId::default()
    }
}

fn person(id: &str, name: &str) -> Person {
    Person { id: id.to_owned(), name: name.to_owned(), card: Card::default() }
}

fn with_mail(person: Person, mail: &str) -> Person {
    Person { card: Card { mail: Some(mail.to_owned()), ..person.card }, ..person }
}

fn answer(origin: NameOrigin, people: Vec<Person>) -> Answer {
    let source = if origin == NameOrigin::Directory { "ldap" } else { origin.as_str() };
    let took = Duration::from_millis(12);
    Answer { source: source.to_owned(), origin, took, result: Ok(people) }
}

fn directory(people: Vec<Person>) -> Answer {
    answer(NameOrigin::Directory, people)
}

fn contacts(people: Vec<Person>) -> Answer {
    answer(NameOrigin::Contacts, people)
}

fn dead() -> Answer {
    let fault = SourceFault { reason: "the directory did not answer in 2 s".to_owned() };
    Answer { result: Err(fault), ..directory(Vec::new()) }
}

fn name(choice: &Choice) -> Option<(&str, NameOrigin)> {
    choice.identity.name.as_ref().map(|name| (name.text.as_str(), name.origin))
}

#[test]
fn the_name_is_the_directorys_then_the_contacts_then_the_networks() {
    use NameOrigin::{Contacts, Directory, Network};
    let bob = || person("cn=bob", "Bob Example");
    let carol = || person("7", "Carol Example");
    // display name, answers; name
    type Row<'a> = (&'a str, Vec<Answer>, Option<(&'a str, NameOrigin)>);
    let table: Vec<Row<'_>> = vec![
        ("", vec![], None),
        ("Bobby", vec![], Some(("Bobby", Network))),
        ("Bobby", vec![directory(vec![bob()])], Some(("Bob Example", Directory))),
        ("Bobby", vec![contacts(vec![carol()])], Some(("Carol Example", Contacts))),
        (
            "Bobby",
            vec![contacts(vec![carol()]), directory(vec![bob()])],
            Some(("Bob Example", Directory)),
        ),
        ("Bobby", vec![directory(vec![]), contacts(vec![])], Some(("Bobby", Network))),
        ("Bobby", vec![dead(), contacts(vec![carol()])], Some(("Carol Example", Contacts))),
        ("Bobby", vec![dead()], Some(("Bobby", Network))),
        ("", vec![dead()], None),
        // Two people on one number: no name from there.
        ("", vec![directory(vec![bob(), carol()])], None),
        ("Bobby", vec![directory(vec![bob(), carol()])], Some(("Bobby", Network))),
        (
            "Bobby",
            vec![directory(vec![bob(), person("9", "Eve")]), contacts(vec![carol()])],
            Some(("Carol Example", Contacts)),
        ),
        // The same one twice.
        (
            "",
            vec![directory(vec![bob(), person("cn=bob2", "bob  EXAMPLE")])],
            Some(("Bob Example", Directory)),
        ),
        ("", vec![directory(vec![bob(), bob()])], Some(("Bob Example", Directory))),
        (
            "",
            vec![contacts(vec![
                with_mail(person("1", "Bob Example"), "bob@example.com"),
                with_mail(person("2", "Robert Example"), "Bob@Example.com"),
            ])],
            Some(("Bob Example", Contacts)),
        ),
        // Names that are none.
        ("", vec![directory(vec![person("1", " \r\n ")])], None),
        ("", vec![directory(vec![person("1", ""), bob()])], Some(("Bob Example", Directory))),
        (
            "",
            vec![directory(vec![person("1", "Bob\r\nBcc: x\u{202e}")])],
            Some(("Bob Bcc: x", Directory)),
        ),
    ];
    for (display_name, answers, expected) in table {
        let choice = choose(&caller(display_name), &answers);
        assert_eq!(name(&choice), expected, "{display_name}: {answers:?}");
        assert_eq!(choice.identity.number_shown.as_deref(), Some("+1 (425) 555-0142"));
        assert_eq!(choice.identity.raw, "4255550142", "the raw caller id is always kept");
        let lines = answers.len() + usize::from(!display_name.is_empty());
        assert_eq!(choice.because.len(), lines, "{:?}", choice.because);
    }
}

#[test]
fn the_networks_name_is_not_the_number_once_more() {
    for no_name in [
        "4255550142",
        "+1 425 555 0142",
        "(425) 555-0142",
        "1001",
        "sip:bob@example.com",
        "tel:+14255550142",
        "Anonymous",
        "unknown",
        "Unavailable",
        "?",
        " ",
        "---",
    ] {
        let choice = choose(&caller(no_name), &[]);
        assert_eq!(name(&choice), None, "{no_name}");
    }
    for real in ["Bob", "山田太郎", "علی رضا", "Conference room 4", "R2D2", "Unknown Pleasures"]
    {
        let choice = choose(&caller(real), &[]);
        assert_eq!(name(&choice), Some((real, NameOrigin::Network)));
    }
    let by_address = CallerId {
        raw: "bob".to_owned(),
        sip_uri: Some("sip:bob@example.org".to_owned()),
        display_name: Some("Bob@example.org".to_owned()),
        ..CallerId::default()
    };
    assert_eq!(name(&choose(&by_address, &[])), None);
}

#[test]
fn a_withheld_caller_is_neither_looked_up_nor_shown() {
    let withheld = CallerId { withheld: true, ..caller("Bob") };
    let choice = choose(&withheld, &[directory(vec![person("1", "Bob Example")])]);
    let nobody = CallerIdentity { withheld: true, ..CallerIdentity::default() };
    assert_eq!(choice.identity, nobody);
    assert!(choice.because.iter().all(|line| !line.contains("Bob")), "{:?}", choice.because);
}

#[test]
fn a_failed_source_leaves_the_choice_incomplete() {
    let bob = || person("1", "Bob Example");
    assert!(choose(&caller(""), &[]).complete);
    assert!(choose(&caller(""), &[directory(vec![]), contacts(vec![])]).complete);
    let choice = choose(&caller(""), &[dead(), contacts(vec![bob()])]);
    assert!(!choice.complete);
    assert_eq!(name(&choice), Some(("Bob Example", NameOrigin::Contacts)));
}

#[test]
fn every_source_says_why_it_won_or_lost() {
    let answers = [
        contacts(vec![person("7", "Carol Example")]),
        directory(vec![person("1", "Bob Example"), person("2", "Eve Example")]),
        dead(),
        contacts(vec![person("8", "carol example")]),
        contacts(vec![person("9", "Dave Example")]),
        contacts(vec![]),
    ];
    let choice = choose(&caller("Bobby"), &answers);
    assert_eq!(
        choice.because,
        [
            "ldap (directory, 12 ms): Bob Example and Eve Example both have it: \
             no name is taken from here",
            "ldap (directory, 12 ms): no answer: the directory did not answer in 2 s",
            "contacts (contacts, 12 ms): Carol Example: taken",
            "contacts (contacts, 12 ms): carol example: the same person",
            "contacts (contacts, 12 ms): Dave Example: not taken beside Carol Example (contacts)",
            "contacts (contacts, 12 ms): knows nobody by that",
            "display name of the call, Bobby: not taken beside Carol Example (contacts)",
        ]
    );
}

#[test]
fn one_person_in_several_sources_has_one_card() {
    let phone = Phone { kind: PhoneKind::Mobile, number: "+1 425 555 0142".to_owned() };
    let in_directory = Person {
        card: Card {
            title: Some("Engineer".to_owned()),
            mail: Some("bob@example.com".to_owned()),
            ..Card::default()
        },
        ..person("cn=bob", "Bob Example")
    };
    let in_contacts = Person {
        card: Card {
            title: Some("Friend".to_owned()),
            company: Some("Example Ltd".to_owned()),
            phones: vec![phone.clone()],
            mail: Some("BOB@example.com".to_owned()),
            im: None,
        },
        ..person("7", "Bobby")
    };
    let stranger = Person {
        card: Card { im: Some("sip:eve@example.com".to_owned()), ..Card::default() },
        ..person("8", "Eve")
    };
    let answers =
        [contacts(vec![in_contacts]), contacts(vec![stranger]), directory(vec![in_directory])];
    let identity = choose(&caller(""), &answers).identity;
    let card = identity.card.unwrap();
    assert_eq!(identity.name.unwrap().text, "Bob Example");
    assert_eq!(card.title.as_deref(), Some("Engineer"), "the directory's word counts");
    assert_eq!(card.company.as_deref(), Some("Example Ltd"), "its gaps are filled");
    assert_eq!(card.phones, [phone]);
    assert_eq!(card.im, None, "nothing comes from a stranger's card");
}

#[test]
fn callers_without_a_number_are_shown_as_they_are() {
    let uri = Some("sip:bob@example.org".to_owned());
    let by_address =
        CallerId { raw: "bob".to_owned(), sip_uri: uri.clone(), ..CallerId::default() };
    let identity = choose(&by_address, &[]).identity;
    assert_eq!((identity.number_shown.as_deref(), identity.sip_uri), (Some("bob"), uri.clone()));
    let by_extension = CallerId {
        raw: "1001".to_owned(),
        extension: Some("1001".to_owned()),
        sip_uri: uri,
        ..CallerId::default()
    };
    let identity = choose(&by_extension, &[]).identity;
    assert_eq!(identity.number_shown.as_deref(), Some("1001"));
    assert_eq!((identity.extension.as_deref(), identity.sip_uri), (Some("1001"), None));
    let nothing = choose(&CallerId::default(), &[]).identity;
    assert_eq!(nothing, CallerIdentity::default());
}
