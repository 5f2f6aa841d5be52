//! Single promises, read back by a parser that is not ours.

use std::time::Duration;

use mail_parser::{Message, MessageParser, MimeHeaders, PartType};
use ringpost_composer::{
    ComposeError, Letterhead, Returning, Telling, compose, compose_return, message_id,
};
use ringpost_model::{
    CallRecord, CallerIdentity, Ear, NameOrigin, Outcome, Party, Recording, Subscriber, Why,
};

use crate::samples::*;

pub fn parsed(message: &[u8]) -> Message<'_> {
    MessageParser::default().parse(message).expect("a message")
}

pub fn header<'m>(message: &'m Message<'_>, name: &str) -> Option<&'m str> {
    message.headers_raw().find(|(found, _)| *found == name).map(|(_, value)| value.trim())
}

fn text(message: &Message<'_>) -> String {
    message.body_text(0).unwrap().into_owned()
}

#[test]
fn each_kind_has_its_class_and_its_subject() {
    let callers = [
        (directory(), "Bob Example"),
        (network(), "EXAMPLE BOB"),
        (number_only(), "+1 (425) 555-0142"),
        (withheld(), "a withheld number"),
        (sip_only(), "sip:dave@partner.example.com"),
        (extension_only(), "1002"),
        (japanese(), "山田 太郎"),
        (CallerIdentity::default(), "an unknown caller"),
    ];
    for (identity, who) in callers {
        let mail = mail_of(&missed(&identity), &identity);
        let message = parsed(&mail.message);
        assert_eq!(header(&message, "Content-Class"), Some("missedcall"));
        assert_eq!(message.subject(), Some(format!("Missed Call from {who}").as_str()));
        assert_eq!(header(&message, "X-VoiceMessageDuration"), None);
        assert_eq!(message.attachment_count(), 0);

        let mail = mail_of(&left(&identity), &identity);
        let message = parsed(&mail.message);
        assert_eq!(header(&message, "Content-Class"), Some("voice-ca"));
        let subject = format!("Voice Mail from {who} (8 seconds)");
        assert_eq!(message.subject(), Some(subject.as_str()));
        assert_eq!(header(&message, "X-VoiceMessageDuration"), Some("8"));

        let from = message.from().and_then(|from| from.first()).unwrap();
        assert_eq!((from.name(), from.address()), (Some(who), Some(SERVICE)));
        assert!(message.sender().is_none());
    }
}

#[test]
fn the_number_is_e164_or_a_sip_uri_or_not_there() {
    for (identity, expected) in [
        (directory(), Some("+14255550142")),
        (number_only(), Some("+14255550142")),
        (sip_only(), Some("sip:dave@partner.example.com")),
        (extension_only(), Some("sip:1002@gateway.example.com")),
        (withheld(), None),
    ] {
        let mail = mail_of(&missed(&identity), &identity);
        assert_eq!(header(&parsed(&mail.message), "X-CallingTelephoneNumber"), expected);
    }
}

#[test]
fn a_caller_who_withheld_the_number_is_not_found_anywhere_in_the_mail() {
    let identity = CallerIdentity { withheld: true, ..directory() };
    for record in [missed(&identity), left(&identity)] {
        let mail = mail_of(&record, &identity);
        let message = parsed(&mail.message);
        let whole = format!(
            "{}{}{}",
            String::from_utf8_lossy(&mail.message),
            text(&message),
            message.body_html(0).unwrap()
        );
        for secret in ["Bob", "5550142", "555-0142", "bob@", "Sales", "gateway"] {
            assert!(!whole.contains(secret), "{secret} in\n{whole}");
        }
        assert!(text(&message).contains("a withheld number"));
    }
}

#[test]
fn the_raw_caller_id_stands_in_every_text() {
    for identity in
        [directory(), contacts(), network(), number_only(), sip_only(), extension_only()]
    {
        for record in [missed(&identity), left(&identity)] {
            let mail = mail_of(&record, &identity);
            let message = parsed(&mail.message);
            let row = text(&message).lines().any(|line| {
                line.strip_prefix("Caller ID:").is_some_and(|rest| rest.trim() == identity.raw)
            });
            assert!(row, "{}", text(&message));
            assert!(message.body_html(0).unwrap().contains(&identity.raw));
        }
    }
}

