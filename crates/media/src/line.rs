//! One call and its socket.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use crate::clock::Samples;
use crate::event::MediaEvent;
use crate::session::{LONGEST_PACKET, Order, Outbox, Session};
use crate::statistics::Counters;

/// Longer than any packet of sound.
pub const DATAGRAM: usize = 2048;

/// A session on its socket.
#[derive(Debug)]
pub struct Line {
    /// Its name between house and worker.
    pub id: u64,
    /// What packets and ticks mean.
    pub session: Box<Session>,
    socket: UdpSocket,
    /// The kernel knows the remote end: it refuses others and sends faster.
    connected: bool,
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
    /// `socket` is bound and never waits.
    pub fn new(id: u64, socket: UdpSocket, session: Box<Session>) -> Self {
        Self { id, session, socket, connected: false }
    }

    /// Does what the house asks.
    pub fn obey(&mut self, order: Order, bench: &mut Bench<'_>) {
        if self.connected && matches!(order, Order::Connect(_)) {
            self.connected = rustix::net::connect_unspec(&self.socket).is_err();
        }
        self.session.obey(order, bench.out);
    }

    /// Takes one datagram, if there is one.
    pub fn hear(&mut self, now: Samples, bench: &mut Bench<'_>) {
        // An error here is news of a packet of ours (ICMP), or there is nothing.
        let Ok((length, from)) = self.socket.recv_from(bench.datagram) else { return };
        let datagram = bench.datagram.get_mut(..length).unwrap_or_default();
        let latched = self.session.receive(datagram, from, now, bench.room, bench.out);
        if let Some(from) = latched {
            self.connected = self.socket.connect(from).is_ok();
        }
    }

    /// Time passes: sends what is due.
    pub fn tick(&mut self, tick: u32, now: Samples, bench: &mut Bench<'_>) {
        let mut packet = [0; LONGEST_PACKET];
        let Some(sending) = self.session.tick(tick, now, &mut packet) else { return };
        let packet = packet.get(..sending.length).unwrap_or_default();
        count(self.send(packet, sending.to), &mut bench.out.counters);
        if sending.ends_prompt {
            self.session.tell(MediaEvent::PromptFinished);
        }
    }

    fn send(&self, packet: &[u8], to: SocketAddr) -> io::Result<usize> {
        if self.connected {
            return self.socket.send(packet);
        }
        let to = match (to.ip(), self.socket.local_addr()?.ip()) {
            (IpAddr::V4(ip), IpAddr::V6(_)) => {
                SocketAddr::new(ip.to_ipv6_mapped().into(), to.port())
            }
            _ => to,
        };
        self.socket.send_to(packet, to)
    }
}

fn count(sent: io::Result<usize>, counters: &mut Counters) {
    match sent {
        Ok(_) => counters.sent += 1,
        Err(_) => counters.unsent += 1,
    }
}
