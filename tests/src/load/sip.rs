//! The thread that places and ends all calls.

mod message;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};

use super::plan::{Kind, Plan};
use super::result::CallResult;
use super::rtp::{Order, Orders, Said, Sender};
use super::wire::{Arrivals, bind};
use super::{Progress, cpu, now};
use message::{Reply, Writer};

/// RFC 3261 §17.1.1.1: T1, after which a request is sent again.
const T1: Duration = Duration::from_millis(500);
/// After the last frame, and again where the thread that speaks is late.
const LAST_FRAME: Duration = Duration::from_millis(5);

/// What became of the calls, sound aside.
pub(super) struct Ended {
    pub(super) calls: Vec<CallResult>,
    pub(super) most_at_once: usize,
    pub(super) cpu: Duration,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Inviting,
    Ringing,
    Up,
    Leaving,
    Over,
}

struct Call {
    step: Step,
    /// When the step began; given up when it takes too long.
    since: Instant,
    /// Until the request of this step is sent again.
    wait: Duration,
    tries: u32,
    tag: String,
    result: CallResult,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Repeat,
    HangUp,
}

/// The thread, before it runs.
pub(super) struct Caller {
    plan: Plan,
    socket: Arc<UdpSocket>,
    orders: Orders,
    said: Said,
    progress: Arc<Progress>,
    writer: Writer,
    calls: Vec<Call>,
    timers: BinaryHeap<Reverse<(Instant, usize, Timer)>>,
    under_way: usize,
    most_at_once: usize,
}

impl Caller {
    pub(super) fn new(plan: Plan, sound: &Sender, progress: Arc<Progress>) -> Self {
        let socket = Arc::new(bind());
        let local = socket.local_addr().expect("bound");
        Self {
            calls: Vec::with_capacity(plan.calls.len()),
            writer: Writer::new(local, sound.local()),
            plan,
            socket,
            orders: sound.orders(),
            said: sound.said(),
            progress,
            timers: BinaryHeap::new(),
            under_way: 0,
            most_at_once: 0,
        }
    }

    pub(super) fn run(mut self) -> Ended {
        let begun = Instant::now();
        let mut arrivals = Arrivals::new(2048);
        let stopped = |progress: &Progress| progress.stopped.load(Ordering::Relaxed);
        while (self.under_way > 0 || self.calls.len() < self.plan.calls.len())
            && !stopped(&self.progress)
        {
            let next = self.begin_due(begun);
            let timer = self.fire_due();
            let soon = Instant::now() + Duration::from_millis(100);
            self.wait_until([next, timer].into_iter().flatten().fold(soon, Instant::min));
            let socket = Arc::clone(&self.socket);
            arrivals.take(&socket, |datagram| self.heard(datagram.at, datagram.bytes));
        }
        self.orders.give(Order::Finish);
        let unbegun = self.plan.calls.iter().enumerate().skip(self.calls.len());
        let unbegun: Vec<_> = unbegun
            .map(|(at, call)| CallResult::new(self.plan.first + at as u32, call.kind))
            .collect();
        let calls = self.calls.into_iter().map(|call| call.result).chain(unbegun).collect();
        Ended { calls, most_at_once: self.most_at_once, cpu: cpu::of_this_thread() }
    }

    fn wait_until(&self, due: Instant) {
        let left = due.saturating_duration_since(Instant::now());
        let mut sockets = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        let _ = ppoll(&mut sockets, Some(left.into()), None);
    }

    /// Begins what is due; when the next one is.
    fn begin_due(&mut self, begun: Instant) -> Option<Instant> {
        while self.under_way < self.plan.at_once {
            let at = self.calls.len();
            let due = begun + self.plan.calls.get(at)?.begin;
            let now = Instant::now();
            if due > now {
                return Some(due);
            }
            self.calls.push(Call {
                step: Step::Inviting,
                since: now,
                wait: T1,
                tries: 0,
                tag: String::new(),
                result: CallResult::new(self.plan.first + at as u32, self.plan.calls[at].kind),
            });
            self.under_way += 1;
            self.most_at_once = self.most_at_once.max(self.under_way);
            self.progress.begun.fetch_add(1, Ordering::Relaxed);
            self.send(at, self.plan.calls[at].kind.opening(), 1);
            self.repeat_later(at);
        }
        None
    }

