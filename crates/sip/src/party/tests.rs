//! Table tests of who rang and who was called.

use proptest::prelude::*;
use ringpost_model::Party;

use super::*;
use crate::Believed;
use crate::wire::tests::invite;
use crate::wire::{Message, read_datagram};

const PILOT: &str = "sip:voicemail@example.com";

fn users(parties: &[Party]) -> Vec<&str> {
    parties.iter().map(|party| party.user.as_deref().unwrap_or("-")).collect()
}

#[test]
fn the_caller_is_asserted_or_says_so_himself() {
    let from = "From: \"Bob Example\" <sip:bob@example.com>;tag=a\r\n";
    // headers, trusted, display name, uri, user
    let table = [
        ("", true, Some("Bob Example"), "sip:bob@example.com", "bob"),
        (
            "P-Asserted-Identity: <sip:+14255550142@example.com;user=phone>\r\n",
            true,
            None,
            "sip:+14255550142@example.com",
            "+14255550142",
        ),
        (
            "P-Asserted-Identity: <sip:+14255550142@example.com>\r\n",
            false,
            Some("Bob Example"),
            "sip:bob@example.com",
            "bob",
        ),
        (
            "P-Asserted-Identity: \"Robert\" <sip:bob@example.com>, <tel:+14255550142>\r\n",
            true,
            Some("Robert"),
            "sip:bob@example.com",
            "+14255550142",
        ),
        (
            "P-Asserted-Identity: tel:+14255550142\r\nP-Asserted-Identity: <sip:bob@example.com>\r\n",
            true,
            Some("Bob Example"),
            "sip:bob@example.com",
            "+14255550142",
        ),
        (
            "P-Asserted-Identity: <sip:7042@example.com>, <tel:+14255550142>\r\n",
            true,
            None,
            "sip:7042@example.com",
            "7042",
        ),
        (
            "P-Asserted-Identity: \"Operator\" <tel:+1-425-555-0142;ext=1>\r\n",
            true,
            Some("Operator"),
            "tel:+1-425-555-0142",
            "+1-425-555-0142",
        ),
        (
            "P-Asserted-Identity: <sip:pbx.example.com>\r\n",
            true,
            Some("Bob Example"),
            "sip:bob@example.com",
            "bob",
        ),
        (
            "P-Asserted-Identity: not an address\r\n",
            true,
            Some("Bob Example"),
            "sip:bob@example.com",
            "bob",
        ),
        ("Privacy: none\r\n", true, Some("Bob Example"), "sip:bob@example.com", "bob"),
        ("Privacy: header;session\r\n", true, Some("Bob Example"), "sip:bob@example.com", "bob"),
    ];
    for (lines, trusted, display, uri, user) in table {
        let believed = if trusted { Believed::ALL } else { Believed::NONE };
        let found = caller(&invite(PILOT, &format!("{from}{lines}")), believed);
        assert_eq!(found.display_name.as_deref(), display, "{lines}");
        assert_eq!(found.uri.as_deref(), Some(uri), "{lines}");
        assert_eq!(found.user.as_deref(), Some(user), "{lines}");
        assert!(!found.withheld);
    }
}

#[test]
fn a_display_name_of_the_caller_stays_with_his_own_number() {
    for (from, asserted, display) in [
        ("\"Bob\" <sip:4255550142@pbx.example.com>", "<sip:+14255550142@example.com>", Some("Bob")),
        ("\"Bob\" <sip:142@pbx.example.com>", "<sip:+14255550142@example.com>", None),
        ("\"The Boss\" <sip:+14255550100@example.com>", "<sip:+14255550142@example.com>", None),
    ] {
        let lines = format!("From: {from};tag=a\r\nP-Asserted-Identity: {asserted}\r\n");
        assert_eq!(
            caller(&invite(PILOT, &lines), Believed::ALL).display_name.as_deref(),
            display,
            "{from}"
        );
    }
}

