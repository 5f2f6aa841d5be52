//! Eight times the input is no more than some times eight the work: nothing in a
//! message makes a reader go over it again and again.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::sdp::read_offer;
use crate::wire::tests::invite;
use crate::wire::{NameAddr, Uri, read_datagram, response_to};
use crate::{Believed, SrtpPolicy, party};

const SHORT: usize = 2_000;
const TIMES: usize = 8;
/// Eight where the work is linear and 64 where it is quadratic; much room for a
/// busy machine on either side.
const ALLOWED: u32 = 30;
const TRIES: usize = 40;

const PIECES: [&str; 24] = [
    ",",
    ";",
    "\"",
    "<",
    ">",
    "a=b;",
    "\\\"",
    "%41",
    ":",
    "::",
    "x:\r\n",
    "t:\r\n",
    "v: SIP/2.0/UDP a\r\n",
    "\r\n ",
    "a\r\n",
    "History-Info: <sip:a@b>;index=1.1\r\n",
    "Diversion: <sip:a@b>, <sip:c@d>\r\n",
    "Reason: SIP;cause=200, ",
    "a=rtpmap:96 x/8000\r\n",
    "m=audio 1 RTP/AVP 8\r\n",
    " 0",
    " 96",
    "--x\r\n",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n",
];

/// CPU time of this thread: other work on the machine does not count.
fn worked() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.try_into().unwrap(), now.tv_nsec.try_into().unwrap())
}

/// The best of several tries counts, and more tries are made while it is not good
/// enough: shared caches make a try slow, and nothing makes it fast.
fn assert_linear(name: &str, work: impl Fn(&str)) {
    let timed = |input: &str| {
        let start = worked();
        work(input);
        worked().saturating_sub(start)
    };
    for piece in PIECES {
        let short = piece.repeat(SHORT / piece.len());
        let long = short.repeat(TIMES);
        let (mut few, mut many) = (Duration::MAX, Duration::MAX);
        let linear = (0..TRIES).any(|_| {
            few = few.min(timed(&short));
            many = many.min(timed(&long));
            // Below that the clock says nothing.
            many < few.max(Duration::from_micros(20)) * ALLOWED
        });
        assert!(linear, "{name}, {piece:?}: {few:?}, and {many:?} for the eightfold");
    }
}

#[test]
fn work_on_headers_grows_with_their_length_only() {
    let source = "192.0.2.9:5060".parse().unwrap();
    let head = "INVITE sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nf: <sip:a@b>\r\ni: 1\r\n\
                CSeq: 1 INVITE\r\n";
    for (name, before, after) in
        [("headers", "t: <sip:a@b>\r\n", "\r\n\r\n"), ("a To", "t: <sip:a@b>", "\r\n\r\n")]
    {
        assert_linear(name, |piece| {
            let bytes = format!("{head}{before}{piece}{after}");
            match read_datagram(bytes.as_bytes()) {
                Ok(Some(crate::wire::Message::Request(request))) => {
                    black_box(response_to(&request, 200, None, Some("x"), source).to_bytes());
                    black_box(party::diversions(&request, Believed::ALL));
                    black_box(party::caller(&request, Believed::ALL));
                    black_box(party::answered_elsewhere(&request));
                }
                other => drop(black_box(other)),
            }
        });
    }
}

#[test]
fn work_on_addresses_grows_with_their_length_only() {
    assert_linear("URI", |piece| {
        black_box(Uri::read(&format!("sip:a@b;{piece}")).map(|uri| uri.param("c"))).ok();
    });
    assert_linear("address", |piece| {
        black_box(NameAddr::read(&format!("{piece} <sip:a@b>;{piece}"))).ok();
    });
    assert_linear("digest", |piece| {
        let mut request = invite("sip:a@b", "");
        request.headers.push("WWW-Authenticate", format!("Digest realm={piece}"));
        black_box(crate::digest::challenges(&request.headers));
    });
}

#[test]
fn work_on_descriptions_grows_with_their_length_only() {
    let rtp = "192.0.2.1:6000".parse().unwrap();
    let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n";
    // Formats that are named and none of ours, and as many names for them.
    for (name, media) in [
        ("formats", "m=audio 4000 RTP/AVP 96"),
        ("attributes", "m=audio 4000 RTP/AVP 97 97 0 8\r\n"),
    ] {
        assert_linear(name, |piece| {
            let body = format!("{head}{media}{piece}\r\na=rtpmap:97 y/1\r\n");
            if let Ok(offer) = read_offer(body.as_bytes())
                && let Some(audio) = offer.audio(SrtpPolicy::Optional)
            {
                black_box(offer.answer(rtp, &audio, 1, 1));
            }
        });
    }
    assert_linear("both", |piece| {
        let half = piece.len() / 2;
        let formats = " 96".repeat(half / 3);
        let names = "a=rtpmap:97 y/1\r\n".repeat(half / 17);
        let body = format!("{head}m=audio 4000 RTP/AVP{formats}\r\n{names}");
        black_box(read_offer(body.as_bytes()).map(|offer| offer.audio(SrtpPolicy::Off))).ok();
    });
}
