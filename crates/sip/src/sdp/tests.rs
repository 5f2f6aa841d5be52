//! Table tests of session descriptions.

mod keys;

use std::net::SocketAddr;

use proptest::prelude::*;
use ringpost_model::{Codec, RemoteAudio};

use keys::KEY;

use super::*;
use crate::SrtpPolicy::{Off, Optional};

const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";

fn audio(body: &str) -> Option<RemoteAudio> {
    read_offer(body.as_bytes()).expect(body).audio(Optional)
}

fn ours() -> SocketAddr {
    "198.51.100.7:20000".parse().unwrap()
}

#[test]
fn the_first_codec_that_we_speak_is_chosen() {
    let table = [
        ("0 8", "", Some((Codec::Pcmu, 0, None))),
        ("8 0 101", "a=rtpmap:101 telephone-event/8000", Some((Codec::Pcma, 8, Some(101)))),
        ("9 18 8", "a=rtpmap:9 G722/8000", Some((Codec::Pcma, 8, None))),
        (
            "111 96 0",
            "a=rtpmap:111 opus/48000/2\r\na=rtpmap:96 pcma/8000/1",
            Some((Codec::Pcma, 96, None)),
        ),
        (
            "0 100 101",
            "a=rtpmap:100 telephone-event/48000\r\na=rtpmap:101 Telephone-Event/8000",
            Some((Codec::Pcmu, 0, Some(101))),
        ),
        ("0", "a=rtpmap:101 telephone-event/8000", Some((Codec::Pcmu, 0, None))),
        ("0 97", "a=rtpmap:0 PCMU/16000\r\na=rtpmap:97 PCMU/8000/2", None),
        ("9 18", "", None),
        ("300 -1 x 0", "", Some((Codec::Pcmu, 0, None))),
        ("200 0", "a=rtpmap:200 PCMA/8000", Some((Codec::Pcmu, 0, None))),
    ];
    for (formats, lines, expected) in table {
        let chosen = audio(&format!("{HEAD}m=audio 4000 RTP/AVP {formats}\r\n{lines}\r\n"))
            .map(|audio| (audio.codec, audio.payload_type, audio.event_payload_type));
        assert_eq!(chosen, expected, "{formats} {lines}");
    }
}

#[test]
fn the_address_of_the_stream_goes_before_that_of_the_session() {
    let head = "v=0\no=- 1 1 IN IP6 ::1\ns=-\n";
    let table = [
        ("c=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0", Some("192.0.2.1:4000")),
        (
            "c=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\nc=IN IP4 192.0.2.2",
            Some("192.0.2.2:4000"),
        ),
        ("t=0 0\nm=audio 4000/2 RTP/AVPF 0\na=x\nc=IN IP6 2001:db8::5", Some("[2001:db8::5]:4000")),
        ("t=0 0\nm=video 1 RTP/AVP 99\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0", None),
        ("t=0 0\nm=audio 4000 RTP/AVP 0", None),
        ("c=IN IP4 224.2.1.1/127\nt=0 0\nm=audio 4000 RTP/AVP 0", None),
        ("c=IN IP4 pbx.example.com\nt=0 0\nm=audio 4000 RTP/AVP 0", None),
        ("c=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\nc=IN IP4 pbx.example.com", None),
        ("c=IN IP4 192.0.2.1\nt=0 0\nm=audio 0 RTP/AVP 0", None),
        ("c=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/SAVP 0", None),
        ("c=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 UDP/TLS/RTP/SAVPF 0", None),
        (
            "c=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/SAVP 0\nm=audio 5000 RTP/AVP 0",
            Some("192.0.2.1:5000"),
        ),
        ("c=IN IP4 192.0.2.1\nt=0 0", None),
        ("c=in ip4  192.0.2.1\nm=audio 4000 RTP/AVP 0", Some("192.0.2.1:4000")),
        ("c=IN IP4\nm=audio 4000 RTP/AVP 0", None),
        ("c=IN IP4 192.0.2.1\nm=audio 4000 rtp/avp 0", Some("192.0.2.1:4000")),
        ("m=audio 4000 RTP/AVP 0\nc=IN IP4 192.0.2.1\nc=IN IP4 192.0.2.2", Some("192.0.2.1:4000")),
    ];
    for (rest, expected) in table {
        let found = audio(&format!("{head}{rest}\n")).map(|audio| audio.rtp.to_string());
        assert_eq!(found.as_deref(), expected, "{rest}");
    }
}