#[test]
fn only_what_is_believed_is_read() {
    let from = "From: \"Bob\" <sip:from@example.com>;tag=a\r\n";
    let asserted = "P-Asserted-Identity: <sip:asserted@example.com>\r\n";
    let remote = "Remote-Party-ID: <sip:remote@example.com>;party=calling;screen=yes\r\n";
    let both = format!("{from}{remote}{asserted}");
    let left = "Diversion: <sip:d@example.com>\r\n\
        History-Info: <sip:h@example.com?Reason=x>;index=1\r\n";
    let believed = |asserted_identity, remote_party_id, diversion, history_info| Believed {
        asserted_identity,
        remote_party_id,
        diversion,
        history_info,
    };
    for (believed, user, diverted) in [
        (Believed::ALL, "asserted", &["d", "h"][..]),
        (believed(false, true, true, false), "remote", &["d"]),
        (believed(true, false, false, true), "asserted", &["h"]),
        (Believed::NONE, "from", &[]),
    ] {
        assert_eq!(caller(&invite(PILOT, &both), believed).user.as_deref(), Some(user));
        assert_eq!(users(&diversions(&invite(PILOT, left), believed)).len(), diverted.len());
        for party in diverted {
            let found = diversions(&invite(PILOT, left), believed);
            assert!(users(&found).contains(party), "{party} {believed:?}");
        }
    }
    // A believed header that is not there leaves the next one.
    let found = caller(&invite(PILOT, &format!("{from}{remote}")), Believed::ALL);
    assert_eq!(found.user.as_deref(), Some("remote"));
}

#[test]
fn remote_party_ids_name_the_caller_as_far_as_he_wants() {
    let from = "From: \"Bob\" <sip:+14255550142@pbx.example.com>;tag=a\r\n";
    let anonymous = "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=a\r\n";
    let id = "\"Robert\" <sip:+14255550142@example.com>";
    let (bob, robert) = (Some("Bob"), Some("Robert"));
    let number = Some("+14255550142");
    // From, Remote-Party-ID and more, display name, user; no user: withheld
    let table = [
        (from, format!("{id};party=calling;privacy=off;screen=yes"), robert, number),
        (from, id.to_owned(), robert, number),
        (from, "<sip:+14255550142@example.com>;screen=no".to_owned(), bob, number),
        (from, "sip:other@example.com;screen=no, <tel:+14255550142>".to_owned(), bob, number),
        (from, "<sip:7@example.com>;party=called".to_owned(), bob, number),
        (from, "<sip:example.com>;party=calling".to_owned(), bob, number),
        (from, format!("{id};privacy=name"), None, number),
        (from, "<sip:+14255550142@example.com>;privacy=name".to_owned(), None, number),
        (from, format!("{id};privacy=name\r\nP-Asserted-Identity: {id}"), None, number),
        (from, format!("{id};privacy=full"), None, None),
        (from, format!("{id};privacy=\"uri-network\""), None, None),
        (from, format!("{id};privacy=full\r\nP-Asserted-Identity: {id}"), None, None),
        (from, format!("{id}\r\nPrivacy: id"), None, None),
        (anonymous, id.to_owned(), None, None),
        (anonymous, format!("{id};privacy=off"), robert, number),
        (anonymous, format!("{id};privacy=full\r\nPrivacy: none"), robert, number),
    ];
    for (from, value, display, user) in table {
        let lines = format!("{from}Remote-Party-ID: {value}\r\n");
        let found = caller(&invite(PILOT, &lines), Believed::ALL);
        let got = (found.display_name.as_deref(), found.user.as_deref(), found.withheld);
        assert_eq!(got, (display, user, user.is_none()), "{lines}");
    }
}

#[test]
fn who_asks_not_to_be_named_is_not() {
    let bob = "From: \"Bob\" <sip:bob@example.com>;tag=a\r\n";
    let anonymous = "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=a\r\n";
    let asserted = "P-Asserted-Identity: \"Bob\" <sip:+14255550142@example.com>\r\n";
    let table = [
        (format!("{bob}Privacy: id\r\n"), true),
        (format!("{bob}Privacy: user;critical\r\n"), true),
        (format!("{bob}{asserted}Privacy: header; ID\r\n"), true),
        (anonymous.to_owned(), true),
        (format!("{anonymous}{asserted}Privacy: id\r\n"), true),
        (format!("{anonymous}{asserted}"), true),
        (format!("{anonymous}{asserted}Privacy: none\r\n"), false),
        (format!("{bob}P-Asserted-Identity: <sip:anonymous@anonymous.invalid>\r\n"), true),
        ("From: <sip:Anonymous@pbx.example.com>;tag=a\r\n".to_owned(), true),
        ("From: \"Anonymous\" <sip:192.0.2.1>;tag=a\r\n".to_owned(), true),
        ("From: \"Anonymous\" <sip:bob@example.com>;tag=a\r\n".to_owned(), false),
    ];
    for (lines, withheld) in table {
        let found = caller(&invite(PILOT, &lines), Believed::ALL);
        assert_eq!(found.withheld, withheld, "{lines}");
        if withheld {
            assert_eq!(found, Party { withheld: true, ..Party::default() }, "{lines}");
        }
    }
}

