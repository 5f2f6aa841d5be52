//! What real systems send to a voice mail server, written after public traces:
//! each INVITE is answered and each party in it found; who hangs up is heard.

use super::*;

/// An INVITE and what it says.
struct Invite {
    file: &'static str,
    /// User and display name; empty when withheld.
    caller: [&'static str; 2],
    /// Users, the oldest first.
    diversions: &'static [&'static str],
    /// Users in their order; the same twice in a row stand here once.
    addressed: &'static [&'static str],
    straight: bool,
    /// Codec, port, payload type of telephone-event, encrypted; `None`: to be
    /// offered by us.
    audio: Option<(Codec, u16, Option<u8>, bool)>,
}

const BOB: [&str; 2] = ["+14255550142", "Bob Example"];

const INVITES: [Invite; 16] = [
    Invite {
        file: "3cx",
        caller: BOB,
        diversions: &["1001"],
        addressed: &["5000"],
        straight: false,
        audio: Some((Codec::Pcmu, 9012, Some(101), false)),
    },
    Invite {
        file: "asterisk-pjsip",
        caller: BOB,
        diversions: &["1001"],
        addressed: &["5000"],
        straight: false,
        audio: Some((Codec::Pcmu, 12_030, Some(101), false)),
    },
    Invite {
        file: "asterisk-sip",
        caller: ["2042", "Bob Example"],
        diversions: &["1001"],
        addressed: &["5000"],
        straight: false,
        audio: Some((Codec::Pcma, 18_346, Some(101), false)),
    },
    Invite {
        file: "audiocodes-mediant",
        caller: BOB,
        diversions: &["+14255550101"],
        addressed: &["5000"],
        straight: false,
        audio: Some((Codec::Pcma, 6010, Some(96), false)),
    },
    // Twice in History-Info, before and after its coverage.
    Invite {
        file: "avaya-session-manager",
        caller: BOB,
        diversions: &["1001"],
        addressed: &["5000"],
        straight: false,
        audio: Some((Codec::Pcmu, 2052, Some(120), false)),
    },
    // The newest diversion stands on top.
    Invite {
        file: "cucm",
        caller: BOB,
        diversions: &["1002", "1001"],
        addressed: &["5000"],
        straight: false,
        audio: Some((Codec::Pcmu, 24_576, Some(101), false)),
    },
    // No description at all: the offer is in our 200.
    Invite {
        file: "cucm-late-offer",
        caller: BOB,
        diversions: &["1001"],
        addressed: &["5000"],
        straight: false,
        audio: None,
    },
    // The mailbox is dialled, by a caller who is known and does not want to be.
    Invite {
        file: "freepbx-anonymous",
        caller: ["", ""],
        diversions: &[],
        addressed: &["*1001"],
        straight: false,
        audio: Some((Codec::Pcmu, 15_488, Some(101), false)),
    },
    // From names the trunk, Remote-Party-ID the caller.
    Invite {
        file: "freeswitch",
        caller: BOB,
        diversions: &["1001"],
        addressed: &["5000"],
        straight: false,
        audio: Some((Codec::Pcma, 27_714, Some(101), true)),
    },
    // Target of RFC 4458, Request-URI, To.
    Invite {
        file: "kamailio-linphone",
        caller: ["bob", "Bob Example"],
        diversions: &["alice"],
        addressed: &["alice", "voicemail", "alice"],
        straight: false,
        audio: Some((Codec::Pcmu, 7078, Some(100), false)),
    },
    // Its key has an identifier (MKI), which we have no use for, and it takes
    // plain sound as well.
    Invite {
        file: "ocs-2007",
        caller: BOB,
        diversions: &[],
        addressed: &["alice"],
        straight: true,
        audio: Some((Codec::Pcma, 17_920, Some(101), false)),
    },
    Invite {
        file: "oracle-sbc",
        caller: BOB,
        diversions: &["+14255550102", "+14255550101"],
        addressed: &["5000"],
        straight: false,
        audio: Some((Codec::Pcmu, 21_084, Some(101), false)),
    },
    // Parameters within the user part.
    Invite {
        file: "ribbon-sbc",
        caller: ["+14255550142", "EXAMPLE BOB"],
        diversions: &["+14255550101"],
        addressed: &["+14255550199"],
        straight: false,
        audio: Some((Codec::Pcmu, 10_246, Some(100), false)),
    },
    // Of two descriptions of the same session the last one.
    Invite {
        file: "skype-for-business",
        caller: BOB,
        diversions: &[],
        addressed: &["alice"],
        straight: true,
        audio: Some((Codec::Pcmu, 50_318, Some(101), false)),
    },
    Invite {
        file: "teams-direct-routing",
        caller: BOB,
        diversions: &["+14255550101"],
        addressed: &["+14255550199"],
        straight: false,
        audio: Some((Codec::Pcmu, 51_724, Some(101), true)),
    },
    Invite {
        file: "teams-direct-routing-anonymous",
        caller: ["", ""],
        diversions: &["+14255550101"],
        addressed: &["+14255550199"],
        straight: false,
        audio: Some((Codec::Pcma, 6020, Some(101), false)),
    },
];