#[test]
fn a_name_is_marked_where_only_the_network_vouches_for_it() {
    let marked = |identity| {
        let mail = mail_of(&missed(&identity), &identity);
        let message = parsed(&mail.message);
        let mark = "unverified, as sent by the caller's phone system";
        let html = message.body_html(0).unwrap().replace("&#39;", "'");
        (text(&message).contains(mark), html.contains(mark))
    };
    assert_eq!(marked(network()), (true, true));
    assert_eq!(marked(directory()), (false, false));
    assert_eq!(marked(contacts()), (false, false));
    assert_eq!(marked(number_only()), (false, false));
}

#[test]
fn an_answer_goes_to_a_person_that_a_source_knows_and_to_nobody_else() {
    let reply_to = |identity: &CallerIdentity| {
        let mail = mail_of(&missed(identity), identity);
        let message = parsed(&mail.message);
        message
            .reply_to()
            .and_then(|to| to.first())
            .map(|to| (to.name().unwrap_or("").to_owned(), to.address().unwrap_or("").to_owned()))
    };
    assert_eq!(reply_to(&directory()), Some(("Bob Example".into(), "bob@example.com".into())));
    assert_eq!(reply_to(&contacts()), None);
    let with_mail = |mail: &str, origin| {
        let mut identity = CallerIdentity { card: directory().card, ..named("Bob", origin) };
        if let Some(card) = &mut identity.card {
            card.mail = Some(mail.into());
        }
        identity
    };
    assert_eq!(reply_to(&with_mail("bob@example.com", NameOrigin::Network)), None);
    assert_eq!(
        reply_to(&with_mail("bob@example.com>, <eve@example.com", NameOrigin::Contacts)),
        None
    );
    assert_eq!(reply_to(&with_mail("bøb@example.com", NameOrigin::Contacts)), None);
}

#[test]
fn a_caller_domain_makes_an_address_of_a_number_only() {
    let head = Letterhead { caller_domain: Some("callers.example.com".into()), ..letterhead() };
    for (identity, address) in [
        (directory(), "+14255550142@callers.example.com"),
        (extension_only(), "1002@callers.example.com"),
        (sip_only(), SERVICE),
        (withheld(), SERVICE),
    ] {
        let mail = mail_with(&head, &missed(&identity), &identity);
        let message = parsed(&mail.message);
        assert_eq!(message.from().and_then(|from| from.first()?.address()), Some(address));
        assert_eq!(mail.envelope.sender.as_deref(), Some(SERVICE));
        assert!(message.sender().is_none());
    }
}

#[test]
fn the_recording_is_attached_under_one_name() {
    for (identity, ascii, full) in [
        (directory(), "Bob Example (8 seconds) Voice Mail.wav", None),
        (number_only(), "+1 (425) 555-0142 (8 seconds) Voice Mail.wav", None),
        (withheld(), "a withheld number (8 seconds) Voice Mail.wav", None),
        (sip_only(), "dave@partner.example.com (8 seconds) Voice Mail.wav", None),
        (
            japanese(),
            "+14255550142 (8 seconds) Voice Mail.wav",
            Some("%E5%B1%B1%E7%94%B0%20%E5%A4%AA%E9%83%8E"),
        ),
    ] {
        let mail = mail_of(&left(&identity), &identity);
        let message = parsed(&mail.message);
        assert_eq!(header(&message, "X-AttachmentOrder").map(unfolded).as_deref(), Some(ascii));
        let part = message.attachment(0).unwrap();
        assert_eq!(message.attachment_count(), 1);
        assert_eq!(part.content_type().unwrap().ctype(), "audio");
        assert_eq!(part.content_type().unwrap().attribute("name"), Some(ascii));
        assert_eq!(part.contents(), sound().bytes);

        let raw = String::from_utf8(mail.message.clone()).unwrap();
        let (_, disposition) = raw.split_once("Content-Disposition: ").unwrap();
        let disposition = unfolded(disposition.split("\r\nContent-Transfer").next().unwrap());
        let plain = disposition.find(&format!("filename=\"{ascii}\"")).unwrap();
        match full {
            None => assert!(!disposition.contains("filename*")),
            Some(full) => {
                let encoded = disposition.find("filename*").unwrap();
                assert!(plain < encoded, "{disposition}");
                assert!(disposition.contains(full), "{disposition}");
            }
        }
    }
}

