//! Against another implementation of the same RFC, rtc-srtp.

use ringpost_model::{SrtpKey, SrtpSuite};
use rtc_srtp::context::Context;
use rtc_srtp::crypto::RTCCryptoProvider as _;
use rtc_srtp::crypto::providers::RingProvider;
use rtc_srtp::protection_profile::ProtectionProfile;

use super::*;

const SUITES: [(SrtpSuite, ProtectionProfile); 4] = [
    (SrtpSuite::AesCm128Sha1_80, ProtectionProfile::Aes128CmHmacSha1_80),
    (SrtpSuite::AesCm128Sha1_32, ProtectionProfile::Aes128CmHmacSha1_32),
    (SrtpSuite::AesCm256Sha1_80, ProtectionProfile::Aes256CmHmacSha1_80),
    (SrtpSuite::AesCm256Sha1_32, ProtectionProfile::Aes256CmHmacSha1_32),
];

fn keys(suite: SrtpSuite, remote: u8) -> Srtp {
    Srtp { suite, local: SrtpKey([9; 46]), remote: SrtpKey([remote; 46]) }
}

/// The peer's end of one direction.
fn peer(suite: usize, key: u8) -> Context {
    let (suite, profile) = SUITES[suite];
    let (key, salt) = (vec![key; suite.key_length()], [key; 14]);
    Context::new(&key, &salt, profile, None, None, RingProvider::new().crypto()).unwrap()
}

fn ours(suite: usize, remote: u8) -> Box<Protection> {
    Protection::new(&keys(SUITES[suite].0, remote), None).unwrap()
}

fn packet(ssrc: u32, sequence: u16) -> Vec<u8> {
    let header = rtp::header(&rtp::Packet {
        marker: false,
        payload_type: 0,
        sequence,
        timestamp: u32::from(sequence) * 160,
        ssrc,
        payload: &[],
    });
    [&header[..], &[0x55; 160]].concat()
}

fn open(protection: &mut Protection, datagram: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut datagram = datagram.to_vec();
    protection.open(&mut datagram).map(<[u8]>::to_vec)
}

#[test]
fn what_the_peer_protects_is_opened_past_every_wrap() {
    for suite in 0..SUITES.len() {
        let (mut peer, mut ours) = (peer(suite, 1), ours(suite, 1));
        // Three turns of the sequence number, with steps that lose packets.
        for number in (60_000..200_000_u32).step_by(997) {
            let plain = packet(7, number as u16);
            let protected = peer.encrypt_rtp(&plain).unwrap();
            assert_ne!(protected[12..28], plain[12..28], "encrypted");
            assert_eq!(open(&mut ours, &protected), Ok(plain), "{suite} {number}");
            assert_eq!(open(&mut ours, &protected), Err(Refused::Unauthentic), "again");
        }
    }
}

#[test]
fn what_we_protect_the_peer_opens() {
    for suite in 0..SUITES.len() {
        let (mut peer, ours) = (peer(suite, 9), ours(suite, 1));
        for index in (30_000..200_000_u64).step_by(997) {
            let plain = packet(7, index as u16);
            let (mut packet, mut tag) = (plain.clone(), [0; LONGEST_TAG]);
            let length = ours.protect(&mut packet, &mut tag, index);
            packet.extend_from_slice(&tag[..length]);
            assert_eq!(peer.decrypt_rtp(&packet).unwrap()[..], plain, "{suite} {index}");
        }
    }
}

#[test]
fn every_shape_of_header_is_opened() {
    let (mut peer, mut ours) = (peer(0, 1), ours(0, 1));
    let mut plain = packet(7, 1);
    plain[0] |= 0x32;
    plain.splice(12..12, [&[7; 8][..], &[0x12, 0x34, 0, 1, 9, 9, 9, 9]].concat());
    plain.extend_from_slice(&[0, 0, 3]);
    let protected = peer.encrypt_rtp(&plain).unwrap();
    assert_eq!(open(&mut ours, &protected), Ok(plain));
}

#[test]
fn strangers_are_refused_and_leave_no_trace() {
    let (mut peer, mut wrong, mut ours) = (peer(0, 1), super::tests::peer(0, 2), ours(0, 1));
    let true_packet = peer.encrypt_rtp(&packet(7, 100)).unwrap();
    let mut changed = true_packet.to_vec();
    changed[20] ^= 1;
    let mut renumbered = true_packet.to_vec();
    renumbered[3] ^= 1;
    let table: [(&str, Vec<u8>, Refused); 8] = [
        ("plain RTP", packet(7, 100), Refused::Unauthentic),
        (
            "another key",
            wrong.encrypt_rtp(&packet(7, 5000)).unwrap().to_vec(),
            Refused::Unauthentic,
        ),
        ("one bit", changed, Refused::Unauthentic),
        ("another number", renumbered, Refused::Unauthentic),
        ("cut off", true_packet[..170].to_vec(), Refused::Unauthentic),
        ("a header and no tag", packet(7, 100)[..12].to_vec(), Refused::Unauthentic),
        ("nothing", Vec::new(), Refused::NotRtp),
        ("RTCP", [&[0x80, 200][..], &[0; 40]].concat(), Refused::NotRtp),
    ];
    for (name, datagram, why) in &table {
        assert_eq!(open(&mut ours, datagram), Err(*why), "{name}");
    }
    for ssrc in 0..10_000 {
        let _ = open(&mut ours, &packet(ssrc, ssrc as u16));
    }
    assert!(ours.receiving.sources().is_empty());
    assert!(open(&mut ours, &true_packet).is_ok(), "none of them moved the window");
}

