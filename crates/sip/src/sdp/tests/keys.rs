//! Keys in offers and answers (RFC 4568), by policy.

use std::net::SocketAddr;

use super::{HEAD, ours};
use crate::SrtpPolicy::{Off, Optional, Required};
use crate::sdp::*;

/// A key of AES 128.
pub(super) const KEY: &str = "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd";
const KEYED: &str =
    "a=crypto:4 AES_CM_128_HMAC_SHA1_32 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd|2^31";

#[test]
fn what_is_taken_follows_the_policy() {
    let plain = "m=audio 4000 RTP/AVP 0".to_owned();
    let both = format!("m=audio 4000 RTP/AVP 0\n{KEYED}");
    let secure = format!("m=audio 4002 RTP/SAVP 0\n{KEYED}");
    let feedback = format!("m=audio 4002 RTP/SAVPF 0\n{KEYED}");
    let keyless = "m=audio 4002 RTP/SAVP 0".to_owned();
    let identified = format!("m=audio 4002 RTP/SAVP 0\n{KEYED}|1:1");
    let second_line = format!("{identified}\na=crypto:9 AES_CM_128_HMAC_SHA1_80 {KEY}");
    let dtls = format!("m=audio 4002 UDP/TLS/RTP/SAVP 0\n{KEYED}\na=fingerprint:sha-256 00");
    let strange = format!("m=audio 4002 RTP/SAVP 0\na=crypto:1 F8_128_HMAC_SHA1_80 {KEY}");
    let no_codec = format!("m=audio 4002 RTP/SAVP 9\n{KEYED}");
    let (plain_first, secure_first) = (format!("{plain}\n{secure}"), format!("{secure}\n{plain}"));
    let unusable_first = format!("{strange}\n{plain}");
    let session_key = format!("{KEYED}\nm=audio 4002 RTP/SAVP 0");
    // What is taken by port, and whether encrypted: with Off, Optional, Required.
    let (p4000, s4000, s4002) = (Some((4000, false)), Some((4000, true)), Some((4002, true)));
    let table = [
        (&plain, p4000, p4000, None),
        (&both, p4000, s4000, s4000),
        (&secure, None, s4002, s4002),
        (&feedback, None, s4002, s4002),
        (&keyless, None, None, None),
        (&identified, None, None, None),
        (&second_line, None, s4002, s4002),
        (&dtls, None, None, None),
        (&strange, None, None, None),
        (&no_codec, None, None, None),
        (&plain_first, p4000, s4002, s4002),
        (&secure_first, p4000, s4002, s4002),
        (&unusable_first, p4000, p4000, None),
        (&session_key, None, None, None),
    ];
    for (lines, off, optional, required) in table {
        let offer = read_offer(format!("{HEAD}{lines}\n").as_bytes()).expect(lines);
        for (policy, expected) in [(Off, off), (Optional, optional), (Required, required)] {
            let audio = offer.audio(policy);
            let taken = audio.map(|audio| (audio.rtp.port(), audio.srtp.is_some()));
            assert_eq!(taken, expected, "{policy:?} {lines}");
            let Some(audio) = audio else { continue };
            let answer = offer.answer(ours(), &audio, 1, 1);
            assert_eq!(answer.contains("a=crypto"), audio.srtp.is_some(), "{answer}");
            assert_eq!(answer.matches("m=").count(), lines.matches("m=").count(), "{answer}");
            assert_eq!(answer.matches("m=audio 20000 ").count(), 1, "{answer}");
        }
    }
}

#[test]
fn the_answer_has_tag_suite_and_protocol_of_the_offer_and_a_key_of_ours() {
    let long = "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLQ==";
    let body = format!(
        "{HEAD}m=audio 4000 RTP/SAVPF 0\r\n{KEYED}|1:1\r\n\
         a=crypto:7 AES_CM_256_HMAC_SHA1_80 {long} WSH=64\r\n"
    );
    let offer = read_offer(body.as_bytes()).unwrap();
    let audio = offer.audio(Required).unwrap();
    let srtp = audio.srtp.unwrap();
    assert_eq!(srtp.suite, ringpost_model::SrtpSuite::AesCm256Sha1_80);
    assert!(srtp.remote.0.iter().zip(0..).all(|(octet, n)| *octet == n), "the peer's key");
    assert_ne!(srtp.local, srtp.remote);
    let answer = offer.answer(ours(), &audio, 1, 1);
    assert!(answer.contains("\r\nm=audio 20000 RTP/SAVPF 0\r\n"), "{answer}");
    assert!(answer.contains("\r\na=crypto:7 AES_CM_256_HMAC_SHA1_80 inline:"), "{answer}");
    assert!(!answer.contains(long), "the key is our own");
    assert_eq!(offer.audio(Required), Some(audio), "asked again it is the same key");
    let again = read_offer(body.as_bytes()).unwrap().audio(Required).unwrap();
    assert_ne!(again.srtp.unwrap().local, srtp.local, "each offer has a key of its own");
    assert!(!format!("{offer:?} {audio:?}").contains("45"), "a key is never shown");
}

