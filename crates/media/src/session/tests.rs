//! A session under a clock of our own: no socket, no waiting.

use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::clock::{self, FRAME};

const CALLER: &str = "192.0.2.1:4000";
const EVENT: u8 = 101;

struct Desk {
    session: Session,
    events: UnboundedReceiver<MediaEvent>,
    out: Outbox,
    now: Samples,
    tick: u32,
    sent: usize,
}

impl Desk {
    /// A call that is connected, its clock at 100 s.
    fn new() -> Self {
        let (sender, events) = unbounded_channel();
        let session = Session::new(7, false, sender);
        let now = clock::samples(Duration::from_secs(100));
        let mut desk = Self { session, events, out: Outbox::default(), now, tick: 0, sent: 0 };
        desk.order(Order::Connect(RemoteAudio {
            rtp: CALLER.parse().unwrap(),
            codec: Codec::Pcmu,
            payload_type: 0,
            event_payload_type: Some(EVENT),
            held: false,
            srtp: None,
        }));
        desk
    }

    fn recording() -> Self {
        let mut desk = Self::new();
        desk.order(Order::Record("message".into(), desk.now));
        desk
    }

    fn order(&mut self, order: Order) {
        self.session.obey(order, &mut self.out);
    }

    fn hear_from(&mut self, from: &str, packet: Packet<'_>) {
        let mut datagram = [&rtp::header(&packet)[..], packet.payload].concat();
        let from = from.parse().unwrap();
        self.session.receive(&mut datagram, from, self.now, &mut [0; 2048], &mut self.out);
    }

    fn hear(&mut self, sequence: u16, timestamp: u32, payload: &[u8]) {
        self.hear_from(CALLER, sound(1, sequence, timestamp, payload));
    }

    fn event(&mut self, sequence: u16, timestamp: u32, code: u8, duration: u16) {
        let [high, low] = duration.to_be_bytes();
        let payload = [code, 10, high, low];
        let packet = sound(1, sequence, timestamp, &payload);
        self.hear_from(CALLER, Packet { payload_type: EVENT, ..packet });
    }

    /// 20 ms pass.
    fn tick(&mut self) {
        self.now += FRAME as Samples;
        self.tick += 1;
        let sending = self.session.send(self.tick, &mut [0; LONGEST_PACKET]);
        self.sent += usize::from(sending.is_some());
        self.session.pass(self.now, &mut self.out);
    }

    fn pass(&mut self, ticks: usize) {
        (0..ticks).for_each(|_| self.tick());
    }

    /// Ends the recording and returns its sound.
    fn message(&mut self) -> Vec<i16> {
        self.order(Order::StopRecording(self.now));
        assert!(matches!(self.out.jobs.last(), Some(Job::Close { .. })));
        let samples = |job: Job| match job {
            Job::Write { silence, sound, .. } => {
                let samples = sound.as_chunks().0.iter().map(|pair| i16::from_le_bytes(*pair));
                std::iter::repeat_n(0, silence).chain(samples).collect()
            }
            Job::Open { .. } | Job::Close { .. } => Vec::new(),
        };
        self.out.jobs.drain(..).flat_map(samples).collect()
    }

    /// What the house was told, in a few letters each.
    fn told(&mut self) -> String {
        let mut told = String::new();
        while let Ok(event) = self.events.try_recv() {
            told.push(match event {
                MediaEvent::PromptFinished => 'P',
                MediaEvent::Digit(key) => key,
                MediaEvent::VoiceStarted => '[',
                MediaEvent::VoiceStopped => ']',
                MediaEvent::RecordingClosed(_) => 'R',
                MediaEvent::Failed(_) => '!',
            });
        }
        told
    }
}

fn sound(ssrc: u32, sequence: u16, timestamp: u32, payload: &[u8]) -> Packet<'_> {
    Packet { marker: false, payload_type: 0, sequence, timestamp, ssrc, payload }
}

