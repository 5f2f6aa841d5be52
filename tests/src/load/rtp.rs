//! The thread that speaks and listens for all calls.
//!
//! One socket sends to all ports of the server. The 20 ms are cut into phases of
//! 2 ms: a stream stays in the phase in which it began, so that no tick is a
//! burst. The server's packets are told apart by the port they come from.

use std::collections::VecDeque;
use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{getpriority_process, setpriority_process};

use super::cpu;
use super::frames::{self, SIZE};
use super::histogram::Histogram;
use super::result::Heard;
use super::wire::{Arrivals, Departures, bind};
use crate::waiting;

const PHASES: usize = 10;
const PHASE: Duration = Duration::from_millis(2);
const TICK: Duration = Duration::from_millis(20);
const HEADER: usize = 12;
const NOBODY: u32 = u32::MAX;
/// Steps of nice before the rest of the bench, and before the server that it started.
const AHEAD: i32 = 5;

/// What the thread of SIP asks of this one.
pub(super) enum Order {
    /// That call was answered there, and speaks from then on.
    Speak { call: usize, to: SocketAddrV4, frames: u16, from: Instant },
    /// That call is over.
    Stop { call: usize },
    /// All are.
    Finish,
}

/// Sound without calls, for measuring what packets cost a program that does nothing
/// else.
pub struct Sound {
    sender: Sender,
    orders: Orders,
    flows: usize,
}

impl Sound {
    /// For so many ports.
    pub fn new(flows: usize) -> Self {
        let sender = Sender::new(flows, 0);
        Self { orders: sender.orders(), sender, flows }
    }

    /// Where it listens.
    pub fn local(&self) -> SocketAddr {
        self.sender.local()
    }

    /// Sends so many frames to each port, as calls do, spread over the 20 ms, and
    /// listens to those ports as long; what was heard from each.
    pub fn run(self, to: &[SocketAddrV4], frames: u16, lasts: Duration) -> Vec<Heard> {
        let begin = Instant::now() + TICK;
        for (call, to) in to.iter().enumerate() {
            let from = begin + TICK * call as u32 / self.flows as u32;
            self.orders.give(Order::Speak { call, to: *to, frames, from });
        }
        let sender = self.sender;
        let thread = std::thread::spawn(move || sender.run());
        waiting::pass(lasts + 2 * TICK);
        self.orders.give(Order::Finish);
        thread.join().expect("the thread of RTP").heard
    }
}

/// The way there; taken up each phase.
#[derive(Clone, Default)]
pub(super) struct Orders(Arc<Mutex<Vec<Order>>>);

