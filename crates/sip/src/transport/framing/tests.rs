//! Streams in pieces: wherever they are cut, the same messages come out.

use proptest::prelude::*;

use super::*;

const OPTIONS: &str = "OPTIONS sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/TCP x\r\n";

fn message(headers: &str, body: &str) -> String {
    format!("{OPTIONS}{headers}\r\n{body}")
}

/// What comes out when the bytes come in these pieces.
fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Frame>, Option<Broken>) {
    let mut framer = Framer::default();
    let mut all = Vec::new();
    for piece in pieces {
        framer.room().extend_from_slice(piece);
        loop {
            match framer.next() {
                Ok(Some(frame)) => all.push(frame),
                Ok(None) => break,
                Err(broken) => return (all, Some(broken)),
            }
        }
    }
    (all, None)
}

fn whole(text: &str) -> Frame {
    Frame::Message(Bytes::copy_from_slice(text.as_bytes()))
}

#[test]
fn messages_are_found_however_the_bytes_are_split() {
    let one = message("Content-Length: 5\r\n", "a\r\n\r\n");
    let two = message("l : 3\r\n", "xyz");
    let three = message("", "");
    let four = "SIP/2.0 200 OK\nContent-Length:\n 2\n\nok".to_owned();
    let stream = format!("\r\n{one}{two}\r\n\r\n{three}{four}\r\n");
    let expected = vec![
        Frame::Pong,
        whole(&one),
        whole(&two),
        Frame::Pong,
        Frame::Ping,
        whole(&three),
        whole(&four),
        Frame::Pong,
    ];
    let bytes = stream.as_bytes();
    for at in 0..=bytes.len() {
        let (first, rest) = bytes.split_at(at);
        assert_eq!(frames([first, rest]), (expected.clone(), None), "split at {at}");
    }
    assert_eq!(frames(bytes.chunks(1)), (expected, None));
}

#[test]
fn what_is_no_message_is_passed_over() {
    let good = message("Content-Length: 0\r\n", "");
    // A body that nobody announced, and a peer of another protocol.
    for junk in
        ["v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\0\0 \r"]
    {
        let (frames, broken) = frames([junk.as_bytes(), good.as_bytes()]);
        assert_eq!(frames.last(), Some(&whole(&good)), "{junk}");
        assert_eq!(broken, None);
    }
}

#[test]
fn what_cannot_be_framed_ends_the_stream_with_an_answer() {
    let long = format!("X: {}\r\n", "x".repeat(HEAD));
    for (text, status, head) in [
        (message("Content-Length: x\r\n", ""), 400, message("Content-Length: x\r\n", "")),
        (message("Content-Length: -1\r\n", ""), 400, message("Content-Length: -1\r\n", "")),
        (message("l: 1\r\nl: 2\r\n", ""), 400, message("l: 1\r\nl: 2\r\n", "")),
        (message("l: 65537\r\n", ""), 513, message("l: 65537\r\n", "")),
        (
            message("l: 99999999999999999999\r\n", ""),
            400,
            message("l: 99999999999999999999\r\n", ""),
        ),
        (message(&long, ""), 513, OPTIONS.to_owned()),
        ("x".repeat(HEAD + 1), 513, String::new()),
        ("junk\r\n".repeat(JUNK / 6 + 1), 400, String::new()),
    ] {
        let (frames, broken) = frames(text.as_bytes().chunks(4096));
        let broken = broken.expect("it is broken");
        assert_eq!((broken.status, broken.head.as_ref()), (status, head.as_bytes()));
        assert_eq!(frames, []);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn frames_do_not_depend_on_how_bytes_were_split(
        parts in prop::collection::vec(prop_oneof![
            Just("\r\n".to_owned()), Just("\n".to_owned()), Just("\r".to_owned()),
            Just(message("Content-Length: 3\r\n", "a\nb")), Just(message("", "")),
            Just("SIP/2.0 ".to_owned()), Just("l: 4\r\n".to_owned()), "[ -~]{0,6}", "\\PC{0,3}",
        ], 0..12),
        sizes in prop::collection::vec(1_usize..9, 1..40),
    ) {
        let bytes = parts.concat().into_bytes();
        let mut rest: &[u8] = &bytes;
        let mut pieces = Vec::new();
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        prop_assert_eq!(frames(pieces), frames([bytes.as_slice()]));
    }
}