/// CANCEL or BYE, the INVITE it ends, and whether somebody else took the call.
const HANG_UPS: [(&str, &str, bool); 12] = [
    ("asterisk-pjsip-cancel", "asterisk-pjsip", true),
    ("asterisk-sip-cancel", "asterisk-sip", false),
    ("audiocodes-mediant-cancel", "audiocodes-mediant", false),
    ("cucm-bye", "cucm", false),
    ("cucm-cancel", "cucm", true),
    ("freeswitch-bye", "freeswitch", false),
    ("freeswitch-cancel", "freeswitch", false),
    ("kamailio-linphone-bye", "kamailio-linphone", true),
    ("oracle-sbc-bye", "oracle-sbc", false),
    ("ribbon-sbc-cancel", "ribbon-sbc", false),
    ("skype-for-business-cancel", "skype-for-business", true),
    ("teams-direct-routing-bye", "teams-direct-routing", false),
];

const REPORTS: [&str; 2] = ["ocs-2007-info-answered", "ocs-2007-info-missed"];

#[test]
fn every_file_is_in_a_table() {
    let invites = INVITES.iter().map(|invite| invite.file);
    let hang_ups = HANG_UPS.iter().map(|(file, ..)| *file);
    assert_all_are_there("vendors", invites.chain(hang_ups).chain(REPORTS));
}

fn users(parties: &[ringpost_model::Party]) -> Vec<&str> {
    let mut users: Vec<&str> =
        parties.iter().map(|party| party.user.as_deref().unwrap_or("-")).collect();
    users.dedup();
    users
}

fn assert_says(invitation: &Invitation, row: &Invite) {
    let caller = &invitation.caller;
    let named = [&caller.user, &caller.display_name];
    let named = named.map(|name| name.as_deref().unwrap_or_default());
    assert_eq!(named, row.caller, "{}", row.file);
    assert_eq!(caller.withheld, row.caller == ["", ""], "{}", row.file);
    assert_eq!(users(&invitation.diversions), row.diversions, "{}", row.file);
    assert_eq!(users(&invitation.addressed), row.addressed, "{}", row.file);
    assert_eq!(invitation.straight_to_voice_mail, row.straight, "{}", row.file);
    let audio = invitation.audio.map(|audio| {
        assert!(!audio.held, "{}", row.file);
        (audio.codec, audio.rtp.port(), audio.event_payload_type, audio.srtp.is_some())
    });
    assert_eq!(audio, row.audio, "{}", row.file);
}

