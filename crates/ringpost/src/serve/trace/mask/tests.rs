//! What is masked in addresses, header fields and bodies.

use ringpost_model::{Notify, Subscriber};

use super::*;

fn subscribers() -> Subscribers {
    Subscribers::new(vec![Subscriber {
        user: "alice".into(),
        name: "Alice Example".into(),
        mail: vec!["alice@example.com".into()],
        number: None,
        extension: None,
        time_zone: "UTC".into(),
        language: "en".into(),
        notify: Notify::Server,
        missed_calls: true,
        answer_after: None,
    }])
    .unwrap()
}

#[test]
fn of_a_number_country_and_last_digits_stay() {
    for (text, expected) in [
        ("+14255550142", "+1********42"),
        ("+493012345678", "+49********78"),
        ("4255550142", "********42"),
        ("(425) 555-0142", "********42"),
        ("1001", "**01"),
        ("42", "**"),
        ("+", "+"),
    ] {
        assert_eq!(number(text), expected, "{text}");
    }
}

#[test]
fn addresses_in_headers_lose_names_and_numbers() {
    let subscribers = subscribers();
    let mask = Mask::new(&subscribers);
    for (name, value, expected) in [
        (
            "From",
            "\"Bob Example\" <sip:bob@example.com>;tag=12345678",
            "\"***\" <sip:b***@example.com>;tag=12345678",
        ),
        ("f", "Bob Example <sip:bob@h>", "*** <sip:b***@h>"),
        ("To", "<sip:Alice@example.com>", "<sip:Alice@example.com>"),
        ("To", "sip:+14255550142@h;tag=1", "sip:+1********42@h;tag=1"),
        ("Contact", "<sip:192.0.2.10:5060;transport=tcp>", "<sip:192.0.2.10:5060;transport=tcp>"),
        (
            "Diversion",
            "\"Ex, \\\" Bob\" <sip:1002@h>;reason=no-answer, C <tel:+14255550143>;counter=1",
            "\"***\" <sip:**02@h>;reason=no-answer,*** <tel:+1********43>;counter=1",
        ),
        (
            "P-Asserted-Identity",
            "tel:+14255550142;phone-context=+14255550100",
            "tel:+1********42;phone-context=+1********00",
        ),
        (
            "History-Info",
            "<sip:+14255550142;npdi@h?Reason=SIP%3Bcause%3D302>;index=1",
            "<sip:+1********42;npdi@h?Reason=SIP%3Bcause%3D302>;index=1",
        ),
        (
            "To",
            "<sip:vm@h;target=sip:%2B14255550142%40h;cause=404>",
            "<sip:v***@h;target=sip:+1********42%40h;cause=404>",
        ),
        ("To", "<sip:vm@h;target=sip%3Abob%40h>", "<sip:v***@h;target=sip%3Ab***%40h>"),
        ("X-Caller", "Bob Example 4255550142", "***"),
        ("Subject", "call me", "***"),
        (
            "Via",
            "SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1234567890",
            "SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1234567890",
        ),
        ("CSeq", "1234567890 INVITE", "1234567890 INVITE"),
    ] {
        assert_eq!(mask.header(name, value), expected, "{name}: {value}");
    }
    for (text, expected) in [
        ("alice@example.com", "alice@example.com"),
        ("bob@example.com", "b***@example.com"),
        ("bob", "b***"),
        ("tel:+14255550142", "tel:+1********42"),
    ] {
        assert_eq!(mask.address(text), expected);
    }
    let line = mask.first_line("INVITE sips:+14255550142@example.com;user=phone SIP/2.0");
    assert_eq!(line, "INVITE sips:+1********42@example.com;user=phone SIP/2.0");
    assert_eq!(mask.first_line("SIP/2.0 404 Not Found"), "SIP/2.0 404 Not Found");
}

#[test]
fn bodies_show_streams_and_nobody() {
    let subscribers = subscribers();
    let mask = Mask::new(&subscribers);
    let sdp = "INVITE sip:bob@h SIP/2.0\nFrom: Bob <sip:bob@h>\nno header\nc: application/sdp\n\n\
               v=0\no=bob 4711 1 IN IP4 192.0.2.10\ns=Bob's call\np=+1 425 555 0142\n\
               c=IN IP4 192.0.2.10\nm=audio 4000 RTP/AVP 8\na=sendrecv\nhello Bob";
    assert_eq!(
        mask.message(sdp),
        "INVITE sip:b***@h SIP/2.0\nFrom: *** <sip:b***@h>\n***\nc: application/sdp\n\n\
         v=0\no=- 4711 1 IN IP4 192.0.2.10\ns=***\np=***\n\
         c=IN IP4 192.0.2.10\nm=audio 4000 RTP/AVP 8\na=sendrecv\n***"
    );
    let report = "INFO sip:x@h SIP/2.0\nContent-Type: application/json\n\n{\"caller\": \"Bob\"}";
    assert!(
        mask.message(report).ends_with("\n\n(17 characters, shown where numbers are asked for)")
    );
    let summary = "NOTIFY sip:a@h SIP/2.0\nContent-Type: application/simple-message-summary\n\n\
                   Messages-Waiting: yes\nMessage-Account: sip:bob@h\nVoice-Message: 1/0 (0/0)";
    assert!(mask.message(summary).ends_with(
        "\n\nMessages-Waiting: yes\nMessage-Account: sip:b***@h\nVoice-Message: 1/0 (0/0)"
    ));
}
