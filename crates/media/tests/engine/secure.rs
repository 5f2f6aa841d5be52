//! Encrypted sound, with rtc-srtp at the caller's end.

use std::sync::Arc;
use std::thread::park_timeout;

use ringpost_media::Prompt;
use ringpost_model::{Codec, Srtp, SrtpKey, SrtpSuite};
use rtc_srtp::context::Context;
use rtc_srtp::crypto::RTCCryptoProvider as _;
use rtc_srtp::crypto::providers::RingProvider;
use rtc_srtp::option::srtp_replay_protection;
use rtc_srtp::protection_profile::ProtectionProfile;

use crate::caller::Caller;
use crate::sound::{align, decode, encode, tone};
use crate::{Call, House, TICK, samples};

/// The caller's side of both streams, and the keys as Ringpost is told them.
pub struct Ends {
    pub keys: Srtp,
    sending: Context,
    receiving: Context,
}

impl Ends {
    pub fn new(suite: SrtpSuite, local: u8, remote: u8) -> Self {
        let length = suite.key_length() + 14;
        let key = |octet: u8| {
            let mut octets = [0; 46];
            octets[..length].iter_mut().zip(octet..).for_each(|(to, octet)| *to = octet);
            SrtpKey(octets)
        };
        let keys = Srtp { suite, local: key(local), remote: key(remote) };
        Self { keys, sending: context(suite, &keys.remote), receiving: context(suite, &keys.local) }
    }

    pub fn protect(&mut self, packet: &[u8]) -> Vec<u8> {
        self.sending.encrypt_rtp(packet).unwrap().to_vec()
    }

    fn open(&mut self, packet: &[u8]) -> Vec<u8> {
        self.receiving.decrypt_rtp(packet).unwrap().to_vec()
    }
}

fn context(suite: SrtpSuite, key: &SrtpKey) -> Context {
    let profile = match suite {
        SrtpSuite::AesCm128Sha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
        SrtpSuite::AesCm128Sha1_32 => ProtectionProfile::Aes128CmHmacSha1_32,
        SrtpSuite::AesCm256Sha1_80 => ProtectionProfile::Aes256CmHmacSha1_80,
        SrtpSuite::AesCm256Sha1_32 => ProtectionProfile::Aes256CmHmacSha1_32,
    };
    let (key, rest) = key.0.split_at(suite.key_length());
    let window = Some(srtp_replay_protection(64));
    Context::new(key, &rest[..14], profile, window, None, RingProvider::new().crypto()).unwrap()
}

fn secure_caller(suite: SrtpSuite) -> Caller {
    let mut caller = Caller::new(Codec::Pcmu);
    caller.ends = Some(Ends::new(suite, 10, 100));
    caller
}

/// The sound of so many packets of ours, as the caller hears it.
fn hear(caller: &mut Caller, packets: usize) -> Vec<i16> {
    let mut heard = Vec::new();
    for _ in 0..packets {
        let mut packet = [0; 400];
        let length = caller.socket.recv(&mut packet).unwrap();
        let plain = caller.ends.as_mut().unwrap().open(&packet[..length]);
        heard.extend(decode(Codec::Pcmu, &plain[12..]));
    }
    heard
}

#[test]
fn an_encrypted_call_is_heard_and_recorded_in_every_suite() {
    let house = House::new();
    let suites = [
        (SrtpSuite::AesCm128Sha1_80, 10),
        (SrtpSuite::AesCm128Sha1_32, 4),
        (SrtpSuite::AesCm256Sha1_80, 10),
        (SrtpSuite::AesCm256Sha1_32, 4),
    ];
    for (suite, tag) in suites {
        let mut caller = secure_caller(suite);
        let mut call = house.call(&caller, false);
        let to = call.stream.local_addr();
        let sound = tone(410);
        call.stream.play(Arc::new(Prompt::from_wav(&crate::wav(&sound)).unwrap()));
        let mut first = [0; 400];
        assert_eq!(caller.socket.peek(&mut first).unwrap(), 172 + tag, "{suite:?}");
        let heard = hear(&mut caller, 21);
        assert!(heard[..sound.len()] == decode(Codec::Pcmu, &encode(Codec::Pcmu, &sound)));
        // The caller's sequence numbers wrap on the way.
        call.record(suite.name());
        let said = tone(1000);
        caller.speak(to, &said);
        let recorded = call.stop();
        let (_, fit) = align(&samples(&house.recordings().join(&recorded.file)), &said[..7800]);
        assert!(fit > 0.99, "{suite:?}: {fit}");
    }
    assert_eq!(house.engine.statistics().unauthentic, 0);
}

