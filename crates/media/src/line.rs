//! One call and its socket.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use crate::clock::Samples;
use crate::event::MediaEvent;
use crate::session::{LONGEST_PACKET, Order, Outbox, Session};
use crate::statistics::Counters;

/// Longer than any packet of sound.
pub const DATAGRAM: usize = 2048;
/// Packets taken from the socket in one go: a flood is left to the kernel.
const MOST: usize = 256;

/// A session on its socket.
#[derive(Debug)]
pub struct Line {
    /// Its name between house and worker.
    pub id: u64,
    /// What packets and ticks mean.
    pub session: Box<Session>,
    socket: UdpSocket,
    is_ipv6: bool,
    /// The kernel knows the remote end: it refuses others and sends faster.
    connected: bool,
    playing: bool,
}

/// The worker's own room, lent to one call at a time.
pub struct Bench<'a> {
    /// What goes back to the worker.
    pub out: &'a mut Outbox,
    /// For a datagram.
    pub datagram: &'a mut [u8; DATAGRAM],
    /// For its sound.
    pub room: &'a mut [i16; DATAGRAM],
}

impl Line {
    /// `socket` is bound to `local` and never waits.
    pub fn new(id: u64, socket: UdpSocket, local: IpAddr, session: Box<Session>) -> Self {
        Self { id, session, socket, is_ipv6: local.is_ipv6(), connected: false, playing: false }
    }

    /// Whether a packet is due each tick.
    pub fn is_playing(&self) -> bool {
        self.playing
    }

    /// Whether nobody was heard yet: where to send, and the place of the sound in
    /// time, depend on when the first packet comes.
    pub fn is_expecting(&self) -> bool {
        !self.connected
    }

    /// Does what the house asks.
    pub fn obey(&mut self, order: Order, now: Samples, bench: &mut Bench<'_>) {
        // What came before an order is heard as it was meant then. But who was
        // not known yet had to wait, and a recording begins when it was ordered.
        let is_recording_order = matches!(order, Order::Record(..));
        if self.session.is_connected() && !is_recording_order {
            self.hear(now, bench);
        }
        if self.connected && matches!(order, Order::Connect(_)) {
            self.connected = rustix::net::connect_unspec(&self.socket).is_err();
        }
        self.session.obey(order, bench.out);
        if is_recording_order {
            self.hear(now, bench);
        }
        self.playing = self.session.is_playing();
    }

    /// Each tick while something plays: sends the packet that is due.
    pub fn play(&mut self, tick: u32, bench: &mut Bench<'_>) {
        let mut packet = [0; LONGEST_PACKET];
        let Some(sending) = self.session.send(tick, &mut packet) else { return };
        let packet = packet.get(..sending.length).unwrap_or_default();
        count(self.send(packet, sending.to), &mut bench.out.counters);
        if sending.ends_prompt {
            self.playing = false;
            self.session.tell(MediaEvent::PromptFinished);
        }
    }

    /// Every few ticks: hears what has come, and lets time pass.
    pub fn serve(&mut self, tick: u32, now: Samples, bench: &mut Bench<'_>) {
        self.hear(now, bench);
        self.session.pass(now, bench.out);
        if !self.playing {
            self.play(tick, bench);
        }
    }

    /// The call is over.
    pub fn close(&mut self, at: Samples, now: Samples, bench: &mut Bench<'_>) {
        if self.session.is_recording() {
            self.hear(now, bench);
        }
        self.session.close(at, bench.out);
    }

    /// Takes the datagrams that have come.
    pub fn hear(&mut self, now: Samples, bench: &mut Bench<'_>) {
        for _ in 0..MOST {
            let datagram = bench.datagram.as_mut_slice();
            let heard = rustix::net::recvfrom(&self.socket, datagram, RecvFlags::empty());
            let (length, from) = match heard {
                Ok((length, _, Some(from))) => (length, SocketAddr::try_from(from)),
                Err(Errno::AGAIN) => return,
                // News of a packet of ours (ICMP).
                Ok((_, _, None)) | Err(_) => continue,
            };
            let (Some(datagram), Ok(from)) = (bench.datagram.get_mut(..length), from) else {
                continue;
            };
            let latched = self.session.receive(datagram, from, now, bench.room, bench.out);
            if let Some(from) = latched {
                self.connected = rustix::net::connect(&self.socket, &from).is_ok();
            }
        }
    }

    fn send(&self, packet: &[u8], to: SocketAddr) -> io::Result<usize> {
        if self.connected {
            return Ok(rustix::net::send(&self.socket, packet, SendFlags::empty())?);
        }
        let to = match to.ip() {
            IpAddr::V4(ip) if self.is_ipv6 => {
                SocketAddr::new(ip.to_ipv6_mapped().into(), to.port())
            }
            _ => to,
        };
        Ok(rustix::net::sendto(&self.socket, packet, SendFlags::empty(), &to)?)
    }
}

fn count(sent: io::Result<usize>, counters: &mut Counters) {
    match sent {
        Ok(_) => counters.sent += 1,
        Err(_) => counters.unsent += 1,
    }
}