#[test]
fn seconds_are_rounded_and_counted_rightly() {
    for (millis, subject, duration) in [
        (400, "(0 seconds)", "0"),
        (1_000, "(1 second)", "1"),
        (1_499, "(1 second)", "1"),
        (1_500, "(2 seconds)", "2"),
        (75_000, "(75 seconds)", "75"),
    ] {
        let recording =
            Some(Recording { file: "a.wav".into(), duration: Duration::from_millis(millis) });
        let record = CallRecord { recording, ..left(&number_only()) };
        let mail = mail_of(&record, &number_only());
        let message = parsed(&mail.message);
        assert!(message.subject().unwrap().ends_with(subject), "{:?}", message.subject());
        assert_eq!(header(&message, "X-VoiceMessageDuration"), Some(duration));
    }
}

#[test]
fn a_voice_mail_without_its_sound_says_so() {
    let record = left(&number_only());
    for sound in [None, Some(ringpost_composer::Sound { bytes: Vec::new(), ..sound() })] {
        let telling = Telling {
            record: &record,
            subscriber: &alice(),
            identity: &number_only(),
            recipient: ALICE,
            sound,
        };
        let mail = compose(&letterhead(), telling).unwrap();
        let message = parsed(&mail.message);
        assert!(text(&message).contains("could not be read"), "{}", text(&message));
        assert!(text(&message).contains(&record.id));
        assert!(message.body_html(0).unwrap().contains("could not be read"));
        assert_eq!(header(&message, "Content-Class"), Some("voice-ca"));
        assert_eq!(header(&message, "X-AttachmentOrder"), None);
        assert_eq!(message.attachment_count(), 0);
    }
}

#[test]
fn the_number_that_was_rung_is_named() {
    let row = |called: Party| {
        let record = CallRecord { called, ..missed(&number_only()) };
        let mail = mail_of(&record, &number_only());
        let body = text(&parsed(&mail.message));
        body.lines()
            .find_map(|line| line.strip_prefix("Called number:").map(|v| v.trim().to_owned()))
    };
    for (called, expected) in [
        ("alice", "+1 (425) 555-0101"),
        ("ALICE", "+1 (425) 555-0101"),
        ("4255550101", "+1 (425) 555-0101"),
        ("1001", "extension 1001"),
        ("+14255550199", "+14255550199"),
    ] {
        assert_eq!(row(Party::from_user(called)).as_deref(), Some(expected), "{called}");
    }
    assert_eq!(row(Party::default()).as_deref(), Some("+1 (425) 555-0101"));
}

#[test]
fn the_time_is_that_of_the_subscriber() {
    for (zone, shown, date) in [
        (
            "America/Los_Angeles",
            "Friday, June 12, 2026, 10:04 AM PDT",
            "Fri, 12 Jun 2026 10:04:22 -0700",
        ),
        ("Europe/Berlin", "Friday, June 12, 2026, 7:04 PM CEST", "Fri, 12 Jun 2026 19:04:22 +0200"),
        (
            "Mars/Olympus",
            "Friday, June 12, 2026, 5:04 PM UTC (the time zone Mars/Olympus is not known)",
            "Fri, 12 Jun 2026 17:04:22 +0000",
        ),
    ] {
        let subscriber = Subscriber { time_zone: zone.into(), ..alice() };
        let record = CallRecord { subscriber: Some(subscriber), ..missed(&number_only()) };
        let mail = mail_of(&record, &number_only());
        let message = parsed(&mail.message);
        assert!(text(&message).contains(shown), "{}", text(&message));
        assert_eq!(header(&message, "Date"), Some(date));
    }
}

