//! What holds for any bytes: no panic, and a message that was read and written
//! reads the same.

use proptest::prelude::*;

use super::tests::source;
use super::text::{split_outside, unquote};
use super::*;

/// Text near enough to SIP to come past the first checks.
fn nearly_sip() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1, SIP/2.0/TCP [::1]:1".to_owned()),
        Just("From: \"B\\\"\" <sip:bob@example.com>;tag=a".to_owned()),
        Just("To: sip:alice@example.com".to_owned()),
        Just("Call-ID: 1".to_owned()),
        Just("CSeq: 1 INVITE".to_owned()),
        "[a-zA-Z]{1,3}: ?[ -~]{0,30}",
        "(v|f|t|m|History-Info|Reason|l): ?[\"<>,;= a-z0-9:@%\\\\]{0,30}",
        "[ \t]\\PC{0,12}",
        "\\PC{0,20}",
    ];
    let start = prop_oneof![
        Just("INVITE sip:alice@example.com SIP/2.0".to_owned()),
        Just("SIP/2.0 200 OK".to_owned()),
        "[A-Z]{1,6} \\PC{0,20} SIP/2.0",
    ];
    let must = Just(
        "Via: SIP/2.0/UDP a\r\nf: <sip:b@c>\r\nt: <sip:d@e>\r\ni: 2\r\nCSeq: 1 INVITE".to_owned(),
    );
    (start, prop_oneof![must, "[a-z]: x"], prop::collection::vec(line, 0..8), any::<Vec<u8>>())
        .prop_map(|(start, must, lines, body)| {
            let mut bytes =
                format!("{start}\r\n{must}\r\n{}\r\n\r\n", lines.join("\r\n")).into_bytes();
            bytes.extend(body);
            bytes
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in any::<Vec<u8>>()) {
        let _ = read_datagram(&bytes);
    }

    #[test]
    fn what_was_read_is_written_so_that_it_reads_the_same(bytes in nearly_sip()) {
        match read_datagram(&bytes) {
            Ok(Some(message)) => {
                let written = match &message {
                    Message::Request(request) => request.to_bytes(),
                    Message::Response(response) => response.to_bytes(),
                };
                prop_assert_eq!(read_datagram(&written), Ok(Some(message)));
            }
            Ok(None) => {}
            Err(fault) => {
                let _ = fault.answer(source());
            }
        }
    }

    #[test]
    fn no_text_makes_the_small_readers_panic(text in "\\PC*", raw in any::<String>()) {
        for text in [text, raw] {
            let _ = Uri::read(&text).map(|uri| (uri.address(), uri.header("a"), uri.param("b")));
            let _ = NameAddr::read(&text);
            let _ = Via::read(&text).map(|via| via.completed(source()));
            let _ = (unquote(&text), printable(&text), Params::read(&text).to_string());
            let pieces: Vec<&str> = split_outside(&text, b',').collect();
            prop_assert_eq!(pieces.join(","), text);
        }
    }
}
