//! A telephone: a plain UDP socket that sends RTP in real time.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use ringpost_model::{Codec, RemoteAudio};

use crate::secure::Ends;
use crate::sound::encode;
use crate::{LOCAL, TICK};

/// A telephone that can only do what a test tells it.
pub struct Caller {
    pub socket: UdpSocket,
    codec: Codec,
    pub sequence: u16,
    pub timestamp: u32,
    ssrc: u32,
    next: Instant,
    /// Where its sound is encrypted.
    pub ends: Option<Ends>,
}

impl Caller {
    pub fn new(codec: Codec) -> Self {
        Self::at(codec, LOCAL)
    }

    pub fn at(codec: Codec, ip: IpAddr) -> Self {
        let socket = UdpSocket::bind((ip, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let next = Instant::now();
        Self {
            socket,
            codec,
            sequence: 65_500,
            timestamp: u32::MAX - 3000,
            ssrc: 77,
            next,
            ends: None,
        }
    }

    pub fn payload_type(&self) -> u8 {
        match self.codec {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
        }
    }

    pub fn audio(&self) -> RemoteAudio {
        RemoteAudio {
            rtp: self.socket.local_addr().unwrap(),
            codec: self.codec,
            payload_type: self.payload_type(),
            event_payload_type: Some(101),
            held: false,
            srtp: self.ends.as_ref().map(|ends| ends.keys),
        }
    }

    pub fn packet(&self, kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x80, kind];
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&self.timestamp.to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
        packet.extend_from_slice(payload);
        packet
    }

    /// Speaks in real time, 20 ms a packet.
    pub fn speak(&mut self, to: SocketAddr, sound: &[i16]) {
        // What nobody said is not made up for.
        self.next = self.next.max(Instant::now());
        for frame in encode(self.codec, sound).chunks(160) {
            self.pace();
            let packet = self.packet(self.payload_type(), frame);
            let packet = match &mut self.ends {
                Some(ends) => ends.protect(&packet),
                None => packet,
            };
            // After a hang-up nobody listens any more.
            let _ = self.socket.send_to(&packet, to);
            self.sequence = self.sequence.wrapping_add(1);
            self.timestamp = self.timestamp.wrapping_add(160);
        }
    }

    /// Says nothing, and sends nothing.
    pub fn pause(&mut self, ticks: u32) {
        (0..ticks).for_each(|_| self.pace());
        self.timestamp = self.timestamp.wrapping_add(160 * ticks);
    }

    pub fn press(&mut self, to: SocketAddr, code: u8) {
        for step in 1..=7_u16 {
            self.pace();
            let [high, low] = (step.min(5) * 160).to_be_bytes();
            let end = if step >= 5 { 0x80 } else { 0 };
            let packet = self.packet(101, &[code, end | 10, high, low]);
            self.socket.send_to(&packet, to).unwrap();
            self.sequence = self.sequence.wrapping_add(1);
        }
        self.timestamp = self.timestamp.wrapping_add(160 * 7);
    }

    pub fn pace(&mut self) {
        let now = Instant::now();
        if self.next + TICK * 10 < now {
            self.next = now;
        }
        while let Some(wait) = self.next.checked_duration_since(Instant::now()) {
            park_timeout(wait);
        }
        self.next += TICK;
    }
}
