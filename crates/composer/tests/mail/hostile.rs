//! Input that nobody sends in good faith: whatever stands in a name, a number, a
//! card, a call id or an answer of a mail server, the mail has exactly the
//! headers it should have, the addresses it should have, and no markup but ours.

use std::time::Duration;

use mail_parser::{Address, Message};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use ringpost_composer::{Returning, Telling, compose, compose_return};
use ringpost_model::{
    CallRecord, CallerIdentity, CallerName, Card, E164, Mail, NameOrigin, Outcome, Party, Phone,
    PhoneKind, Recording, Subscriber, Timestamp, Why,
};

use crate::samples::*;
use crate::story::{header, parsed};

const NASTY: [&str; 28] = [
    "\r\nBcc: eve@example.com\r\n\r\n",
    "\nX-Injected: yes",
    "\rX-Injected: yes",
    "\u{85}X-Injected: yes",
    "\u{2028}X-Injected: yes",
    "\"",
    "\\",
    "\\\"",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</bdi></td></table>",
    "&amp;&lt;&#60;",
    "\u{202e}gpj.exe\u{2066}",
    "=?utf-8?Q?=0D=0ABcc:_eve@example.com?=",
    "=\u{200b}?utf-8?B?DQpCY2M6?=",
    "eve@example.com",
    ">, <eve@example.com>",
    "(comment)",
    ";,:",
    "%0d%0aBcc:",
    "javascript:alert(1)",
    "sip:x@y\" onclick=\"z",
    "👩\u{200d}👩\u{200d}👧",
    "e\u{301}\u{301}\u{301}\u{301}",
    "محمد",
    "山田太郎",
    "\0\u{7}\u{1b}[31m",
    "--=_alternative_\r\n--=_mixed_",
];

/// A few characters of anything, nasty pieces among them, up to 10,000 characters.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(&NASTY[..]).prop_map(str::to_owned),
        2 => any::<String>(),
        1 => "[ -~]{0,90}",
    ];
    let pieces = prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat());
    prop_oneof![
        12 => pieces.clone(),
        1 => (pieces, 1_usize..400).prop_map(|(text, times)| {
            text.repeat(times).chars().take(10_000).collect()
        }),
    ]
}

fn identity() -> impl Strategy<Value = CallerIdentity> {
    let origin = prop::sample::select(vec![
        NameOrigin::Directory,
        NameOrigin::Contacts,
        NameOrigin::Network,
    ]);
    let name = (hostile(), origin).prop_map(|(text, origin)| CallerName { text, origin });
    let number = prop_oneof![Just(None), "\\+[1-9][0-9]{1,14}".prop_map(|n| E164::parse(&n).ok())];
    let option = || prop::option::of(hostile());
    let card = (option(), option(), option(), option(), hostile()).prop_map(
        |(title, company, mail, im, number)| Card {
            title,
            company,
            phones: vec![Phone { kind: PhoneKind::Mobile, number }],
            mail,
            im,
        },
    );
    (
        hostile(),
        prop::bool::weighted(0.1),
        number,
        (option(), option(), option()),
        prop::option::of(name),
        prop::option::of(card),
    )
        .prop_map(|(raw, withheld, number, (number_shown, extension, sip_uri), name, card)| {
            CallerIdentity { raw, withheld, number, number_shown, extension, sip_uri, name, card }
        })
}

fn record(hostile: [String; 5], is_voice_mail: bool, millis: u64) -> (CallRecord, Subscriber) {
    let [id, call_id, called, name, zone] = hostile;
    let subscriber = Subscriber { name, time_zone: zone, ..alice() };
    let record = CallRecord {
        id,
        call_id,
        called: Party::from_user(&called),
        subscriber: Some(subscriber.clone()),
        outcome: if is_voice_mail {
            Outcome::VoiceMail(Why::MessageLeft)
        } else {
            Outcome::MissedCall(Why::Reported)
        },
        recording: Some(Recording {
            file: "a.wav".into(),
            duration: Duration::from_millis(millis),
        }),
        ..missed(&CallerIdentity::default())
    };
    (record, subscriber)
}

/// RFC 5322 §2.1: lines, their ends, their length and nothing of 8 bits.
fn check_wire(mail: &Mail) -> Result<(), TestCaseError> {
    let message = std::str::from_utf8(&mail.message).expect("7 bit");
    prop_assert!(message.bytes().all(|byte| byte.is_ascii() && byte != 0));
    for line in message.split("\r\n") {
        prop_assert!(!line.contains(['\r', '\n']), "bare CR or LF: {:?}", line);
        prop_assert!(line.len() <= 998, "{} octets", line.len());
    }
    let (headers, _) = message.split_once("\r\n\r\n").expect("headers");
    for line in headers.split("\r\n") {
        // Only what has no space to fold at may be longer than 78.
        let text = line.split_once(": ").map_or(line, |(_, value)| value);
        prop_assert!(line.len() <= 78 || !text.trim().contains(' '), "{}", line);
    }
    Ok(())
}

fn names(message: &Message<'_>) -> Vec<String> {
    message.headers_raw().map(|(name, _)| name.to_owned()).collect()
}

fn only_address(address: Option<&Address<'_>>) -> Option<(String, String)> {
    let all: Vec<_> = address?.iter().collect();
    let [only] = all.as_slice() else { return None };
    Some((only.name().unwrap_or("").to_owned(), only.address()?.to_owned()))
}

/// Nothing that a reader would see as anything but one line of text.
fn is_one_line(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.chars().any(|character| {
            character.is_control()
                || matches!(u32::from(character),
                    0x2028 | 0x2029 | 0x202A..=0x202E | 0x2066..=0x2069)
        })
}