#[test]
fn the_called_are_named_in_order() {
    let to = "To: \"Alice\" <sip:alice@example.com>\r\n";
    let table = [
        ("sip:voicemail@example.com", vec!["voicemail", "alice"]),
        (
            "sip:voicemail@example.com;target=bob%40example.com;cause=486",
            vec!["bob", "voicemail", "alice"],
        ),
        (
            "sip:voicemail@example.com;target=sip:+14255550101%40example.com%3Buser=phone;cause=408",
            vec!["+14255550101", "voicemail", "alice"],
        ),
        (
            "sip:voicemail@example.com;target=tel:+14255550101",
            vec!["+14255550101", "voicemail", "alice"],
        ),
        ("sip:voicemail@example.com;target=1001", vec!["1001", "voicemail", "alice"]),
        ("sip:voicemail@example.com;target", vec!["voicemail", "alice"]),
        ("tel:+14255550199", vec!["+14255550199", "alice"]),
        (
            "sip:+14255550199;ext=3;phone-context=x@gw.example.com;user=phone",
            vec!["+14255550199", "alice"],
        ),
        ("sip:192.0.2.7", vec!["-", "alice"]),
    ];
    for (uri, expected) in table {
        assert_eq!(users(&addressed(&invite(uri, to))), expected, "{uri}");
    }
}

#[test]
fn straight_to_voice_mail_is_asked_for_by_opaque() {
    for (uri, lines, asked) in [
        ("sip:alice@example.com;opaque=app:voicemail", "", true),
        ("sip:alice@example.com;OPAQUE=app%3AVoiceMail;x", "", true),
        (PILOT, "To: <sip:alice@example.com;opaque=app:voicemail>\r\n", true),
        ("sip:alice@example.com;opaque=app:conf:chat", "", false),
        (PILOT, "", false),
    ] {
        assert_eq!(straight_to_voice_mail(&invite(uri, lines)), asked, "{uri} {lines}");
    }
}

#[test]
fn diversions_are_told_in_the_order_of_time() {
    let table: [(&str, &[&str]); 14] = [
        ("", &[]),
        ("Diversion: <sip:alice@example.com>;reason=no-answer\r\n", &["alice"]),
        (
            "Diversion: <sip:new@example.com>\r\nDiversion: <sip:old@example.com>\r\n",
            &["old", "new"],
        ),
        (
            "Diversion: \"N, ew\" <sip:new@example.com>;reason=x, <tel:+14255550101>\r\n",
            &["+14255550101", "new"],
        ),
        ("Diversion: <sip:a@example.com>, <sip:A@example.com>\r\n", &["a"]),
        ("Diversion: <sip:anonymous@anonymous.invalid>, <sip:a@example.com>\r\n", &["a"]),
        ("Diversion: broken, <sip:a@example.com>\r\n", &["a"]),
        // The last entry is the present target.
        (
            "History-Info: <sip:alice@example.com?Reason=SIP%3Bcause%3D408>;index=1, <sip:voicemail@example.com>;index=1.1\r\n",
            &["alice"],
        ),
        (
            "History-Info: <sip:alice@example.com?Reason=SIP%3Bcause%3D408>;index=1, <sip:rewritten@gw.example.com>;index=1.1\r\n",
            &["alice"],
        ),
        // … and here it is not among them.
        ("History-Info: <sip:alice@example.com?Reason=SIP%3Bcause%3D408>;index=1\r\n", &["alice"]),
        ("History-Info: <sip:alice@example.com>;index=1\r\n", &["alice"]),
        (
            "History-Info: <sip:c@example.com?Reason=x>;index=1.10\r\nHistory-Info: <sip:a@example.com?Reason=x>;index=1\r\nHistory-Info: <sip:b@example.com?Reason=x>;index=1.9\r\n",
            &["a", "b", "c"],
        ),
        (
            "History-Info: <sip:b@example.com?Reason=x>, <sip:a@example.com?Reason=x>;index=1\r\n",
            &["b", "a"],
        ),
        // Both: who is in both is one, the others find their place.
        (
            "History-Info: <sip:+14255550101@pbx.example.com?Reason=x>;index=1, <sip:voicemail@example.com>;index=1.1\r\nDiversion: <sip:late@example.com>, <sip:+14255550101@gw.example.com>, <sip:early@example.com>\r\n",
            &["early", "+14255550101", "late"],
        ),
    ];
    for (lines, expected) in table {
        assert_eq!(users(&diversions(&invite(PILOT, lines), Believed::ALL)), expected, "{lines}");
    }
}

