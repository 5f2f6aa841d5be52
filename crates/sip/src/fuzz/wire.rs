//! Whole datagrams, and what the endpoint asks of them.

use std::net::SocketAddr;

use super::{corpus, fuzz};
use crate::wire::{Message, Method, Response, part, read_datagram, response_to};
use crate::{Believed, party};

#[test]
fn datagrams() {
    let source = SocketAddr::from(([192, 0, 2, 9], 5060));
    fuzz("datagrams", &corpus::messages(), |input, _| match read_datagram(input) {
        Ok(None) => {}
        Ok(Some(message)) => {
            let written = match &message {
                Message::Request(request) => request.to_bytes(),
                Message::Response(response) => response.to_bytes(),
            };
            assert_bounded(&written, input);
            assert_eq!(read_datagram(&written).as_ref(), Ok(&Some(message.clone())));
            if let Message::Request(request) = message {
                let answer = response_to(&request, 200, None, Some("tag"), source);
                assert_bounded(&answer.to_bytes(), input);
                assert_is_read(&answer);
                // None of them may panic, nor find more than was there.
                let found = [
                    party::diversions(&request, Believed::ALL),
                    party::addressed(&request),
                    vec![party::caller(&request, Believed::ALL)],
                ];
                assert!(found.iter().map(Vec::len).sum::<usize>() < 128);
                assert!(party::identifiers(&request).len() <= 4);
                let _ = party::answered_elsewhere(&request);
                let _ = (request.contact(), request.require(), request.content_type());
                let content_type = request.headers.get("Content-Type").unwrap_or_default();
                let part = part(content_type, &request.body, "application/sdp");
                assert!(part.is_none_or(|part| part.len() < request.body.len()));
            }
        }
        Err(fault) => {
            if let Some(answer) = fault.answer(source) {
                assert!(matches!(answer.status, 400 | 505), "{fault}");
                assert_bounded(&answer.to_bytes(), input);
            }
        }
    });
}

/// A comma may become a line of its own with a header's long name in it; more
/// than that nothing grows.
fn assert_bounded(written: &[u8], input: &[u8]) {
    assert!(written.len() <= 16 * input.len() + 1024, "{} from {}", written.len(), input.len());
}

fn assert_is_read(answer: &Response) {
    match read_datagram(&answer.to_bytes()) {
        Ok(Some(Message::Response(read))) => {
            assert_eq!(read.status, answer.status);
            assert_eq!(read.cseq(), answer.cseq());
            assert_ne!(read.cseq().map(|(_, method)| method), Ok(Method::Other(String::new())));
        }
        other => panic!("an answer that nobody reads: {other:?}"),
    }
}
