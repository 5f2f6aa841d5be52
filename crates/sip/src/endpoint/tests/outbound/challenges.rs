//! What asks for a password gets one answer, and no more (RFC 3261 §22).

use super::*;

/// A challenge as a header line.
pub(in crate::endpoint::tests) fn challenge(header: &str, nonce: &str, more: &str) -> String {
    format!("{header}: Digest realm=\"example.com\", nonce=\"{nonce}\", qop=\"auth\"{more}\r\n")
}

#[tokio::test]
async fn a_challenge_is_answered_once_with_the_next_number() {
    let cases = [
        (401, "WWW-Authenticate", "Authorization", "MD5", 32),
        (407, "Proxy-Authenticate", "Proxy-Authorization", "SHA-256", 64),
    ];
    for (status, asks, answers, algorithm, digits) in cases {
        let mut wire = Wire::new(config());
        let mut done = wire.inform(OutgoingInfo {
            destination: Some(ONE.parse().unwrap()),
            credentials: credentials(),
            ..info("sip:alice@example.com")
        });
        let first = wire.sent_to(ONE);
        assert_eq!(first.headers.get(answers), None);
        wire.answer(&first, status, &challenge(asks, "one", &format!(", algorithm={algorithm}")));
        let second = wire.sent_to(ONE);
        let value = second.headers.get(answers).unwrap();
        let (_, response) = value.split_once("response=\"").unwrap();
        assert_eq!(response.find('"'), Some(digits), "{value}");
        assert!(value.contains("nc=00000001") && value.contains("uri=\"sip:alice@example.com\""));
        assert_eq!(second.cseq().unwrap().0, first.cseq().unwrap().0 + 1);
        assert_eq!(second.call_id(), first.call_id());
        assert_eq!(second.headers.get("From"), first.headers.get("From"));
        // The password is wrong: that is the end of it.
        wire.answer(&second, status, &challenge(asks, "two", &format!(", algorithm={algorithm}")));
        assert_eq!(done.try_recv(), Ok(Ok(status)));
        assert!(wire.sent().is_none());
    }
}

#[tokio::test]
async fn a_stale_nonce_is_replaced_once() {
    let mut wire = Wire::new(config());
    let destination = Some(ONE.parse().unwrap());
    let uri = "sip:alice@example.com";
    let mut done =
        wire.inform(OutgoingInfo { destination, credentials: credentials(), ..info(uri) });
    for nonce in ["one", "two", "three"] {
        let request = wire.sent_to(ONE);
        wire.answer(&request, 401, &challenge("WWW-Authenticate", nonce, ", stale=true"));
    }
    assert_eq!(done.try_recv(), Ok(Ok(401)));
    assert!(wire.sent().is_none());
}

#[tokio::test]
async fn without_credentials_a_challenge_is_a_refusal() {
    let mut wire = Wire::new(config());
    let tag = Tag::random();
    let mut told = wire.place(tag, Some(ONE.parse().unwrap()));
    let invite = wire.sent_to(ONE);
    wire.answer(&invite, 401, &challenge("WWW-Authenticate", "one", ""));
    assert_eq!(wire.sent_to(ONE).method, Method::ACK);
    assert_eq!(told.try_recv(), Ok(Progress::Refused(401, "Whatever".to_owned())));
}

#[tokio::test]
async fn a_bye_is_proved_as_its_invite_was() {
    let mut wire = Wire::new(config());
    let tag = Tag::random();
    let mut told = wire.place_as(tag, Some(ONE.parse().unwrap()), credentials());
    let invite = wire.sent_to(ONE);
    wire.answer(&invite, 407, &challenge("Proxy-Authenticate", "one", ""));
    assert_eq!(wire.sent_to(ONE).method, Method::ACK);
    let invite = wire.sent_to(ONE);
    let sdp =
        format!("Contact: <sip:alice@192.0.2.1>\r\nContent-Type: application/sdp\r\n\r\n{OFFER}");
    wire.answer(&invite, 200, &sdp);
    assert_eq!(wire.sent_to(ONE).method, Method::ACK);
    assert!(matches!(told.try_recv(), Ok(Progress::Answered(_))));
    wire.order(Command::HangUp(tag));
    for proved in [false, true] {
        let bye = wire.sent_to(ONE);
        assert_eq!(bye.method, Method::BYE);
        assert_eq!(bye.headers.get("Proxy-Authorization").is_some(), proved);
        wire.answer(&bye, 407, &challenge("Proxy-Authenticate", "two", ""));
    }
    assert!(wire.sent().is_none());
    assert!(wire.task.calls.is_empty());
}