#[test]
fn a_call_has_all_the_names_that_others_give_it() {
    let table: [(&str, &[&str]); 5] = [
        ("", &["call-1"]),
        ("Ms-Conversation-ID: abc=\r\n", &["call-1", "abc="]),
        ("ms-conversation-id: call-1\r\n", &["call-1"]),
        (
            "Session-ID: ab30317f1a784dc48ff824d0d3715d86;remote=47755a9de7794ba387653f2099600ef2;logme\r\n",
            &["call-1", "ab30317f1a784dc48ff824d0d3715d86", "47755a9de7794ba387653f2099600ef2"],
        ),
        (
            "Session-ID: ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000\r\n",
            &["call-1", "ab30317f1a784dc48ff824d0d3715d86"],
        ),
    ];
    for (lines, expected) in table {
        assert_eq!(identifiers(&invite(PILOT, lines)), expected, "{lines}");
    }
}

#[test]
fn answered_elsewhere_is_said_by_the_reason() {
    for (lines, elsewhere) in [
        ("", false),
        ("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n", true),
        ("Reason: sip ; text=\"a, b;cause=487\" ; cause = 200\r\n", true),
        ("Reason: Q.850;cause=26\r\n", true),
        ("Reason: Q.850;cause=16;text=\"Terminated\", SIP;cause=\"200\"\r\n", true),
        ("Reason: Q.850;cause=16\r\nReason: SIP;cause=200\r\n", true),
        ("Reason: SIP;cause=487\r\n", false),
        ("Reason: Q.850;cause=200\r\n", false),
        ("Reason: SIP;text=\"cause=200\"\r\n", false),
    ] {
        assert_eq!(answered_elsewhere(&invite(PILOT, lines)), elsewhere, "{lines}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_header_makes_a_reader_panic_or_a_control_character_pass(
        value in "[ -~\\u{0}-\\u{ff}]{0,40}",
        odd in "[\"<>,;=:@?%a-z0-9\\. ]{0,40}",
        name in "(From|To|Diversion|History-Info|P-Asserted-Identity|Remote-Party-ID|Privacy|Reason|Session-ID)",
    ) {
        for value in [value, odd, format!("\"{name}\" <sip:%0d%0a@x>;index=1")] {
            let text = format!(
                "INVITE sip:x;target={name} SIP/2.0\r\nv: SIP/2.0/UDP a\r\n{name}: {value}\r\n\
                 f: <sip:a@b>\r\nt: <sip:c@d>\r\ni: 1\r\nCSeq: 1 INVITE\r\n\r\n"
            );
            let Ok(Some(Message::Request(request))) = read_datagram(text.as_bytes()) else { continue };
            let mut parties = diversions(&request, Believed::ALL);
            parties.extend(addressed(&request));
            parties.extend([caller(&request, Believed::ALL), caller(&request, Believed::NONE)]);
            let _ = (identifiers(&request), answered_elsewhere(&request));
            for party in parties {
                for text in [party.display_name, party.uri, party.user, party.host].into_iter().flatten() {
                    prop_assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
                }
            }
        }
    }
}