#[tokio::test]
async fn each_invite_is_answered_and_each_party_found() {
    let ip = own_ip();
    for row in &INVITES {
        let bytes = message("vendors", row.file);
        let (server, mut arrivals) = bind().await;
        let sender = Sender::of(&bytes, ip, &server).await;
        sender.send(&bytes).await;
        let incoming = call(&mut arrivals).await;
        assert_says(&incoming.invitation, row);
        incoming.control.answer(rtp(6000));
        let answer = sender.final_answer().await;
        assert!(answer.starts_with("SIP/2.0 200 "), "{}: {answer}", row.file);
        let (_, description) = answer.split_once("\r\n\r\n").unwrap();
        assert!(description.contains("m=audio 6000 "), "{}: {answer}", row.file);
        // Where the offer is ours it has keys, for whoever wants them.
        let encrypted = row.audio.is_none_or(|audio| audio.3);
        assert_eq!(description.contains("\r\na=crypto:"), encrypted, "{}: {answer}", row.file);
    }
}

#[test]
fn a_call_is_known_by_every_identifier_that_other_ears_use() {
    for (file, identifier) in [
        ("cucm", "3f2c8a4d00105000a000b1946a3c11aa"),
        ("ocs-2007", "AchN2e1w0bT4c5YJTQ6u8Rk1Zs3PvA=="),
        ("skype-for-business", "7e4b1c90d2f64a8c8a35e6f07b1d2c43"),
    ] {
        let Ok(Some(Message::Request(request))) = read_datagram(&message("vendors", file)) else {
            panic!("{file}");
        };
        let identifiers = crate::party::identifiers(&request);
        assert_eq!(identifiers, [request.call_id().unwrap(), identifier], "{file}");
    }
}

#[tokio::test]
async fn each_hang_up_is_answered_and_says_whether_another_took_the_call() {
    let ip = own_ip();
    for (file, of, elsewhere) in HANG_UPS {
        let (server, mut arrivals) = bind().await;
        let invite = message("vendors", of);
        let sender = Sender::of(&invite, ip, &server).await;
        sender.send(&invite).await;
        let mut incoming = call(&mut arrivals).await;
        let hang_up = String::from_utf8(message("vendors", file)).unwrap();
        let expected = if hang_up.starts_with("CANCEL ") {
            sender.send(hang_up.as_bytes()).await;
            let answers = [sender.final_answer().await, sender.final_answer().await];
            assert!(answers[0].starts_with("SIP/2.0 200 "), "{file}: {answers:?}");
            assert!(answers[1].starts_with("SIP/2.0 487 "), "{file}: {answers:?}");
            Signal::Cancelled { elsewhere }
        } else {
            incoming.control.answer(rtp(6000));
            let answer = sender.final_answer().await;
            let (_, tagged) = answer.split_once("\r\nTo: ").unwrap();
            let tag = tagged.lines().next().unwrap().rsplit_once(";tag=").unwrap().1;
            let hang_up = hang_up.replace("TAG-OF-RINGPOST", tag);
            sender.send(hang_up.as_bytes()).await;
            let answer = sender.final_answer().await;
            assert!(answer.starts_with("SIP/2.0 200 "), "{file}: {answer}");
            Signal::HungUp { elsewhere }
        };
        assert_eq!(next(&mut incoming.signals).await, Some(expected), "{file}");
    }
}

#[tokio::test]
async fn a_report_of_the_front_end_reaches_the_house() {
    let ip = own_ip();
    for file in REPORTS {
        let bytes = message("vendors", file);
        let (server, mut arrivals) = bind().await;
        let sender = Sender::of(&bytes, ip, &server).await;
        sender.send(&bytes).await;
        let report = report(&mut arrivals).await;
        assert_eq!(report.content_type, "application/ms-rtc-usernotification+xml");
        assert!(
            report.body.starts_with(b"<?xml ") && report.body.ends_with(b"</UserNotification>\r\n")
        );
        assert!(!report.in_dialog);
        report.responder.respond(Answer::new(200));
        assert!(sender.final_answer().await.starts_with("SIP/2.0 200 "), "{file}");
    }
}