#[test]
fn only_the_holder_of_the_key_is_heard_on_an_encrypted_call() {
    let house = House::new();
    let mut caller = secure_caller(SrtpSuite::AesCm128Sha1_80);
    let mut other_key = Caller::new(Codec::Pcmu);
    other_key.ends = Some(Ends::new(SrtpSuite::AesCm128Sha1_80, 10, 101));
    let mut plain = Caller::new(Codec::Pcmu);
    let mut elsewhere = Caller::at(Codec::Pcmu, "127.0.0.5".parse().unwrap());
    // Any source may be the caller, so the tag alone tells them apart.
    let Call { stream, events } = house.call(&caller, true);
    let mut call = Call { stream, events };
    let to = call.stream.local_addr();
    call.record("forged");
    for stranger in [&mut plain, &mut other_key, &mut elsewhere] {
        stranger.speak(to, &tone(200));
    }
    assert_eq!(call.stop().said, std::time::Duration::ZERO);
    assert_eq!(house.engine.statistics().unauthentic, 30);
    // None of them was taken for the caller: the sound goes where it was signalled.
    call.stream.play(Arc::new(Prompt::default_greeting()));
    hear(&mut caller, 3);
    call.record("true");
    caller.speak(to, &tone(300));
    let said = call.stop().said;
    assert!(said >= TICK * 12, "{said:?}");
}

#[test]
fn a_packet_that_comes_again_is_not_heard_again() {
    let house = House::new();
    let mut caller = secure_caller(SrtpSuite::AesCm128Sha1_32);
    let mut call = house.call(&caller, false);
    let to = call.stream.local_addr();
    let mut sent = Vec::new();
    for frame in encode(Codec::Pcmu, &tone(400)).chunks(160) {
        caller.pace();
        let packet = caller.packet(0, frame);
        let packet = caller.ends.as_mut().unwrap().protect(&packet);
        caller.socket.send_to(&packet, to).unwrap();
        sent.push(packet);
        caller.sequence = caller.sequence.wrapping_add(1);
        caller.timestamp = caller.timestamp.wrapping_add(160);
    }
    park_timeout(TICK * 3);
    call.record("again");
    for packet in &sent {
        caller.pace();
        caller.socket.send_to(packet, to).unwrap();
    }
    assert_eq!(call.stop().said, std::time::Duration::ZERO);
    let statistics = house.engine.statistics();
    assert_eq!((statistics.received, statistics.unauthentic), (20, 20), "{statistics:?}");
}

#[test]
fn after_a_new_offer_the_new_keys_count_and_the_stream_goes_on() {
    let house = House::new();
    let mut caller = secure_caller(SrtpSuite::AesCm128Sha1_80);
    let mut call = house.call(&caller, false);
    let to = call.stream.local_addr();
    call.stream.play(Arc::new(Prompt::default_greeting()));
    hear(&mut caller, 3);
    caller.speak(to, &tone(100));
    // Offered once more as it is: nothing begins anew.
    call.stream.connect(caller.audio());
    park_timeout(TICK * 3);
    hear(&mut caller, 3);
    let old = caller.ends.replace(Ends::new(SrtpSuite::AesCm256Sha1_80, 50, 60));
    call.stream.stop_playing();
    call.stream.connect(caller.audio());
    park_timeout(TICK * 3);
    drain(&caller);
    call.stream.play(Arc::new(Prompt::default_greeting()));
    hear(&mut caller, 3);
    call.record("new keys");
    caller.speak(to, &tone(300));
    let said = call.stop().said;
    assert!(said >= TICK * 12, "{said:?}");
    caller.ends = old;
    call.record("old keys");
    caller.speak(to, &tone(300));
    assert_eq!(call.stop().said, std::time::Duration::ZERO);
}

fn drain(caller: &Caller) {
    caller.socket.set_nonblocking(true).unwrap();
    while caller.socket.recv(&mut [0; 400]).is_ok() {}
    caller.socket.set_nonblocking(false).unwrap();
}
