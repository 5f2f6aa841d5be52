//! A media worker: one thread, one tick of 20 ms, many calls.

use std::collections::HashMap;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use crate::clock::{self, Samples, TICK};
use crate::event::MediaEvent;
use crate::line::{Bench, DATAGRAM, Line};
use crate::session::{Order, Outbox, Session};
use crate::statistics::Totals;
use crate::{MediaError, writer::Job};

/// Ticks between two batches for the writer: 240 ms.
const HARVEST: u32 = 12;
/// Ticks made up for when the thread comes late; more are left out.
const CATCH_UP: u32 = 5;
/// Packets taken from one socket in one go: a flood is left to the kernel.
const ROUNDS: usize = 64;
/// Sockets asked about in one go.
const READY: usize = 256;

/// What a worker is told.
#[derive(Debug)]
pub enum Command {
    /// A new call.
    Open {
        /// Its name between house and worker.
        id: u64,
        /// Bound, and never waiting.
        socket: UdpSocket,
        /// The rest of it.
        session: Box<Session>,
    },
    /// For one call.
    Order {
        /// Which one.
        id: u64,
        /// What to do.
        order: Order,
    },
    /// The call is over.
    Close {
        /// Which one.
        id: u64,
        /// When.
        at: Samples,
    },
    /// All calls are over.
    Stop,
}

impl Command {
    /// Whether it cannot wait for the next tick: a worker without calls has
    /// none, and the end of a recording is what the mail waits for.
    pub fn is_urgent(&self) -> bool {
        match self {
            Self::Open { .. } | Self::Close { .. } | Self::Stop => true,
            Self::Order { order, .. } => matches!(order, Order::StopRecording(_)),
        }
    }

    /// Whether what has arrived must be heard before it: it ends something.
    fn comes_after_packets(&self) -> bool {
        match self {
            Self::Close { .. } | Self::Stop => true,
            Self::Open { .. } => false,
            Self::Order { order, .. } => matches!(order, Order::StopRecording(_)),
        }
    }
}

/// The thread's state.
pub struct Worker {
    epoch: Instant,
    next: Instant,
    tick: u32,
    commands: Receiver<Command>,
    batches: Sender<Vec<Job>>,
    totals: Arc<Totals>,
    streams: Arc<AtomicUsize>,
    epoll: OwnedFd,
    lines: Vec<Option<Line>>,
    free: Vec<usize>,
    slots: HashMap<u64, usize>,
    out: Outbox,
    datagram: Box<[u8; DATAGRAM]>,
    room: Box<[i16; DATAGRAM]>,
    stopping: bool,
}