#[test]
fn each_mail_tells_by_which_ear_it_came() {
    for (ear, source) in [
        (Ear::Call, "server; ear=call"),
        (Ear::Info, "server; ear=info"),
        (Ear::Http, "server; ear=http"),
        (Ear::Agent, "agent; ear=agent"),
    ] {
        let record = CallRecord { ear, ..missed(&number_only()) };
        let mail = mail_of(&record, &number_only());
        let message = parsed(&mail.message);
        assert_eq!(header(&message, "X-Ringpost-Source"), Some(source));
        assert_eq!(header(&message, "X-CallID"), Some("4a5c0ffee@192.0.2.10"));
        assert_eq!(message.message_id(), Some(message_id(&letterhead(), &record).as_str()));
    }
}

#[test]
fn what_cannot_be_a_mail_is_refused_with_a_sentence() {
    let identity = number_only();
    let silent =
        CallRecord { outcome: Outcome::Silent(Why::AnsweredElsewhere), ..missed(&identity) };
    let told = missed(&identity);
    let attempt = |head: &Letterhead, record, recipient| {
        let telling =
            Telling { record, subscriber: &alice(), identity: &identity, recipient, sound: None };
        compose(head, telling).unwrap_err()
    };
    let no_from = Letterhead { from: "voicemail".into(), ..letterhead() };
    assert_eq!(attempt(&letterhead(), &silent, ALICE), ComposeError::Silent);
    assert_eq!(attempt(&no_from, &told, ALICE), ComposeError::From);
    let wrong = attempt(&letterhead(), &told, "alice@example.com\r\nBcc: eve@example.com");
    assert_eq!(wrong, ComposeError::Recipient);
    assert!(!wrong.to_string().contains("example"), "no address in a log line: {wrong}");
}

#[test]
fn a_returned_message_can_never_come_back_and_says_what_to_do() {
    let record = left(&network());
    let original = mail_of(&record, &network()).message;
    let returning = |original, recipient| Returning {
        record: &record,
        recipient,
        reason: "550 5.1.1 no such user",
        attempts: 1,
        at: RECEIVED,
        original,
    };
    let mail = compose_return(&letterhead(), returning(&original, ALICE)).unwrap();
    assert_eq!(mail.envelope.sender, None);
    assert_eq!(mail.envelope.recipient, "postmaster@example.com");
    let message = parsed(&mail.message);
    assert_eq!(header(&message, "Auto-Submitted"), Some("auto-generated"));
    assert_ne!(message.message_id(), Some(message_id(&letterhead(), &record).as_str()));
    let body = text(&message);
    for said in [
        ALICE,
        "550 5.1.1 no such user",
        "1 attempt,",
        "ringpost messages retry 01977b5c-0000-7000-8000-000000000001\n",
    ] {
        assert!(body.replace("\r\n", "\n").contains(said), "{said} not in\n{body}");
    }
    let inner = message.parts.iter().find_map(|part| match &part.body {
        PartType::Message(inner) => Some(inner),
        _ => None,
    });
    assert_eq!(inner.unwrap().attachment(0).unwrap().contents(), sound().bytes);
    assert!(
        String::from_utf8_lossy(&mail.message).contains(&String::from_utf8_lossy(&original)[..])
    );

    let other = compose_return(&letterhead(), returning(&original, "carol@example.com")).unwrap();
    assert_ne!(parsed(&other.message).message_id(), message.message_id());

    let eight_bit = [b"Subject: caf\xc3\xa9\r\n\r\n".as_slice(), b"\xff\xfe"].concat();
    let mail = compose_return(&letterhead(), returning(&eight_bit, ALICE)).unwrap();
    assert!(mail.message.is_ascii());
    let message = parsed(&mail.message);
    assert!(!message.parts.iter().any(|part| matches!(part.body, PartType::Message(_))));
    assert!(
        message.parts.iter().any(|part| part.text_contents().is_some_and(|t| t.contains("café")))
    );
}

/// RFC 5322 §2.2.3.
fn unfolded(value: &str) -> String {
    value.replace("\r\n", "")
}