/// A tone in which no two frames are alike, as octets and as it is heard.
fn tone(frames: usize) -> (Vec<u8>, Vec<i16>) {
    let angle = |n: usize| n as f64 * (0.3 + n as f64 * 0.000_02);
    let wave: Vec<i16> = (0..frames * FRAME).map(|n| (9000.0 * angle(n).sin()) as i16).collect();
    let octets = g711::encode(Codec::Pcmu, &wave);
    let mut heard = vec![0; octets.len()];
    g711::decode(Codec::Pcmu, &octets, &mut heard);
    (octets, heard)
}

#[test]
fn a_message_is_recorded_sample_for_sample() {
    let (octets, heard) = tone(100);
    for size in [80, 160, 240, 480] {
        let mut desk = Desk::recording();
        let mut arrived = 0;
        for (sequence, part) in (60_000_u16..).zip(octets.chunks_exact(size)) {
            arrived += part.len();
            let ticks = arrived / FRAME - (arrived - part.len()) / FRAME;
            desk.pass(ticks);
            desk.hear(sequence, (u32::MAX - 700).wrapping_add(arrived as u32), part);
        }
        let message = desk.message();
        assert!(message.len().abs_diff(heard.len()) <= 320, "packets of {size}: {}", message.len());
        let length = message.len().min(heard.len()) - size;
        assert!(message[..length] == heard[..length], "packets of {size}");
        assert_eq!(desk.told(), "[", "packets of {size}");
    }
}

#[test]
fn packets_that_waited_to_be_heard_lie_where_they_belong() {
    let (octets, heard) = tone(100);
    let frames: Vec<&[u8]> = octets.chunks_exact(FRAME).collect();
    // The recording begins with the call; or later, when its place in time is known,
    // and while packets wait that came before it.
    for (before, late) in [(0, 4), (32, 0)] {
        let mut desk = Desk::new();
        for number in 0..100 {
            desk.tick();
            if number == before {
                let began = desk.now - FRAME as Samples;
                desk.order(Order::Record("message".into(), began));
            }
            if number % 5 == 4 || (late == 0 && number == before) {
                let waited = (0_u16..).zip(&frames).take(number + 1).skip(number - number % 5);
                for (number, frame) in waited {
                    desk.hear(number, u32::from(number) * 160, frame);
                }
            }
        }
        let message = desk.message();
        assert_eq!(message.len(), (100 - before + late) * FRAME, "from {before} on");
        assert!(message.ends_with(&heard[before * FRAME..]), "from {before} on");
    }
}

#[test]
fn a_writer_that_hangs_costs_sound_and_not_memory() {
    let (octets, heard) = tone(500);
    let mut desk = Desk::recording();
    desk.out.backlog = Arc::new(Backlog::new(20_000));
    let has_sound = |job: &&Job| matches!(job, Job::Write { sound, .. } if !sound.is_empty());
    for (number, frame) in (0_u16..).zip(octets.chunks_exact(FRAME)) {
        if number == 400 {
            assert_eq!(desk.out.jobs.iter().filter(|job| has_sound(job)).count(), 4);
            // They are written now.
            desk.out.backlog.release(16_000);
        }
        desk.tick();
        desk.hear(number, u32::from(number) * 160, frame);
    }
    let lost = desk.out.counters.unwritten as usize;
    let message = desk.message();
    assert_eq!(message.len(), heard.len());
    let first = message.iter().zip(&heard).position(|(is, was)| is != was).unwrap();
    assert!((30_000..60_000).contains(&lost), "{lost}");
    assert!(message[first..first + lost].iter().all(|sample| *sample == 0));
    assert!(message[first + lost..] == heard[first + lost..], "everything else in its place");
}