impl Orders {
    pub(super) fn give(&self, order: Order) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(order);
    }

    fn take(&self, into: &mut Vec<Order>) {
        into.append(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Which calls have said everything, a tick ago at least.
#[derive(Clone)]
pub(super) struct Said(Arc<[AtomicBool]>);

impl Said {
    fn new(calls: usize) -> Self {
        Self((0..calls).map(|_| AtomicBool::new(false)).collect())
    }

    fn set(&self, call: usize) {
        self.0[call].store(true, Ordering::Release);
    }

    pub(super) fn has(&self, call: usize) -> bool {
        self.0[call].load(Ordering::Acquire)
    }
}

/// What was heard, and how late this thread was itself.
pub(super) struct Ended {
    pub(super) heard: Vec<Heard>,
    pub(super) deviation: Histogram,
    pub(super) late: Duration,
    pub(super) cpu: Duration,
}

struct Stream {
    call: usize,
    to: SocketAddrV4,
    packet: [u8; HEADER + SIZE],
    frames: u16,
}

struct Ear {
    heard: Heard,
    sequence: Option<u16>,
}

/// The thread, before it runs.
pub(super) struct Sender {
    socket: UdpSocket,
    orders: Orders,
    /// Number of the call at place 0.
    first: u32,
    phases: [Vec<Stream>; PHASES],
    waiting: VecDeque<(Instant, Stream)>,
    ears: Vec<Ear>,
    /// Which call has that port of the server.
    ports: Vec<u32>,
    said: Said,
    deviation: Histogram,
    late: Duration,
    finished: bool,
}

impl Sender {
    pub(super) fn new(calls: usize, first: u32) -> Self {
        frames::voice();
        let ear = || Ear { heard: Heard::default(), sequence: None };
        Self {
            socket: bind(),
            orders: Orders::default(),
            first,
            phases: Default::default(),
            waiting: VecDeque::new(),
            ears: (0..calls).map(|_| ear()).collect(),
            ports: vec![NOBODY; 1 << 16],
            said: Said::new(calls),
            deviation: Histogram::default(),
            late: Duration::ZERO,
            finished: false,
        }
    }

    pub(super) fn local(&self) -> SocketAddr {
        self.socket.local_addr().expect("bound")
    }

    /// The way to give it orders.
    pub(super) fn orders(&self) -> Orders {
        self.orders.clone()
    }

    /// Which calls have said everything.
    pub(super) fn said(&self) -> Said {
        self.said.clone()
    }

    pub(super) fn run(mut self) -> Ended {
        // Callers are not late because a server on the same machine is busy. Where
        // that is not allowed, they are at times.
        let nice = getpriority_process(None).unwrap_or(0);
        let _ = setpriority_process(None, nice - AHEAD);
        let mut arrivals = Arrivals::new(HEADER);
        let mut departures = Departures::default();
        let mut orders = Vec::new();
        let mut due = Instant::now();
        for phase in (0..PHASES).cycle() {
            due += PHASE;
            wait_until(due);
            self.late = self.late.max(due.elapsed());
            self.orders.take(&mut orders);
            for order in orders.drain(..) {
                self.obey(order);
            }
            let Self { socket, ears, ports, deviation, .. } = &mut self;
            arrivals.take(socket, |datagram| {
                let call = ports[usize::from(datagram.from.port())] as usize;
                if let Some(ear) = ears.get_mut(call) {
                    ear.hear(datagram.at, datagram.bytes, deviation);
                }
            });
            if self.finished {
                break;
            }
            self.begin_due(due, phase);
            self.speak(phase, &mut departures);
        }
        Ended {
            heard: self.ears.into_iter().map(|ear| ear.heard).collect(),
            deviation: self.deviation,
            late: self.late,
            cpu: cpu::of_this_thread(),
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Speak { call, to, frames, from } => {
                self.ports[usize::from(to.port())] = call as u32;
                let number = self.first + call as u32;
                let stream = Stream { call, to, packet: first_packet(number), frames };
                // Almost in order already: all wait equally long.
                let place = self.waiting.partition_point(|(other, _)| *other <= from);
                self.waiting.insert(place, (from, stream));
            }
            Order::Stop { call } => {
                self.waiting.retain(|(_, stream)| stream.call != call);
                for phase in &mut self.phases {
                    phase.retain(|stream| stream.call != call);
                }
            }
            Order::Finish => self.finished = true,
        }
    }

    fn begin_due(&mut self, now: Instant, phase: usize) {
        while self.waiting.front().is_some_and(|(from, _)| *from <= now) {
            if let Some((_, stream)) = self.waiting.pop_front() {
                self.phases[phase].push(stream);
            }
        }
    }

    fn speak(&mut self, phase: usize, departures: &mut Departures) {
        let Self { phases, ears, first, said, .. } = self;
        let streams = &mut phases[phase];
        streams.retain(|stream| {
            let more = ears[stream.call].heard.sent < stream.frames;
            if !more {
                said.set(stream.call);
            }
            more
        });
        for stream in streams.iter_mut() {
            let heard = &mut ears[stream.call].heard;
            if heard.sent > 0 {
                stream.packet[1] &= 0x7f;
                advance(&mut stream.packet);
            }
            let number = *first + stream.call as u32;
            frames::fill(number, heard.sent, &mut stream.packet[HEADER..]);
            heard.sent += 1;
        }
        let datagrams = streams.iter().map(|stream| (stream.to, &stream.packet[..]));
        departures.send(&self.socket, datagrams);
    }
}

impl Ear {
    fn hear(&mut self, at: Duration, packet: &[u8], deviation: &mut Histogram) {
        let Some(&[high, low]) = packet.get(2..4) else { return };
        let sequence = u16::from_be_bytes([high, low]);
        self.heard.received += 1;
        self.heard.first.get_or_insert(at);
        if let (Some(before), Some(last)) = (self.sequence, self.heard.last) {
            let step = sequence.wrapping_sub(before);
            if step > 1 && step < 1000 {
                self.heard.lost += step - 1;
            }
            let gap = at.saturating_sub(last);
            self.heard.longest_gap = self.heard.longest_gap.max(gap);
            deviation.add(gap.abs_diff(TICK));
        }
        self.sequence = Some(sequence);
        self.heard.last = Some(at);
    }
}

/// RFC 3550 §5.1: version 2, PCMU, with the marker of a beginning.
fn first_packet(number: u32) -> [u8; HEADER + SIZE] {
    let mut packet = [0; HEADER + SIZE];
    packet[..2].copy_from_slice(&[0x80, 0x80]);
    packet[2..4].copy_from_slice(&(number as u16).wrapping_mul(7).to_be_bytes());
    packet[4..8].copy_from_slice(&number.wrapping_mul(99_991).to_be_bytes());
    packet[8..12].copy_from_slice(&(0x4c4f_0000 ^ number).to_be_bytes());
    packet
}

fn advance(packet: &mut [u8; HEADER + SIZE]) {
    let sequence = u16::from_be_bytes([packet[2], packet[3]]).wrapping_add(1);
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    let time = u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
    packet[4..8].copy_from_slice(&time.wrapping_add(SIZE as u32).to_be_bytes());
}

/// Until that moment; at once when it is over.
fn wait_until(due: Instant) {
    loop {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::park_timeout(left);
    }
}