#[test]
fn hold_is_seen_and_answered() {
    // session line, stream lines, held, what the answer says
    let table = [
        ("", "", false, "sendrecv"),
        ("", "a=sendrecv", false, "sendrecv"),
        ("", "a=sendonly", true, "recvonly"),
        ("", "a=inactive", true, "inactive"),
        ("", "a=recvonly", false, "sendonly"),
        ("a=sendonly", "", true, "recvonly"),
        ("a=inactive", "a=sendrecv", false, "sendrecv"),
        ("", "c=IN IP4 0.0.0.0", true, "sendrecv"),
        ("", "c=IN IP6 ::", true, "sendrecv"),
    ];
    for (session, stream, held, answered) in table {
        let body = format!("{HEAD}{session}\r\nm=audio 4000 RTP/AVP 0\r\n{stream}\r\n");
        let offer = read_offer(body.as_bytes()).expect(&body);
        let audio = offer.audio(Optional).expect(&body);
        assert_eq!(audio.held, held, "{session} {stream}");
        let answer = offer.answer(ours(), &audio, 1, 1);
        assert!(answer.ends_with(&format!("a={answered}\r\n")), "{answer}");
    }
}

#[test]
fn what_strict_parsers_refuse_is_read() {
    let table = [
        "v=0\no=- 1 1 IN IP4 192.0.2.1\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\n",
        "v=0\r\no=- 99999999999999999999 18446744073709551616 IN IP4 192.0.2.1\r\ns=x\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0",
        "v=0\r\no=Alice Example 1 1 IN IP4 192.0.2.1\r\ns= \r\nt=0 0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n\r\n",
        "v=0\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\nb=AS\r\nk=\r\ni\r\n",
        "\r\nv=0\r\no=\r\na=x\r\nu=::no uri\r\nc=IN IP4 192.0.2.1\r\nb=TIAS:x\r\nm=audio 4000  RTP/AVP\t0\r\n",
        "v=0\ro=- 1 1 IN IP4 192.0.2.1\rs=\u{fffd}\rc=IN IP4 192.0.2.1\rt=x\rm=audio 4000 RTP/AVP 0\rc=IN ATM x\r",
    ];
    for body in table {
        assert_eq!(
            audio(body).map(|audio| audio.rtp.to_string()).as_deref(),
            Some("192.0.2.1:4000"),
            "{body}"
        );
    }
    for body in
        ["", "hello", "<xml/>", "v=1\r\n", "v=0\r\nm=audio\r\n", "v=0\r\nm=audio x RTP/AVP 0\r\n"]
    {
        assert!(read_offer(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn the_answer_keeps_every_line_in_its_place() {
    let body = format!(
        "{HEAD}m=video 6000 RTP/AVP 99 100\r\na=rtpmap:99 H264/90000\r\n\
         m=audio 4000 RTP/AVP 9 8 0 97\r\na=rtpmap:97 telephone-event/8000\r\n\
         m=x-ms 7000 TCP/X *\r\nm=audio 4002 RTP/AVP 0\r\n"
    );
    let offer = read_offer(body.as_bytes()).unwrap();
    let chosen = offer.audio(Optional).unwrap();
    assert_eq!(
        offer.answer(ours(), &chosen, 7, 2),
        "v=0\r\no=- 7 2 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n\
         m=video 0 RTP/AVP 99 100\r\n\
         m=audio 20000 RTP/AVP 8 97\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:97 telephone-event/8000\r\na=fmtp:97 0-16\r\na=ptime:20\r\na=sendrecv\r\n\
         m=x-ms 0 TCP/X *\r\nm=audio 0 RTP/AVP 0\r\n"
    );
}

#[test]
fn two_of_us_understand_each_other() {
    for address in ["198.51.100.7:20000", "[2001:db8::7]:20002"] {
        let caller: SocketAddr = address.parse().unwrap();
        let offer = read_offer(write_offer(caller, 1, 1, &OwnKeys::fresh(Off)).as_bytes()).unwrap();
        let heard = offer.audio(Optional).unwrap();
        let expected = RemoteAudio {
            rtp: caller,
            codec: Codec::Pcmu,
            payload_type: 0,
            event_payload_type: Some(101),
            held: false,
            srtp: None,
        };
        assert_eq!(heard, expected);
        let answer = offer.answer(ours(), &heard, 2, 1);
        let keys = OwnKeys::fresh(Off);
        assert_eq!(
            read_answer(answer.as_bytes(), &keys),
            Ok(RemoteAudio { rtp: ours(), ..expected })
        );
    }
    let refusal = format!("{HEAD}m=audio 0 RTP/AVP 0\r\n");
    assert!(read_answer(refusal.as_bytes(), &OwnKeys::fresh(Off)).is_err());
}

#[test]
fn one_bad_line_does_not_spoil_a_good_one() {
    let bad = [
        ("m=video", "m=video 0 RTP/AVP 0"),
        ("m=", "m=application 0 RTP/AVP 0"),
        ("m=audio x RTP/AVP 0", "m=audio 0 RTP/AVP 0"),
        ("m=audio 70000 RTP/AVP 0", "m=audio 0 RTP/AVP 0"),
        ("m=audio -1 RTP/SAVP 0", "m=audio 0 RTP/SAVP 0"),
        ("m=video 4000 RTP//AVP 31", "m=video 0 RTP/AVP 0"),
        ("m=video 4000 RTP/AVP", "m=video 0 RTP/AVP 0"),
        ("m=v\u{e9}deo 4000 RTP/AVP 31", "m=application 0 RTP/AVP 31"),
        ("m=image 0 udptl t38", "m=image 0 udptl t38"),
        ("m=message 2855 TCP/MSRP *", "m=message 0 TCP/MSRP *"),
    ];
    for (line, refused) in bad {
        for (first, second) in [(true, false), (false, true)] {
            let good = "m=audio 4000/2 RTP/AVP 0\r\na=sendrecv\r\n";
            let bad = format!("{line}\r\na=rtpmap:0 X/1\r\nc=IN IP4 192.0.2.9\r\n");
            let body = if first { bad + good } else { good.to_owned() + &bad };
            let offer = read_offer(format!("{HEAD}{body}").as_bytes()).expect(line);
            let audio = offer.audio(Optional).expect(line);
            assert_eq!(audio.rtp.to_string(), "192.0.2.1:4000", "{line}");
            let answer = offer.answer(ours(), &audio, 1, 1);
            let lines: Vec<&str> = answer.lines().filter(|line| line.starts_with("m=")).collect();
            assert_eq!(lines[usize::from(second)], refused, "{line}");
            assert_eq!(lines[usize::from(first)], "m=audio 20000 RTP/AVP 0", "{line}");
        }
    }
}

#[test]
fn what_browsers_and_proxies_add_is_no_matter() {
    let body = format!(
        "\u{feff}{HEAD}b=AS:64\r\na=group:BUNDLE 0\r\na=ice-lite\r\na=msid-semantic: WMS *\r\n\
         m=audio 4000 RTP/AVP 13 0 101 102\r\nb=TIAS:64000\r\na=mid:0\r\n\
         a=candidate:1 1 UDP 2130706431 192.0.2.1 4000 typ host\r\na=rtcp-mux\r\n\
         a=rtcp:4001\r\na=ptime:30\r\na=maxptime:10\r\na=rtpmap:0 PCMU/8000\r\n\
         a=rtpmap:0 PCMA/8000\r\na=rtpmap:13 CN/8000\r\na=rtpmap:102 telephone-event/8000\r\n\
         a=ice-ufrag:x\r\na=setup:actpass\r\na\r\na=\r\n"
    );
    let offer = read_offer(body.as_bytes()).unwrap();
    let audio = offer.audio(Optional).unwrap();
    assert_eq!((audio.codec, audio.payload_type), (Codec::Pcmu, 0), "the first of two rtpmaps");
    assert_eq!(audio.event_payload_type, Some(102));
    let answer = offer.answer(ours(), &audio, 1, 1);
    for word in ["rtcp-mux", "ice", "BUNDLE", "candidate", "mid", "setup"] {
        assert!(!answer.contains(word), "{answer}");
    }
    assert!(answer.contains("a=ptime:20\r\n"));
}

#[test]
fn what_nobody_means_is_bounded() {
    let lines =
        |count| format!("{HEAD}{}m=audio 4000 RTP/AVP 0\r\n", "m=video 1 X 1\r\n".repeat(count));
    assert!(read_offer(lines(63).as_bytes()).unwrap().audio(Optional).is_some());
    assert!(read_offer(lines(64).as_bytes()).is_err());
    let many = format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}\r\n").repeat(5000);
    let offer = read_offer(format!("{HEAD}m=audio 4000 RTP/SAVP 0\r\n{many}").as_bytes()).unwrap();
    assert_eq!(offer.media[0].crypto.len(), 128);
    let wide = format!("{HEAD}m=audio 4000 RTP/AVP 0\r\nm=video 1 X{}\r\n", " 1".repeat(9000));
    let offer = read_offer(wide.as_bytes()).unwrap();
    let answer = offer.answer(ours(), &offer.audio(Optional).unwrap(), 1, 1);
    assert!(answer.len() < 400, "{}", answer.len());
}

fn nearly_sdp() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("m=audio 4000 RTP/AVP 0 8 101".to_owned()),
        Just("c=IN IP4 192.0.2.1".to_owned()),
        "[vosiuepcbtrzkam]=\\PC{0,20}",
        "m=(audio|video|x) [0-9/]{1,6} [A-Z/]{0,8} [0-9 ]{0,9}",
        "a=(rtpmap|fmtp|sendonly)[:0-9a-zA-Z /]{0,15}",
        "a=crypto:[0-9]{1,2} AES_CM_128_HMAC_SHA1_80 inline:[0-9a-zA-Z+/=|^:]{0,60}",
        Just(format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}")),
        Just("m=audio 4000 RTP/SAVP 0 8".to_owned()),
        "c=IN IP[46] [0-9a-f:./]{0,12}",
        "\\PC{0,9}",
    ];
    prop::collection::vec(line, 0..9).prop_map(|lines| format!("v=0\r\n{}\r\n", lines.join("\r\n")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in any::<Vec<u8>>()) {
        let _ = read_offer(&bytes);
    }

    #[test]
    fn every_offer_that_is_understood_has_an_answer_of_as_many_lines(body in nearly_sdp()) {
        let Ok(offer) = read_offer(body.as_bytes()) else { return Ok(()) };
        let Some(chosen) = offer.audio(Optional) else { return Ok(()) };
        let answer = offer.answer(ours(), &chosen, 1, 1);
        let read = read_offer(answer.as_bytes()).unwrap();
        prop_assert_eq!(read.media.len(), offer.media.len());
        let back = read.audio(Optional).unwrap();
        prop_assert_eq!((back.rtp, back.codec, back.payload_type), (ours(), chosen.codec, chosen.payload_type));
    }
}