#[test]
fn lost_swapped_and_repeated_packets_leave_the_rest_in_place() {
    let (octets, mut heard) = tone(60);
    let frames: Vec<&[u8]> = octets.chunks_exact(FRAME).collect();
    let mut desk = Desk::recording();
    let mut order: Vec<u16> = (0..60).collect();
    order.swap(20, 23);
    order.swap(30, 31);
    order.retain(|n| ![10, 11, 40].contains(n));
    order.insert(45, 44);
    for number in order {
        desk.tick();
        desk.hear(number, u32::from(number) * 160, frames[usize::from(number)]);
    }
    desk.pass(3);
    for lost in [10, 11, 40] {
        heard[lost * FRAME..(lost + 1) * FRAME].fill(0);
    }
    let message = desk.message();
    assert!(message[..60 * FRAME] == heard);
    assert_eq!(desk.out.counters.duplicates, 1);
    assert_eq!(desk.out.counters.late, 0);
}

#[test]
fn a_pause_has_its_length_and_ends_the_voice() {
    let (octets, heard) = tone(100);
    let mut desk = Desk::recording();
    for (number, frame) in (0_u16..).zip(octets.chunks_exact(FRAME)) {
        if number == 50 {
            desk.pass(9);
            assert_eq!(desk.told(), "[", "180 ms");
            desk.pass(1);
            assert_eq!(desk.told(), "]", "200 ms, by the clock");
            desk.pass(90);
        }
        desk.tick();
        // Timestamps go on while the sender is silent (RFC 3551 §4.1).
        let pause = if number < 50 { 0 } else { 16_000 };
        desk.hear(number, u32::from(number) * 160 + pause, frame);
    }
    let message = desk.message();
    assert_eq!(message.len(), 32_000);
    assert!(message[..8000] == heard[..8000]);
    assert!(message[8000..24_000].iter().all(|sample| *sample == 0));
    assert!(message[24_000..] == heard[8000..]);
    assert_eq!(desk.told(), "[");
}

#[test]
fn a_message_without_packets_is_silence_of_its_length() {
    let mut desk = Desk::recording();
    desk.pass(250);
    assert_eq!(desk.message(), vec![0; 40_000]);
    assert_eq!(desk.told(), "");
}

#[test]
fn another_source_or_a_jump_neither_breaks_nor_fills() {
    let (octets, heard) = tone(90);
    let mut desk = Desk::recording();
    for (number, frame) in (0_u16..).zip(octets.chunks_exact(FRAME)) {
        desk.tick();
        let timestamp = u32::from(number) * 160;
        let packet = match number {
            0..30 => sound(1, number, timestamp, frame),
            30..60 => sound(1, number, timestamp.wrapping_add(3_000_000_000), frame),
            _ => sound(2, number + 9000, timestamp + 5, frame),
        };
        desk.hear_from(CALLER, packet);
    }
    let message = desk.message();
    assert!(message.len() <= heard.len() + FRAME, "{}", message.len());
    assert!(message[..heard.len()] == heard);
}

#[test]
fn a_worker_that_comes_late_loses_nothing() {
    let (octets, heard) = tone(150);
    let mut desk = Desk::recording();
    for (number, frame) in (0_u16..).zip(octets.chunks_exact(FRAME)) {
        match number {
            0..50 => desk.tick(),
            // A second in which nothing runs, then all packets of it at once.
            50 => desk.now += 8000,
            51..100 => {}
            _ => desk.tick(),
        }
        desk.hear(number, u32::from(number) * 160, frame);
    }
    let message = desk.message();
    assert!(message[..heard.len()] == heard);
}