#[test]
fn two_of_us_agree_on_keys() {
    // Who offers how, who answers how, and whether they meet: encrypted, plain, not at all.
    let table = [
        (Off, Off, Some(false)),
        (Off, Optional, Some(false)),
        (Off, Required, None),
        (Optional, Off, Some(false)),
        (Optional, Optional, Some(true)),
        (Optional, Required, Some(true)),
        (Required, Off, None),
        (Required, Optional, Some(true)),
        (Required, Required, Some(true)),
    ];
    let caller: SocketAddr = "192.0.2.1:4000".parse().unwrap();
    for (offers, answers, expected) in table {
        let keys = OwnKeys::fresh(offers);
        let offer = read_offer(write_offer(caller, 1, 1, &keys).as_bytes()).unwrap();
        let called = offer.audio(answers);
        let called = called.map(|audio| (audio, offer.answer(ours(), &audio, 2, 1)));
        assert_eq!(
            called.as_ref().map(|(audio, _)| audio.srtp.is_some()),
            expected,
            "{offers:?} {answers:?}"
        );
        let Some((called, answer)) = called else { continue };
        let back = read_answer(answer.as_bytes(), &keys).unwrap();
        let both = called.srtp.zip(back.srtp);
        assert_eq!(both.is_some(), expected == Some(true));
        if let Some((called, calling)) = both {
            assert_eq!((called.local, called.remote), (calling.remote, calling.local));
            assert_eq!(called.suite, calling.suite);
            // A new offer of the call as it stands changes nothing.
            let again = write_offer(caller, 1, 2, &OwnKeys::current(Some(calling)));
            let again = read_offer(again.as_bytes()).unwrap().audio(answers).unwrap().srtp;
            assert_eq!(kept(Some(called), again), Some(called));
        }
    }
}

#[test]
fn an_answer_has_to_fit_the_keys_that_were_offered() {
    let keys = |policy| {
        let keys = OwnKeys::fresh(policy);
        assert_eq!(keys.lines.len(), if policy == Off { 0 } else { 3 });
        keys
    };
    let line = |tag, suite| format!("a=crypto:{tag} {suite} {KEY}");
    let table = [
        (Required, "RTP/SAVP", line(1, "AES_CM_128_HMAC_SHA1_80"), true),
        (Required, "RTP/SAVP", line(3, "AES_CM_128_HMAC_SHA1_32"), true),
        (Required, "RTP/SAVP", line(3, "AES_CM_128_HMAC_SHA1_80"), false),
        (Required, "RTP/SAVP", line(4, "AES_CM_128_HMAC_SHA1_80"), false),
        (Required, "RTP/SAVP", line(1, "AES_CM_128_HMAC_SHA1_80") + "|1:4", false),
        (Required, "RTP/SAVP", String::new(), false),
        (Required, "RTP/AVP", String::new(), false),
        (Optional, "RTP/AVP", String::new(), true),
        (Optional, "RTP/AVP", line(9, "AES_CM_128_HMAC_SHA1_80"), false),
        (Off, "RTP/AVP", String::new(), true),
        (Off, "RTP/AVP", line(1, "AES_CM_128_HMAC_SHA1_80"), true),
        (Off, "RTP/SAVP", line(1, "AES_CM_128_HMAC_SHA1_80"), false),
    ];
    for (policy, protocol, line, fits) in table {
        let answer = format!("{HEAD}m=audio 4000 {protocol} 0\n{line}\n");
        let read = read_answer(answer.as_bytes(), &keys(policy));
        assert_eq!(read.is_ok(), fits, "{policy:?} {protocol} {line}");
        if let Ok(audio) = read {
            assert_eq!(audio.srtp.is_some(), policy != Off && !line.is_empty());
        }
    }
}
