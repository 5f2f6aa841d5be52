//! RTP as a phone speaks it: a packet each 20 ms, and everything heard kept.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::sound::{Law, decode, encode, level};

const TICK: Duration = Duration::from_millis(20);
const SAMPLES: usize = 160;

/// A packet that was heard.
#[derive(Debug, Clone)]
pub struct Packet {
    /// When it came.
    pub at: Instant,
    /// Payload type.
    pub kind: u8,
    /// Sequence number.
    pub sequence: u16,
    /// RTP time stamp.
    pub timestamp: u32,
    /// Synchronisation source.
    pub source: u32,
    /// The coded sound.
    pub payload: Vec<u8>,
}

impl Packet {
    /// As samples; nothing for payloads that are no G.711.
    pub fn samples(&self) -> Vec<i16> {
        match self.kind {
            0 => decode(Law::Mu, &self.payload),
            8 => decode(Law::A, &self.payload),
            _ => Vec::new(),
        }
    }

    /// Louder than -50 dBFS.
    pub fn is_loud(&self) -> bool {
        level(&self.samples()) > -50.0
    }
}

/// One side of a conversation.
pub struct Rtp {
    socket: UdpSocket,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// When the next packet is due, while packets follow each other.
    next: Option<Instant>,
    heard: Vec<Packet>,
}

impl Rtp {
    /// A socket on loopback.
    pub fn bind() -> Self {
        Self::bind_at(Ipv4Addr::LOCALHOST.into())
    }

    /// A socket at that address of this machine.
    pub fn bind_at(address: IpAddr) -> Self {
        let socket = UdpSocket::bind((address, 0)).expect("a UDP socket");
        let port = u32::from(socket.local_addr().expect("bound").port());
        Self {
            socket,
            ssrc: 0x5249_0000 | port,
            sequence: (port as u16).wrapping_mul(7),
            timestamp: port.wrapping_mul(99_991),
            next: None,
            heard: Vec::new(),
        }
    }

    /// Our own address, for SDP.
    pub fn local(&self) -> SocketAddr {
        self.socket.local_addr().expect("bound")
    }

    /// Everything heard so far.
    pub fn heard(&self) -> &[Packet] {
        &self.heard
    }

    /// Speaks `samples` in real time, listening meanwhile. Returns when the
    /// last packet has been followed by its 20 ms.
    pub fn speak(&mut self, to: SocketAddr, law: Law, samples: &[i16]) {
        let kind = match law {
            Law::Mu => 0,
            Law::A => 8,
        };
        let mut marker = self.begin();
        for chunk in encode(law, samples).chunks(SAMPLES) {
            self.packet(to, kind, marker, chunk);
            marker = false;
            self.timestamp = self.timestamp.wrapping_add(chunk.len() as u32);
            self.tick();
        }
    }

    /// Presses a key for 100 ms (RFC 4733, payload type 101).
    pub fn press(&mut self, to: SocketAddr, key: char) {
        let event = match key {
            '0'..='9' => key as u8 - b'0',
            '*' => 10,
            '#' => 11,
            other => panic!("no such key: {other}"),
        };
        let mut marker = self.begin();
        for step in 1..=5_u16 {
            let length = (step * 160).to_be_bytes();
            self.packet(to, 101, marker, &[event, 10, length[0], length[1]]);
            marker = false;
            self.tick();
        }
        for _ in 0..3 {
            // §2.5.1.4: the end is sent three times with the same duration.
            let length = 800_u16.to_be_bytes();
            self.packet(to, 101, false, &[event, 0x80 | 10, length[0], length[1]]);
        }
        self.timestamp = self.timestamp.wrapping_add(800);
    }

    /// Listens until `enough` says so of all that was heard, or `within` is over.
    pub fn listen(&mut self, within: Duration, enough: impl Fn(&[Packet]) -> bool) -> bool {
        let deadline = Instant::now() + within;
        loop {
            if enough(&self.heard) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            self.hear_until((Instant::now() + TICK).min(deadline));
        }
    }

