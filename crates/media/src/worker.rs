//! A media worker: one thread, one tick of 20 ms, many calls.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::time::{Duration, Instant};

use crate::clock::{self, FRAME, Samples, TICK};
use crate::line::{Bench, DATAGRAM, Line};
use crate::session::{Order, Outbox};
use crate::statistics::Totals;
use crate::timeline::WAIT;
use crate::writer::Job;

/// Ticks from one hearing of a call to the next, once somebody was heard: as long as
/// a packet may wait.
const HEARING: usize = WAIT as usize / FRAME;
/// So many calls are heard in a row: that is cheaper than some of them in each
/// tick, and does not take long.
const ROW: usize = 256;
/// Before whatever else the process does.
const PRIORITY: i32 = -10;
/// Ticks made up for when the thread comes late; more are left out.
const CATCH_UP: u32 = 5;

/// What a worker is told.
#[derive(Debug)]
pub enum Command {
    /// A new call.
    Open(Line),
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
    /// Whether it cannot wait for the next tick: the end of a recording is what
    /// the mail waits for.
    pub fn is_urgent(&self) -> bool {
        matches!(self, Self::Stop | Self::Order { order: Order::StopRecording(_), .. })
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
    /// Calls that are here or on their way.
    streams: Arc<AtomicUsize>,
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
    pub fn new(
        epoch: Instant,
        phase: Duration,
        commands: Receiver<Command>,
        batches: Sender<Vec<Job>>,
        out: Outbox,
        totals: Arc<Totals>,
        streams: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            epoch,
            next: epoch + phase,
            tick: 0,
            commands,
            batches,
            totals,
            streams,
            lines: Vec::new(),
            free: Vec::new(),
            slots: HashMap::new(),
            out,
            datagram: Box::new([0; DATAGRAM]),
            room: Box::new([0; DATAGRAM]),
            stopping: false,
        }
    }

    /// Runs until told to stop, or until nobody is left who could tell.
    pub fn run(mut self) {
        // Of this thread alone, and where the system allows it (CAP_SYS_NICE): new
        // calls may wait for a processor, those that hear their greeting may not.
        let _ = rustix::process::setpriority_process(None, PRIORITY);
        while !self.stopping {
            self.obey();
            self.make_ticks();
            self.post();
            if self.stopping {
                break;
            }
            if self.streams.load(Ordering::Acquire) == 0 {
                // Who opens the first call wakes us.
                std::thread::park();
                continue;
            }
            // Without a call here, one is on its way.
            let wait = if self.slots.is_empty() {
                TICK
            } else {
                self.next.saturating_duration_since(Instant::now())
            };
            if !wait.is_zero() {
                std::thread::park_timeout(wait);
            }
        }
        let at = self.now();
        for slot in 0..self.lines.len() {
            self.close(slot, at);
        }
        self.post();
    }

    fn now(&self) -> Samples {
        clock::samples(self.epoch.elapsed())
    }

    /// Does what the house asked.
    fn obey(&mut self) {
        loop {
            match self.commands.try_recv() {
                Ok(Command::Open(line)) => self.open(line),
                Ok(Command::Order { id, order }) => {
                    if let Some(slot) = self.slots.get(&id).copied() {
                        let now = self.now();
                        self.guarded(slot, |line, bench| line.obey(order, now, bench));
                    }
                }
                Ok(Command::Close { id, at }) => {
                    if let Some(slot) = self.slots.get(&id).copied() {
                        self.close(slot, at);
                    }
                }
                Ok(Command::Stop) | Err(TryRecvError::Disconnected) => {
                    self.stopping = true;
                    return;
                }
                Err(TryRecvError::Empty) => return,
            }
        }
    }

    fn open(&mut self, line: Line) {
        if self.slots.is_empty() {
            // The clock stood still while there was no call.
            self.next = self.next.max(Instant::now());
        }
        let slot = self.free.pop().unwrap_or(self.lines.len());
        self.slots.insert(line.id, slot);
        match self.lines.get_mut(slot) {
            Some(place) => *place = Some(line),
            None => self.lines.push(Some(line)),
        }
    }

    fn close(&mut self, slot: usize, at: Samples) {
        let now = self.now();
        self.guarded(slot, |line, bench| line.close(at, now, bench));
        self.remove(slot);
    }

    fn remove(&mut self, slot: usize) {
        if let Some(line) = self.lines.get_mut(slot).and_then(Option::take) {
            self.slots.remove(&line.id);
            self.free.push(slot);
            self.streams.fetch_sub(1, Ordering::AcqRel);
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

    /// What is to be sent goes first: its receivers notice when it comes late.
    fn make_tick(&mut self) {
        let (tick, epoch) = (self.tick, self.epoch);
        for slot in 0..self.lines.len() {
            let Some(Some(line)) = self.lines.get(slot) else { continue };
            let is_expecting = line.is_expecting();
            if line.is_playing() {
                self.guarded(slot, |line, bench| line.play(tick, bench));
            }
            if is_expecting {
                self.guarded(slot, |line, bench| {
                    line.hear(clock::samples(epoch.elapsed()), bench);
                });
            }
        }
        let turn = tick as usize % HEARING;
        for row in (turn * ROW..self.lines.len()).step_by(HEARING * ROW) {
            for slot in row..(row + ROW).min(self.lines.len()) {
                self.guarded(slot, |line, bench| {
                    line.serve(tick, clock::samples(epoch.elapsed()), bench);
                });
            }
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
