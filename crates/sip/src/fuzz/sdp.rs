//! Session descriptions: offers, our answers to them, and answers to offers of ours.

use std::net::SocketAddr;

use super::{corpus, fuzz};
use crate::SrtpPolicy;
use crate::sdp::{OwnKeys, read_answer, read_offer};

#[test]
fn session_descriptions() {
    let rtp = SocketAddr::from(([192, 0, 2, 1], 6000));
    let policies = [SrtpPolicy::Off, SrtpPolicy::Optional, SrtpPolicy::Required];
    fuzz("session descriptions", &corpus::sessions(), |input, chance| {
        let policy = *chance.of(&policies);
        let _ = read_answer(input, &OwnKeys::fresh(policy));
        let Ok(offer) = read_offer(input) else { return };
        let Some(audio) = offer.audio(policy) else { return };
        assert!(!audio.rtp.ip().is_multicast() && audio.rtp.port() != 0);
        assert_eq!(audio.srtp.is_some() || policy == SrtpPolicy::Required, audio.srtp.is_some());
        let answer = offer.answer(rtp, &audio, 1, 1);
        assert!(answer.len() <= 4 * input.len() + 1024);
        // One line for each of the offer, one stream, and that the one chosen.
        let lines = |text: &str| text.lines().filter(|line| line.starts_with("m=")).count();
        let accepted = answer.lines().filter(|line| line.starts_with("m=audio 6000 ")).count();
        assert_eq!(accepted, 1, "{answer}");
        let read = read_offer(answer.as_bytes()).unwrap();
        let heard = read.audio(policy).unwrap();
        assert_eq!((heard.rtp, heard.codec), (rtp, audio.codec), "{answer}");
        assert_eq!(heard.payload_type, audio.payload_type, "{answer}");
        assert_eq!(heard.srtp.map(|srtp| srtp.remote), audio.srtp.map(|srtp| srtp.local));
        assert!(lines(&answer) >= 1);
    });
}