    /// Listens until something loud was heard and then nothing loud for `ticks`
    /// of 20 ms, or `within` is over. A tick in which this thread had to wait
    /// for its turn counts as one: a machine that stands still is no quiet.
    pub fn listen_out(&mut self, within: Duration, ticks: usize) -> bool {
        let deadline = Instant::now() + within;
        let mut begun = self.heard.iter().any(Packet::is_loud);
        let mut quiet = 0;
        while quiet < ticks {
            if Instant::now() >= deadline {
                return false;
            }
            let before = self.heard.len();
            self.hear_until(Instant::now() + TICK);
            let loud = self.heard[before..].iter().any(Packet::is_loud);
            begun |= loud;
            quiet = if loud || !begun { 0 } else { quiet + 1 };
        }
        true
    }

    /// Brings the clock of the stream up to now after a silence.
    fn begin(&mut self) -> bool {
        let now = Instant::now();
        let Some(next) = self.next else {
            self.next = Some(now);
            return true;
        };
        let silent = now.saturating_duration_since(next);
        if silent < TICK {
            return false;
        }
        self.timestamp = self.timestamp.wrapping_add((silent.as_micros() / 125) as u32);
        self.next = Some(now);
        true
    }

    fn tick(&mut self) {
        let next = self.next.unwrap_or_else(Instant::now) + TICK;
        self.next = Some(next);
        self.hear_until(next);
    }

    fn packet(&mut self, to: SocketAddr, kind: u8, marker: bool, payload: &[u8]) {
        let mut bytes = vec![0x80, kind | if marker { 0x80 } else { 0 }];
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.timestamp.to_be_bytes());
        bytes.extend_from_slice(&self.ssrc.to_be_bytes());
        bytes.extend_from_slice(payload);
        self.sequence = self.sequence.wrapping_add(1);
        // A server that was killed refuses; the phone speaks on.
        let _ = self.socket.send_to(&bytes, to);
    }

    fn hear_until(&mut self, deadline: Instant) {
        let mut bytes = [0; 2048];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let left = left.max(Duration::from_micros(100));
            self.socket.set_read_timeout(Some(left)).expect("a timeout");
            let Ok((count, _)) = self.socket.recv_from(&mut bytes) else { continue };
            if let Some(packet) = read(&bytes[..count]) {
                self.heard.push(packet);
            }
        }
    }
}

fn read(bytes: &[u8]) -> Option<Packet> {
    if bytes.len() < 12 || bytes[0] >> 6 != 2 {
        return None;
    }
    let head = 12 + 4 * usize::from(bytes[0] & 0x0f);
    Some(Packet {
        at: Instant::now(),
        kind: bytes[1] & 0x7f,
        sequence: u16::from_be_bytes([bytes[2], bytes[3]]),
        timestamp: u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
        source: u32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]),
        payload: bytes.get(head..)?.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::{align, speech};

    #[test]
    fn speech_crosses_in_real_time() {
        let (mut ours, mut theirs) = (Rtp::bind(), Rtp::bind());
        let said = speech(1.0, 3);
        let copy = said.clone();
        let to = theirs.local();
        let begun = Instant::now();
        let speaker = std::thread::spawn(move || {
            ours.speak(to, Law::A, &copy);
            ours.press(to, '#');
        });
        assert!(theirs.listen(Duration::from_secs(15), |heard| {
            heard.iter().any(|packet| packet.kind == 101 && packet.payload[1] & 0x80 != 0)
        }));
        speaker.join().unwrap();
        let took = begun.elapsed();
        assert!(took >= Duration::from_secs(1), "{took:?}");
        let sound: Vec<i16> = theirs.heard().iter().flat_map(Packet::samples).collect();
        assert!(align(&said, &sound).correlation > 0.999);
        let pace = theirs.heard()[1].timestamp.wrapping_sub(theirs.heard()[0].timestamp);
        assert_eq!(pace, 160);
    }
}