    fn repeat_later(&mut self, at: usize) {
        let call = &self.calls[at];
        self.timers.push(Reverse((Instant::now() + call.wait, at, Timer::Repeat)));
    }

    /// Does what is due; when the next is.
    fn fire_due(&mut self) -> Option<Instant> {
        loop {
            let Reverse((due, at, timer)) = *self.timers.peek()?;
            let call = &mut self.calls[at];
            if call.step == Step::Over {
                self.timers.pop();
                continue;
            }
            if due > Instant::now() {
                return Some(due);
            }
            self.timers.pop();
            match timer {
                Timer::HangUp if self.said.has(at) => self.hang_up(at),
                Timer::HangUp => {
                    let later = Instant::now() + LAST_FRAME;
                    self.timers.push(Reverse((later, at, Timer::HangUp)));
                }
                Timer::Repeat => self.repeat(at),
            }
        }
    }

    /// The request of this step again, as long as it has no answer.
    fn repeat(&mut self, at: usize) {
        let patience = self.plan.patience;
        let call = &mut self.calls[at];
        let waited = call.since.elapsed();
        if matches!(call.step, Step::Up) {
            return;
        }
        if waited > patience {
            let words = format!("nothing came for {patience:?} while {:?}", call.step);
            return self.over(at, None, Some(words));
        }
        if waited < call.wait {
            // The step is a younger one than this timer.
            self.timers.push(Reverse((Instant::now() + call.wait - waited, at, Timer::Repeat)));
            return;
        }
        call.wait *= 2;
        call.result.repeats += 1;
        match call.step {
            Step::Inviting => self.send(at, self.plan.calls[at].kind.opening(), 1),
            Step::Ringing => {}
            Step::Leaving => self.send(at, "BYE", 2),
            Step::Up | Step::Over => return,
        }
        self.repeat_later(at);
    }

    fn hang_up(&mut self, at: usize) {
        let call = &mut self.calls[at];
        if call.step != Step::Up {
            return;
        }
        call.result.hung_up = Some(now());
        self.enter(at, Step::Leaving);
        self.send(at, "BYE", 2);
        self.repeat_later(at);
    }

    fn enter(&mut self, at: usize, step: Step) {
        let call = &mut self.calls[at];
        (call.step, call.since, call.wait) = (step, Instant::now(), T1);
    }

    fn over(&mut self, at: usize, came: Option<Duration>, fault: Option<String>) {
        let call = &mut self.calls[at];
        if call.step == Step::Over {
            return;
        }
        call.step = Step::Over;
        call.result.over = came;
        call.result.fault = call.result.fault.take().or(fault);
        // Where all went well, all was said before the BYE.
        if call.result.fault.is_some() && matches!(call.result.kind, Kind::Spoken { .. }) {
            self.orders.give(Order::Stop { call: at });
        }
        self.under_way -= 1;
        self.progress.ended.fetch_add(1, Ordering::Relaxed);
    }

    fn send(&mut self, at: usize, method: &str, cseq: u32) {
        let user = &self.plan.users[at % self.plan.users.len()];
        let call = &mut self.calls[at];
        let bytes =
            self.writer.request(call.result.number, user, method, cseq, &call.tag, call.tries);
        if call.result.begun.is_none() {
            call.result.begun = Some(now());
        }
        // A server that is gone refuses; the next try tells.
        let _ = self.socket.send_to(bytes, self.plan.server);
    }

