//! Calls and callers to tell of, all invented.

use std::time::Duration;

use ringpost_composer::{Letterhead, Sound, Telling, compose};
use ringpost_model::{
    CallRecord, CallerIdentity, CallerName, Card, E164, Ear, Mail, NameOrigin, Notify, Outcome,
    Party, Phone, PhoneKind, Recording, Stage, Subscriber, Timestamp, Why,
};

/// 2026-06-12, 10:04:05 in Los Angeles.
pub const RECEIVED: Timestamp = Timestamp::from_millis(1_781_283_845_000);

pub const SERVICE: &str = "voicemail@example.com";
pub const ALICE: &str = "alice@example.com";

pub fn letterhead() -> Letterhead {
    Letterhead {
        from: SERVICE.into(),
        postmaster: "postmaster@example.com".into(),
        caller_domain: None,
        message_id_domain: "um.example.com".into(),
    }
}

pub fn alice() -> Subscriber {
    Subscriber {
        user: "alice".into(),
        name: "Alice Example".into(),
        mail: vec![ALICE.into()],
        number: E164::parse("+14255550101").ok(),
        extension: Some("1001".into()),
        time_zone: "America/Los_Angeles".into(),
        language: "en".into(),
        notify: Notify::Server,
        missed_calls: true,
        answer_after: None,
    }
}

/// A call from `identity` that nobody picked up, as the front end's INFO tells it.
pub fn missed(identity: &CallerIdentity) -> CallRecord {
    CallRecord {
        id: "01977b5c-0000-7000-8000-000000000001".into(),
        call_id: "4a5c0ffee@192.0.2.10".into(),
        identifiers: vec!["4a5c0ffee@192.0.2.10".into()],
        called: Party {
            uri: Some("sip:alice@example.com".into()),
            user: Some("alice".into()),
            host: Some("example.com".into()),
            ..Party::default()
        },
        subscriber: Some(alice()),
        caller: Party {
            user: Some(identity.raw.clone()),
            uri: Some(format!("sip:{}@gateway.example.com;user=phone", identity.raw)),
            withheld: identity.withheld,
            ..Party::default()
        },
        ear: Ear::Info,
        stage: Stage::Ringing,
        received: RECEIVED,
        answered: None,
        ended: RECEIVED.plus(Duration::from_secs(17)),
        outcome: Outcome::MissedCall(Why::Reported),
        recording: None,
    }
}

/// The same caller, who left a message of 8 seconds.
pub fn left(identity: &CallerIdentity) -> CallRecord {
    CallRecord {
        ear: Ear::Call,
        stage: Stage::Recording,
        answered: Some(RECEIVED),
        outcome: Outcome::VoiceMail(Why::MessageLeft),
        recording: Some(Recording {
            file: "01977b5c.wav".into(),
            duration: Duration::from_millis(8_240),
        }),
        ..missed(identity)
    }
}

/// A µ-law WAV of a tenth of a second: header, `fact` chunk, a tone.
pub fn sound() -> Sound {
    let samples: Vec<u8> =
        (0..800).map(|at: u32| [0xFF, 0x9C, 0x8E, 0x1C][at as usize % 4]).collect();
    let length = 800_u32;
    let mut bytes = Vec::new();
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(50 + length).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt \x12\0\0\0\x07\0\x01\0");
    bytes.extend_from_slice(&8000_u32.to_le_bytes());
    bytes.extend_from_slice(&8000_u32.to_le_bytes());
    bytes.extend_from_slice(b"\x01\0\x08\0\0\0fact\x04\0\0\0");
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&samples);
    Sound { bytes, content_type: "audio/wav", extension: "wav" }
}

/// What the composer makes of it for Alice; sound only where there is a voice mail.
pub fn mail_of(record: &CallRecord, identity: &CallerIdentity) -> Mail {
    mail_with(&letterhead(), record, identity)
}

/// The same under another letterhead.
pub fn mail_with(head: &Letterhead, record: &CallRecord, identity: &CallerIdentity) -> Mail {
    let sound = matches!(record.outcome, Outcome::VoiceMail(_)).then(sound);
    let subscriber = record.subscriber.clone().unwrap_or_else(alice);
    let telling = Telling { record, subscriber: &subscriber, identity, recipient: ALICE, sound };
    compose(head, telling).expect("a mail")
}

pub fn number_only() -> CallerIdentity {
    CallerIdentity {
        raw: "+14255550142".into(),
        number: E164::parse("+14255550142").ok(),
        number_shown: Some("+1 (425) 555-0142".into()),
        ..CallerIdentity::default()
    }
}

pub fn named(text: &str, origin: NameOrigin) -> CallerIdentity {
    CallerIdentity { name: Some(CallerName { text: text.into(), origin }), ..number_only() }
}

pub fn directory() -> CallerIdentity {
    CallerIdentity {
        card: Some(Card {
            title: Some("Head of Sales & Service".into()),
            company: Some("Example Ltd.".into()),
            phones: vec![
                Phone { kind: PhoneKind::Work, number: "+1 425 555 0142".into() },
                Phone { kind: PhoneKind::Mobile, number: "+1 (425) 555-0143".into() },
                Phone { kind: PhoneKind::Home, number: "(425) 555-0144".into() },
                Phone { kind: PhoneKind::Other, number: "1042".into() },
            ],
            mail: Some("bob@example.com".into()),
            im: Some("sip:bob@example.com".into()),
        }),
        ..named("Bob Example", NameOrigin::Directory)
    }
}

pub fn contacts() -> CallerIdentity {
    CallerIdentity {
        card: Some(Card {
            phones: vec![Phone { kind: PhoneKind::Mobile, number: "+1 425 555 0142".into() }],
            ..Card::default()
        }),
        ..named("Carol Example", NameOrigin::Contacts)
    }
}

pub fn network() -> CallerIdentity {
    named("EXAMPLE BOB", NameOrigin::Network)
}

pub fn withheld() -> CallerIdentity {
    CallerIdentity { withheld: true, ..CallerIdentity::default() }
}

pub fn sip_only() -> CallerIdentity {
    CallerIdentity {
        raw: "dave".into(),
        number_shown: Some("dave".into()),
        sip_uri: Some("sip:dave@partner.example.com".into()),
        ..CallerIdentity::default()
    }
}

pub fn extension_only() -> CallerIdentity {
    CallerIdentity {
        raw: "1002".into(),
        number_shown: Some("1002".into()),
        extension: Some("1002".into()),
        ..CallerIdentity::default()
    }
}

pub fn japanese() -> CallerIdentity {
    named("山田 太郎", NameOrigin::Contacts)
}

pub fn arabic() -> CallerIdentity {
    named("محمد المثال", NameOrigin::Contacts)
}

pub fn quotes_and_breaks() -> CallerIdentity {
    named("Bob \"the\r\nBuilder\" O'Example <b>, \\ & Söhne", NameOrigin::Network)
}
