//! Whole messages, byte for byte.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ringpost_composer::{Letterhead, Returning, Telling, compose, compose_return};
use ringpost_model::{CallRecord, CallerIdentity, Mail, Outcome, Party, Stage, Subscriber, Why};

use crate::samples::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Every golden message by its file name.
fn all() -> Vec<(String, Mail)> {
    let callers: [(&str, CallerIdentity); 10] = [
        ("directory", directory()),
        ("contacts", contacts()),
        ("network", network()),
        ("number", number_only()),
        ("withheld", withheld()),
        ("sip", sip_only()),
        ("extension", extension_only()),
        ("japanese", japanese()),
        ("arabic", arabic()),
        ("quotes", quotes_and_breaks()),
    ];
    let mut mails = Vec::new();
    for (name, identity) in &callers {
        mails.push((format!("missed-{name}"), mail_of(&missed(identity), identity)));
        mails.push((format!("voice-{name}"), mail_of(&left(identity), identity)));
    }

    let identity = directory();
    let in_greeting = CallRecord {
        stage: Stage::Greeting,
        answered: Some(RECEIVED),
        called: Party::from_user("1001"),
        outcome: Outcome::MissedCall(Why::HungUpInGreeting),
        ..missed(&identity)
    };
    mails.push(("missed-in-greeting".into(), mail_of(&in_greeting, &identity)));

    let interrupted =
        CallRecord { outcome: Outcome::VoiceMail(Why::Interrupted), ..left(&identity) };
    mails.push(("voice-interrupted".into(), mail_of(&interrupted, &identity)));

    let record = left(&identity);
    let telling = Telling {
        record: &record,
        subscriber: &alice(),
        identity: &identity,
        recipient: ALICE,
        sound: None,
    };
    mails.push(("voice-unreadable".into(), compose(&letterhead(), telling).unwrap()));

    let caller_domain =
        Letterhead { caller_domain: Some("callers.example.com".into()), ..letterhead() };
    let elsewhere = Subscriber { time_zone: "Mars/Olympus".into(), ..alice() };
    let record = CallRecord { subscriber: Some(elsewhere), ..missed(&identity) };
    mails.push(("missed-caller-domain".into(), mail_with(&caller_domain, &record, &identity)));

    let original = mail_of(&left(&network()), &network()).message;
    let record = left(&network());
    let returning = |original| Returning {
        record: &record,
        recipient: ALICE,
        reason: "mail.example.com said: 550 5.1.1 <alice@example.com>: Recipient address \
                 rejected: no such user here, see https://example.com/help",
        attempts: 3,
        at: RECEIVED.plus(Duration::from_secs(65)),
        original,
    };
    let whole = compose_return(&letterhead(), returning(&original)).unwrap();
    mails.push(("returned".into(), whole));
    let mut huge = original.clone();
    huge.extend_from_slice(&b"A recording of many minutes.\r\n".repeat(200_000));
    let headers = compose_return(&letterhead(), returning(&huge)).unwrap();
    mails.push(("returned-headers".into(), headers));
    mails
}

#[test]
fn every_message_is_the_golden_one() {
    let bless = std::env::var_os("RINGPOST_BLESS").is_some_and(|value| value == "1");
    let mut expected_files = BTreeSet::new();
    let mut differing = Vec::new();
    for (name, mail) in all() {
        let path = folder().join(format!("{name}.eml"));
        if bless {
            std::fs::write(&path, &mail.message).unwrap();
        }
        let golden = std::fs::read(&path).unwrap_or_default();
        if golden != mail.message {
            differing.push(format!("{name}.eml: {}", first_difference(&golden, &mail.message)));
        }
        expected_files.insert(format!("{name}.eml"));
    }
    assert!(
        differing.is_empty(),
        "these messages changed; if that is wanted, run RINGPOST_BLESS=1 cargo test -p \
         ringpost-composer and read the diff:\n{}",
        differing.join("\n")
    );
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".eml"))
        .collect();
    assert_eq!(files, expected_files, "golden files that no test writes, or the other way round");
}

#[test]
fn a_second_attempt_sends_the_same_bytes() {
    for ((name, first), (_, second)) in all().into_iter().zip(all()) {
        assert!(first == second, "{name}");
    }
}

fn first_difference(golden: &[u8], made: &[u8]) -> String {
    let golden_lines: Vec<_> = golden.split(|byte| *byte == b'\n').collect();
    let made_lines: Vec<_> = made.split(|byte| *byte == b'\n').collect();
    let at = golden_lines.iter().zip(&made_lines).position(|(golden, made)| golden != made);
    let at = at.unwrap_or(golden_lines.len().min(made_lines.len()));
    let line = |lines: &[&[u8]]| {
        lines
            .get(at)
            .map_or_else(|| "(ends)".into(), |line| String::from_utf8_lossy(line).into_owned())
    };
    format!("line {}\n  golden: {}\n  made:   {}", at + 1, line(&golden_lines), line(&made_lines))
}