    fn heard(&mut self, came: Duration, datagram: &[u8]) {
        let Ok(text) = std::str::from_utf8(datagram) else { return };
        let Some(reply) = Reply::read(text) else { return self.asked(text) };
        let Some(at) = reply.call.checked_sub(self.plan.first).map(|at| at as usize) else {
            return;
        };
        if at >= self.calls.len() {
            return;
        }
        let call = &mut self.calls[at];
        if reply.status >= 200 && reply.method == self.plan.calls[at].kind.opening() {
            call.result.status = Some(reply.status);
        }
        match (call.step, reply.method, reply.status) {
            (Step::Inviting, "INVITE", 100) => call.since = Instant::now(),
            (Step::Inviting, "INVITE", 180) => {
                self.enter(at, Step::Ringing);
                if self.calls[at].result.kind == Kind::Cancelled {
                    self.send(at, "CANCEL", 1);
                }
            }
            (Step::Inviting | Step::Ringing, "INVITE", 200) => {
                call.tag = reply.tag.to_owned();
                call.result.answered = Some(came);
                self.progress.answered.fetch_add(1, Ordering::Relaxed);
                self.answered(at, text);
            }
            // The ACK was lost.
            (Step::Up | Step::Leaving, "INVITE", 200) => self.send(at, "ACK", 1),
            (Step::Inviting | Step::Ringing, "INVITE", 487)
                if call.result.kind == Kind::Cancelled =>
            {
                self.refused(at, reply.tag);
                self.over(at, Some(came), None);
            }
            (Step::Inviting, "INVITE", 503) if self.plan.insists => {
                self.refused(at, reply.tag);
                let call = &mut self.calls[at];
                call.result.refused += 1;
                call.tries += 1;
                call.since = Instant::now();
            }
            (Step::Inviting | Step::Ringing, "INVITE", 300..) => {
                self.refused(at, reply.tag);
                self.over(at, Some(came), Some(format!("refused with {}", reply.status)));
            }
            (Step::Leaving, "BYE", 200) | (Step::Inviting, "OPTIONS" | "INFO", 200) => {
                self.over(at, Some(came), None)
            }
            (Step::Inviting, "INFO", status @ 300..) => {
                self.over(at, Some(came), Some(format!("INFO was answered with {status}")));
            }
            (Step::Leaving, "BYE", status) => {
                self.over(at, Some(came), Some(format!("BYE was answered with {status}")));
            }
            _ => {}
        }
    }

    /// RFC 3261 §17.1.1.3: the ACK to a refusal.
    fn refused(&mut self, at: usize, tag: &str) {
        self.calls[at].tag = tag.to_owned();
        self.send(at, "ACK", 1);
        self.calls[at].tag.clear();
    }

    fn answered(&mut self, at: usize, text: &str) {
        self.enter(at, Step::Up);
        self.send(at, "ACK", 1);
        let Kind::Spoken { frames } = self.calls[at].result.kind else {
            return self.hang_up(at);
        };
        let Some(to) = message::sound(text) else {
            return self.over(at, None, Some("the answer names no port for sound".to_owned()));
        };
        let from = Instant::now() + Kind::lead();
        self.orders.give(Order::Speak { call: at, to, frames, from });
        let end = Instant::now() + self.calls[at].result.kind.lasts() + LAST_FRAME;
        self.timers.push(Reverse((end, at, Timer::HangUp)));
    }

    /// A request of the server's: a BYE ends the call before its time.
    fn asked(&mut self, text: &str) {
        let Some((method, _)) = text.split_once(' ') else { return };
        let _ = self.socket.send_to(self.writer.accept(text), self.plan.server);
        let Some(at) = message::call(text).and_then(|call| call.checked_sub(self.plan.first))
        else {
            return;
        };
        let at = at as usize;
        if method == "BYE" && self.calls.get(at).is_some_and(|call| call.step == Step::Up) {
            self.over(at, None, Some("the server hung up".to_owned()));
        }
    }
}

/// Where the server takes sound.
pub(super) type Place = SocketAddrV4;