/// Every tag is one of the layout's and every link goes where links may go.
fn check_markup(html: &str) -> Result<(), TestCaseError> {
    let allowed = [
        "!DOCTYPE", "html", "head", "meta", "title", "body", "h1", "p", "table", "tr", "th", "td",
        "bdi", "a", "span",
    ];
    for tag in html.split('<').skip(1) {
        let tag = tag.strip_prefix('/').unwrap_or(tag);
        let name: String =
            tag.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '!').collect();
        prop_assert!(allowed.contains(&name.as_str()), "<{}", tag);
        let inside = tag.split('>').next().unwrap_or("");
        let attributes: Vec<&str> = inside.split('"').step_by(2).collect();
        for attribute in attributes {
            prop_assert!(!attribute.trim_start().starts_with("on"), "<{}", tag);
        }
        if let Some(link) = inside.strip_prefix("a href=\"") {
            let schemes = ["tel:+", "mailto:", "sip:", "sips:"];
            let link = link.to_ascii_lowercase();
            prop_assert!(schemes.iter().any(|scheme| link.starts_with(scheme)), "<{}", tag);
        }
    }
    for tag in ["<html", "<table", "<h1", "<body"] {
        prop_assert_eq!(html.matches(tag).count(), 1, "{}", tag);
    }
    Ok(())
}

fn settings(cases: u32) -> Config {
    Config {
        cases,
        rng_seed: RngSeed::Fixed(20_260_612),
        failure_persistence: None,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(settings(2_000))]

    #[test]
    fn a_mail_says_what_it_should_and_no_more(
        identity in identity(),
        texts in [hostile(), hostile(), hostile(), hostile(), hostile()],
        is_voice_mail in any::<bool>(),
        millis in 0_u64..2_000_000,
    ) {
        let (record, subscriber) = record(texts, is_voice_mail, millis);
        let telling = Telling {
            record: &record,
            subscriber: &subscriber,
            identity: &identity,
            recipient: ALICE,
            sound: is_voice_mail.then(sound),
        };
        let mail = compose(&letterhead(), telling).expect("a mail");
        check_wire(&mail)?;
        let message = parsed(&mail.message);

        let mut expected = vec!["From"];
        let optional = |name| header(&message, name).map(|_| name);
        expected.extend(optional("Reply-To"));
        expected.extend([
            "To", "Subject", "Thread-Topic", "Date", "Message-ID", "Auto-Submitted",
            "X-Auto-Response-Suppress", "Content-Class", "Content-Language",
        ]);
        expected.extend(optional("X-CallingTelephoneNumber"));
        expected.extend(optional("X-VoiceMessageSenderName"));
        if is_voice_mail {
            expected.extend(["X-VoiceMessageDuration", "X-AttachmentOrder"]);
        }
        expected.extend(optional("X-CallID"));
        expected.extend(["X-Ringpost-Source", "MIME-Version", "Content-Type"]);
        prop_assert_eq!(names(&message), expected);

        let (who, from) = only_address(message.from()).expect("one From");
        prop_assert_eq!(from, SERVICE);
        prop_assert!(is_one_line(&who), "{:?}", who);
        prop_assert!(who.chars().count() <= 80);
        prop_assert_eq!(only_address(message.to()).expect("one To").1, ALICE);
        if header(&message, "Reply-To").is_some() {
            let (name, address) = only_address(message.reply_to()).expect("one Reply-To");
            prop_assert_eq!(name, who.clone());
            let card_mail = identity.card.as_ref().and_then(|card| card.mail.as_deref());
            prop_assert_eq!(Some(address.as_str()), card_mail.map(str::trim));
        }
        let subject = message.subject().expect("a subject");
        let start = if is_voice_mail { "Voice Mail from " } else { "Missed Call from " };
        prop_assert!(subject.starts_with(&format!("{start}{who}")), "{:?} {:?}", subject, who);
        prop_assert_eq!(message.thread_name().is_some(), true);
        if let Some(id) = header(&message, "X-CallID") {
            prop_assert!(is_one_line(&id.replace("\r\n", "")));
        }

        prop_assert_eq!(message.attachment_count(), usize::from(is_voice_mail));
        if is_voice_mail {
            prop_assert_eq!(message.attachment(0).expect("sound").contents(), &sound().bytes[..]);
        }
        check_markup(&message.body_html(0).expect("HTML"))?;
        let text = message.body_text(0).expect("text").into_owned();
        prop_assert!(text.lines().filter(|line| line.starts_with("Caller ID:")).count() == 1);
        prop_assert!(text.lines().count() <= 20, "{}", text);
    }

    #[test]
    fn a_report_to_the_postmaster_holds_together(
        recipient in hostile(),
        reason in hostile(),
        id in hostile(),
        original in prop_oneof![
            hostile().prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..400),
        ],
        millis in any::<i64>(),
    ) {
        let record = CallRecord { id, ..left(&network()) };
        let returning = Returning {
            record: &record,
            recipient: &recipient,
            reason: &reason,
            attempts: 7,
            at: Timestamp::from_millis(millis),
            original: &original,
        };
        let mail = compose_return(&letterhead(), returning).expect("a mail");
        check_wire(&mail)?;
        let message = parsed(&mail.message);
        prop_assert_eq!(names(&message), [
            "From", "To", "Subject", "Date", "Message-ID", "References", "Auto-Submitted",
            "X-Auto-Response-Suppress", "Content-Language", "X-Ringpost-Source", "MIME-Version",
            "Content-Type",
        ]);
        prop_assert_eq!(only_address(message.from()).expect("one From").1, SERVICE);
        prop_assert_eq!(only_address(message.to()).expect("one To").1, "postmaster@example.com");
        prop_assert!(is_one_line(message.subject().expect("a subject")));
        prop_assert_eq!(mail.envelope.sender, None);
    }
}