#[test]
fn keys_are_told_once_and_not_recorded() {
    let (octets, heard) = tone(60);
    let mut desk = Desk::recording();
    let mut sequence = 0;
    for (number, frame) in (0_u16..).zip(octets.chunks_exact(FRAME)) {
        desk.tick();
        let timestamp = u32::from(number) * 160;
        if (20..28).contains(&number) {
            // The key is told of by event and, by this peer, as a tone too.
            desk.event(sequence, 20 * 160, 11, (number - 19) * 160);
            sequence += 1;
        }
        desk.hear(sequence, timestamp, frame);
        sequence += 1;
    }
    for _ in 0..3 {
        desk.event(sequence, 20 * 160, 11, 8 * 160);
        sequence += 1;
    }
    let message = desk.message();
    assert_eq!(desk.told(), "[#");
    assert!(message[..20 * FRAME] == heard[..20 * FRAME]);
    assert!(message[20 * FRAME..28 * FRAME].iter().all(|sample| *sample == 0));
    assert!(message[28 * FRAME..60 * FRAME] == heard[28 * FRAME..]);
}

#[test]
fn only_the_caller_is_heard() {
    let (octets, heard) = tone(20);
    let mut desk = Desk::recording();
    for (number, frame) in (0_u16..).zip(octets.chunks_exact(FRAME)) {
        desk.tick();
        let loud = [0x80; FRAME];
        desk.hear_from("198.51.100.66:4000", sound(1, number, u32::from(number) * 160, &loud));
        desk.hear(number, u32::from(number) * 160, frame);
        desk.hear_from("192.0.2.1:4002", sound(1, number + 1, u32::from(number) * 160, &loud));
    }
    assert!(desk.message() == heard);
    assert_eq!(desk.out.counters.refused, 40);
}

#[test]
fn while_held_nothing_is_said_or_heard_and_the_prompt_waits() {
    let mut desk = Desk::recording();
    desk.order(Order::Play(Arc::new(Prompt::from_samples(&[900; 10 * FRAME]))));
    desk.pass(4);
    desk.order(Order::Hold(true));
    desk.pass(40);
    desk.hear(0, 0, &[0x80; FRAME]);
    desk.pass(10);
    assert_eq!(desk.sent, 4);
    desk.order(Order::Hold(false));
    desk.pass(20);
    assert_eq!(desk.sent, 10);
    assert_eq!(desk.message(), vec![0; 74 * FRAME]);
}

#[test]
fn a_recording_has_a_plain_name() {
    for name in ["", ".", "..", "../a", "/a", "a/b", "a/", ".a", "a\0b", &"a".repeat(201)] {
        let mut desk = Desk::new();
        desk.order(Order::Record(name.into(), desk.now));
        assert_eq!(desk.told(), "!", "{name:?}");
        desk.order(Order::StopRecording(desk.now));
        assert_eq!(desk.told(), "R", "{name:?}");
        assert!(desk.out.jobs.is_empty(), "{name:?}");
    }
}

#[test]
fn a_fault_leaves_what_was_written() {
    let mut desk = Desk::recording();
    desk.pass(30);
    desk.session.abandon(&mut desk.out);
    assert_eq!(desk.told(), "!");
    assert!(matches!(desk.out.jobs.last(), Some(Job::Close { .. })));
    desk.pass(30);
}

proptest::proptest! {
    /// Any datagrams at all: no fault, and never more sound than time.
    #[test]
    fn any_peer_is_survived(
        datagrams in proptest::collection::vec(
            (0..4_usize, proptest::collection::vec(proptest::num::u8::ANY, 0..60)),
            0..120,
        ),
    ) {
        let mut desk = Desk::recording();
        let start = desk.now;
        for (ticks, mut datagram) in datagrams {
            desk.pass(ticks);
            if let Some(first) = datagram.first_mut() {
                *first = 0x80 | (*first & 0x3f);
            }
            if let Some(kind) = datagram.get_mut(1) {
                *kind = if *kind < 128 { 0 } else { EVENT };
            }
            let from = CALLER.parse().unwrap();
            desk.session.receive(&mut datagram, from, desk.now, &mut [0; 2048], &mut desk.out);
        }
        let passed = desk.now - start;
        let length = desk.message().len() as Samples;
        proptest::prop_assert!(length >= passed && length <= passed + AHEAD);
    }
}