#[test]
fn packets_out_of_order_come_through_once_within_the_window() {
    let (mut peer, mut ours) = (peer(1, 1), ours(1, 1));
    let protected: Vec<_> =
        (65_500..65_636_u32).map(|n| peer.encrypt_rtp(&packet(7, n as u16)).unwrap()).collect();
    let table =
        [(30, true), (32, true), (31, true), (31, false), (40, true), (38, true), (100, true)];
    for (number, opened) in table {
        assert_eq!(open(&mut ours, &protected[number]).is_ok(), opened, "{number}");
    }
    assert!(open(&mut ours, &protected[36]).is_err(), "64 behind");
    assert!(open(&mut ours, &protected[37]).is_ok(), "63 behind");
}

#[test]
fn another_source_with_the_key_is_heard_and_the_old_one_not_again() {
    let (mut peer, mut ours) = (peer(0, 1), ours(0, 1));
    let first = peer.encrypt_rtp(&packet(7, 500)).unwrap();
    let second = peer.encrypt_rtp(&packet(8, 90)).unwrap();
    assert!(open(&mut ours, &first).is_ok());
    assert!(open(&mut ours, &second).is_ok());
    assert!(open(&mut ours, &first).is_err(), "a replay of the first");
    for ssrc in 100..200 {
        let _ = open(&mut ours, &peer.encrypt_rtp(&packet(ssrc, 1)).unwrap());
    }
    assert_eq!(ours.receiving.sources().len(), 16, "bounded");
}

#[test]
fn new_keys_count_at_once_and_the_same_keys_change_nothing() {
    let (suite, _) = SUITES[0];
    let (mut old_peer, mut new_peer) = (peer(0, 1), peer(0, 2));
    let mut ours = ours(0, 1);
    // The peer is in its second turn when it changes its key.
    let earlier: Vec<_> =
        [65_530, 65_535, 2_u16].map(|n| old_peer.encrypt_rtp(&packet(7, n)).unwrap()).into();
    earlier.iter().for_each(|packet| assert!(open(&mut ours, packet).is_ok()));
    ours = Protection::new(&keys(suite, 1), Some(ours)).unwrap();
    assert!(open(&mut ours, &earlier[2]).is_err(), "the same key: still a replay");
    ours =
        Protection::new(&Srtp { local: SrtpKey([5; 46]), ..keys(suite, 1) }, Some(ours)).unwrap();
    assert!(open(&mut ours, &earlier[2]).is_err(), "only our key is new: still a replay");
    ours = Protection::new(&keys(suite, 2), Some(ours)).unwrap();
    let late = old_peer.encrypt_rtp(&packet(7, 3)).unwrap();
    assert!(open(&mut ours, &late).is_ok(), "what was on its way");
    assert!(open(&mut ours, &late).is_err() && open(&mut ours, &earlier[2]).is_err(), "but once");
    let again = new_peer.encrypt_rtp(&packet(7, 5)).unwrap();
    assert!(open(&mut ours, &again).is_ok(), "a peer whose counter begins anew");
    assert!(open(&mut ours, &old_peer.encrypt_rtp(&packet(7, 4)).unwrap()).is_err(), "too late");
    // One whose roll-over counter outlives its key, as the RFC has it.
    let (mut went_on, mut counting) = (peer(0, 3), peer(0, 1));
    let mut other = super::tests::ours(0, 1);
    for number in (40_000..300_000_u32).step_by(9000) {
        assert!(
            open(&mut other, &counting.encrypt_rtp(&packet(7, number as u16)).unwrap()).is_ok()
        );
        let _ = went_on.encrypt_rtp(&packet(7, number as u16)).unwrap();
    }
    other = Protection::new(&keys(suite, 3), Some(other)).unwrap();
    let next = went_on.encrypt_rtp(&packet(7, 301_000_u32 as u16)).unwrap();
    assert!(open(&mut other, &next).is_ok());
}

proptest::proptest! {
    #[test]
    fn any_octets_are_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let mut datagram = bytes.clone();
        proptest::prop_assert!(ours(0, 1).open(&mut datagram).is_err());
        proptest::prop_assert_eq!(datagram, bytes);
    }
}