impl Worker {
    /// Ticks `phase` after the full tick, so that workers take turns.
    ///
    /// # Errors
    /// The system has no epoll for us.
    pub fn new(
        epoch: Instant,
        phase: Duration,
        commands: Receiver<Command>,
        batches: Sender<Vec<Job>>,
        totals: Arc<Totals>,
        streams: Arc<AtomicUsize>,
    ) -> Result<Self, MediaError> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|error| MediaError::Start(error.into()))?;
        Ok(Self {
            epoch,
            next: epoch + phase,
            tick: 0,
            commands,
            batches,
            totals,
            streams,
            epoll,
            lines: Vec::new(),
            free: Vec::new(),
            slots: HashMap::new(),
            out: Outbox::default(),
            datagram: Box::new([0; DATAGRAM]),
            room: Box::new([0; DATAGRAM]),
            stopping: false,
        })
    }

    /// Runs until told to stop, or until nobody is left who could tell.
    pub fn run(mut self) {
        let mut ready = Vec::with_capacity(READY);
        while !self.stopping {
            let drained = self.obey(&mut ready);
            if !drained {
                self.drain(&mut ready);
            }
            self.make_ticks();
            self.post();
            if self.slots.is_empty() {
                if !self.stopping {
                    std::thread::park();
                }
            } else {
                let wait = self.next.saturating_duration_since(Instant::now());
                if !wait.is_zero() && !self.stopping {
                    std::thread::park_timeout(wait);
                }
            }
        }
        let at = self.now();
        for line in std::mem::take(&mut self.lines).iter_mut().flatten() {
            line.session.close(at, &mut self.out);
        }
        self.streams.fetch_sub(self.slots.len(), Ordering::Relaxed);
        self.post();
    }

    fn now(&self) -> Samples {
        clock::samples(self.epoch.elapsed())
    }

    /// Does what the house asked. `true`: the sockets were drained meanwhile.
    fn obey(&mut self, ready: &mut Vec<epoll::Event>) -> bool {
        let mut drained = false;
        loop {
            let command = match self.commands.try_recv() {
                Ok(command) => command,
                Err(TryRecvError::Empty) => return drained,
                Err(TryRecvError::Disconnected) => {
                    self.stopping = true;
                    return drained;
                }
            };
            if !drained && command.comes_after_packets() {
                self.drain(ready);
                drained = true;
            }
            match command {
                Command::Open { id, socket, session } => self.open(id, socket, session),
                Command::Order { id, order } => self.order(id, order),
                Command::Close { id, at } => self.close(id, at),
                Command::Stop => {
                    self.stopping = true;
                    return drained;
                }
            }
        }
    }

    fn open(&mut self, id: u64, socket: UdpSocket, session: Box<Session>) {
        if self.slots.is_empty() {
            // The clock stood still while there was no call.
            self.next = self.next.max(Instant::now());
        }
        let slot = self.free.pop().unwrap_or(self.lines.len());
        let data = epoll::EventData::new_u64(slot as u64);
        if let Err(error) = epoll::add(&self.epoll, &socket, data, epoll::EventFlags::IN) {
            session.tell(MediaEvent::Failed(MediaError::Start(error.into())));
        }
        let line = Line::new(id, socket, session);
        match self.lines.get_mut(slot) {
            Some(place) => *place = Some(line),
            None => self.lines.push(Some(line)),
        }
        self.slots.insert(id, slot);
    }

    fn order(&mut self, id: u64, order: Order) {
        let Some(slot) = self.slots.get(&id).copied() else { return };
        self.guarded(slot, |line, bench| {
            line.obey(order, bench);
        });
    }

    fn close(&mut self, id: u64, at: Samples) {
        let Some(slot) = self.slots.get(&id).copied() else { return };
        self.guarded(slot, |line, bench| line.session.close(at, bench.out));
        self.remove(slot);
    }

    fn remove(&mut self, slot: usize) {
        // The socket leaves epoll as it closes.
        if let Some(line) = self.lines.get_mut(slot).and_then(Option::take) {
            self.slots.remove(&line.id);
            self.free.push(slot);
            self.streams.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Hears everything that has arrived: in each round one packet of every
    /// socket that has one.
    fn drain(&mut self, ready: &mut Vec<epoll::Event>) {
        let now = self.now();
        for _ in 0..ROUNDS {
            let asked = epoll::wait(&self.epoll, spare_capacity(ready), Some(&AT_ONCE));
            for event in ready.drain(..) {
                let slot = event.data.u64();
                self.guarded(usize::try_from(slot).unwrap_or(usize::MAX), |line, bench| {
                    line.hear(now, bench);
                });
            }
            if !matches!(asked, Ok(1..)) {
                return;
            }
        }
    }

    /// All ticks that are due.
    fn make_ticks(&mut self) {
        let mut made = 0;
        while !self.slots.is_empty() && Instant::now() >= self.next {
            if made == CATCH_UP {
                let late = self.next.elapsed().as_nanos() / TICK.as_nanos() + 1;
                let late = u32::try_from(late).unwrap_or(u32::MAX);
                self.out.counters.missed_ticks += u64::from(late);
                self.tick = self.tick.wrapping_add(late);
                self.next += TICK.saturating_mul(late);
                return;
            }
            made += 1;
            self.make_tick();
            self.tick = self.tick.wrapping_add(1);
            self.next += TICK;
        }
    }

    fn make_tick(&mut self) {
        let (tick, now) = (self.tick, self.now());
        let harvest = tick.is_multiple_of(HARVEST);
        for slot in 0..self.lines.len() {
            self.guarded(slot, |line, bench| {
                line.tick(tick, now, bench);
                if harvest {
                    line.session.harvest(bench.out);
                }
            });
        }
    }

    /// Hands batches and counters on.
    fn post(&mut self) {
        if !self.out.jobs.is_empty() {
            // The writer lives as long as any worker does.
            let _ = self.batches.send(std::mem::take(&mut self.out.jobs));
        }
        self.totals.publish(&mut self.out.counters);
    }

    /// Works on one call. A fault there ends that call and no other.
    fn guarded(&mut self, slot: usize, work: impl FnOnce(&mut Line, &mut Bench<'_>)) {
        let Some(Some(line)) = self.lines.get_mut(slot) else { return };
        let mut bench =
            Bench { out: &mut self.out, datagram: &mut self.datagram, room: &mut self.room };
        if catch_unwind(AssertUnwindSafe(|| work(line, &mut bench))).is_err() {
            line.session.abandon(&mut self.out);
            self.remove(slot);
        }
    }
}

const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
