//! Calls with encrypted sound (RFC 4568).

use super::*;

const KEY: &str = "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd";
const OTHER_KEY: &str = "inline:Dw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8P";

fn secure(key: &str) -> String {
    let offer = OFFER.replace("RTP/AVP", "RTP/SAVP");
    format!("{offer}a=crypto:3 AES_CM_128_HMAC_SHA1_32 {key}|2^31\r\n")
}

/// The one `a=crypto` line of a description.
fn key_line(body: &[u8]) -> String {
    let body = String::from_utf8(body.to_vec()).unwrap();
    let mut lines = body.lines().filter(|line| line.starts_with("a=crypto"));
    let line = lines.next().unwrap_or_else(|| panic!("{body}")).to_owned();
    assert_eq!(lines.next(), None, "{body}");
    line
}

async fn requiring(srtp: SrtpPolicy) -> (Endpoint, mpsc::Receiver<Arrival>) {
    let mut config = config();
    config.peers.iter_mut().for_each(|peer| peer.srtp = srtp);
    Endpoint::bind(config).await.unwrap()
}

#[tokio::test]
async fn what_a_peer_may_offer_is_a_setting_of_it() {
    use SrtpPolicy::{Off, Optional, Required};
    let both = format!("{OFFER}a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}\r\n");
    let table = [
        (Off, OFFER, Some(false)),
        (Off, &both, Some(false)),
        (Off, &secure(KEY), None),
        (Optional, OFFER, Some(false)),
        (Optional, &both, Some(true)),
        (Optional, &secure(KEY), Some(true)),
        (Required, OFFER, None),
        (Required, &both, Some(true)),
        (Required, &secure(KEY), Some(true)),
    ];
    for (policy, offer, expected) in table {
        let (server, mut arrivals) = requiring(policy).await;
        let raw = Raw::towards(&server).await;
        let invite = raw.request("INVITE", "call", 1).body("application/sdp", offer);
        assert_eq!(raw.ask(&invite).await.status, 100);
        let audio = call(&mut arrivals).await.invitation.audio;
        assert_eq!(audio.map(|audio| audio.srtp.is_some()), expected, "{policy:?} {offer}");
    }
}

#[tokio::test]
async fn keys_stay_while_the_peer_keeps_its_own_and_change_with_them() {
    let (server, mut arrivals) = requiring(SrtpPolicy::Required).await;
    let raw = Raw::towards(&server).await;
    let invite = raw.request("INVITE", "call", 1).body("application/sdp", &secure(KEY));
    assert_eq!(raw.ask(&invite).await.status, 100);
    let mut incoming = call(&mut arrivals).await;
    let first = incoming.invitation.audio.unwrap().srtp.unwrap();
    incoming.control.answer(rtp(6000));
    let ok = raw.response().await;
    let answer = String::from_utf8(ok.body.clone()).unwrap();
    assert!(answer.contains("m=audio 6000 RTP/SAVP 8 101\r\n"), "{answer}");
    let our_line = key_line(&ok.body);
    assert!(our_line.starts_with("a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:"), "{our_line}");
    assert!(!our_line.contains(KEY));
    raw.send(raw.request("ACK", "ack", 1).within(&ok).text()).await;
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Acknowledged));

    let ask = async |number: u32, offer: &str| {
        let draft = raw.request("INVITE", &format!("re{number}"), number).within(&ok);
        let draft = if offer.is_empty() { draft } else { draft.body("application/sdp", offer) };
        let response = raw.ask(&draft).await;
        let ack = raw.request("ACK", &format!("ack{number}"), number).within(&ok);
        let ack = match (response.status, offer.is_empty()) {
            // The ACK of a refusal is of the same transaction.
            (300.., _) => Draft { via: draft.via.clone(), ..ack },
            (_, true) => ack.body("application/sdp", &secure(KEY).replace("crypto:3", "crypto:1")),
            _ => ack,
        };
        raw.send(ack.text()).await;
        response
    };
    // As it stands, and ours asked for: the same keys, and nothing is new.
    assert_eq!(key_line(&ask(2, &secure(KEY)).await.body), our_line);
    let ours = ask(3, "").await;
    assert_eq!(key_line(&ours.body), our_line.replace("crypto:3", "crypto:1"));
    let held = secure(KEY) + "a=sendonly\r\n";
    assert_eq!(key_line(&ask(4, &held).await.body), our_line);
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Held));
    assert_eq!(key_line(&ask(5, &secure(KEY)).await.body), our_line);
    assert_eq!(next(&mut incoming.signals).await, Some(Signal::Resumed));
    // Not in clear.
    assert_eq!(ask(6, OFFER).await.status, 488);
    // Another key of the peer: another one of ours.
    assert_ne!(key_line(&ask(7, &secure(OTHER_KEY)).await.body), our_line);
    let Some(Signal::MediaMoved(moved)) = next(&mut incoming.signals).await else { panic!() };
    let second = moved.srtp.unwrap();
    assert_ne!(second.local, first.local);
    assert_ne!(second.remote, first.remote);
    raw.is_quiet(&mut arrivals).await;
    assert!(incoming.signals.try_recv().is_err());
}

#[tokio::test]
async fn a_placed_call_agrees_on_keys_or_is_none() {
    let (client, _arrivals) = bind().await;
    for (answers, encrypted) in [(SrtpPolicy::Optional, true), (SrtpPolicy::Off, false)] {
        let (server, mut arrivals) = requiring(answers).await;
        let srtp = SrtpPolicy::Required;
        let mut placed = client.place(OutgoingInvite { srtp, ..to_alice(&server) });
        let incoming = call(&mut arrivals).await;
        let Some(called) = incoming.invitation.audio else {
            assert!(!encrypted);
            incoming.control.refuse(Answer::new(488));
            let told = next(&mut placed.progress).await;
            assert!(matches!(told, Some(Progress::Refused(488, _))), "{told:?}");
            continue;
        };
        assert!(encrypted);
        incoming.control.answer(rtp(6000));
        let told = next(&mut placed.progress).await;
        let Some(Progress::Answered(audio)) = told else { panic!("{told:?}") };
        let (called, calling) = (called.srtp.unwrap(), audio.srtp.unwrap());
        assert_eq!((called.local, called.remote), (calling.remote, calling.local));
    }
}
