//! A mail server that takes everything, but for whom it knows as refused, and
//! costs little.
//!
//! It looks for the dot at the end of what it read and at nothing else; which
//! call a mail is about stands in its first lines.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{cpu, now};
use crate::{ports, waiting};

const END: &[u8] = b"\r\n.\r\n";
const DATA: &[u8] = b"354 go on\r\n";
const HELLO: &[u8] =
    b"250-sink.example.com\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250 8BITMIME\r\n";
/// The next commands may stand behind the dot, the next mail cannot.
const BEHIND_DOT: usize = 2048;
/// Where the caller stands.
const HEAD: usize = 4096;

/// What is kept of a mail beside its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing.
    Nothing,
    /// All of it, as it came (with its dots doubled).
    All,
}

/// A mail that was taken.
#[derive(Debug, Clone)]
pub struct Mail {
    /// When its dot was read, since 1970.
    pub at: Duration,
    /// Which call it is about, by its caller.
    pub call: Option<u32>,
    /// Octets on the wire.
    pub size: usize,
    /// What was to be kept.
    pub bytes: Vec<u8>,
}

#[derive(Default)]
struct Shared {
    mails: Mutex<Vec<Mail>>,
    came: Condvar,
    count: AtomicUsize,
    connections: AtomicUsize,
    closed: AtomicBool,
    open: Mutex<HashMap<usize, TcpStream>>,
    cpu: Mutex<Duration>,
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, HashMap<usize, TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mails(&self) -> MutexGuard<'_, Vec<Mail>> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server, on a free port of loopback until it is dropped.
pub struct MailSink {
    address: SocketAddr,
    keep: Keep,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

impl MailSink {
    /// Takes mails from now on.
    pub fn start(keep: Keep) -> Self {
        let address = ports::free_address();
        let mut sink = Self { address, keep, shared: Arc::default(), listener: None };
        sink.up();
        sink
    }

    /// Listens again, on the same port.
    pub fn up(&mut self) {
        assert!(self.listener.is_none(), "up already");
        // A program that is just being started may hold a copy of the old socket.
        let bind = || TcpListener::bind(self.address).ok();
        let listener = waiting::until("the sink's port", Duration::from_secs(20), bind);
        self.shared.closed.store(false, Ordering::Relaxed);
        let (of_listener, keep) = (Arc::clone(&self.shared), self.keep);
        self.listener = Some(std::thread::spawn(move || {
            for stream in listener.incoming() {
                if of_listener.closed.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let Ok(copy) = stream.try_clone() else { continue };
                let number = of_listener.connections.fetch_add(1, Ordering::Relaxed);
                of_listener.open().insert(number, copy);
                let shared = Arc::clone(&of_listener);
                std::thread::spawn(move || {
                    let _ = Session::new(stream, &shared, keep).run();
                    shared.open().remove(&number);
                    *shared.cpu.lock().unwrap_or_else(PoisonError::into_inner) +=
                        cpu::of_this_thread();
                });
            }
        }));
    }

    /// Closes all connections and refuses new ones.
    pub fn down(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        for (_, stream) in self.shared.open().drain() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the listener, which sees that it is over.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }

    /// As `mail.transport` names it.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// How many mails were taken.
    pub fn count(&self) -> usize {
        self.shared.count.load(Ordering::Relaxed)
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// What was taken so far; it is forgotten here.
    pub fn take(&self) -> Vec<Mail> {
        self.shared.count.store(0, Ordering::Relaxed);
        std::mem::take(&mut *self.shared.mails())
    }

    /// Waits for so many mails since the last [`MailSink::take`], at most until
    /// none came for `patience`; whether they came.
    pub fn wait(&self, count: usize, patience: Duration) -> bool {
        let mut mails = self.shared.mails();
        let (mut seen, mut deadline) = (mails.len(), Instant::now() + patience);
        while mails.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            mails = self
                .shared
                .came
                .wait_timeout(mails, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            if mails.len() > seen {
                (seen, deadline) = (mails.len(), Instant::now() + patience);
            }
        }
        true
    }
}

impl Drop for MailSink {
    fn drop(&mut self) {
        self.down();
    }
}

struct Session<'a> {
    stream: TcpStream,
    shared: &'a Shared,
    keep: Keep,
    /// The recipient of this mail was.
    refused: bool,
    /// What was read and not yet used is at `start..end`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl<'a> Session<'a> {
    fn new(stream: TcpStream, shared: &'a Shared, keep: Keep) -> Self {
        let _ = stream.set_nodelay(true);
        Self { stream, shared, keep, refused: false, buffer: vec![0; 1 << 20], start: 0, end: 0 }
    }

    fn run(&mut self) -> std::io::Result<()> {
        self.stream.write_all(b"220 sink.example.com ESMTP\r\n")?;
        let mut replies = Vec::new();
        loop {
            let Some(line) = self.line() else {
                // The whole group has come: its replies go together (RFC 2920 §3.2).
                self.stream.write_all(&std::mem::take(&mut replies))?;
                if self.read()? == 0 {
                    return Ok(());
                }
                continue;
            };
            let word = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            match word.as_slice() {
                b"EHLO" => replies.extend_from_slice(HELLO),
                b"RCPT" if is_refused(&line) => {
                    replies.extend_from_slice(b"550 5.1.1 nobody here\r\n");
                    self.refused = true;
                }
                b"MAIL" => {
                    self.refused = false;
                    replies.extend_from_slice(b"250 fine\r\n");
                }
                b"DATA" if self.refused => replies.extend_from_slice(b"503 for nobody\r\n"),
                b"DATA" => {
                    replies.extend_from_slice(DATA);
                    self.stream.write_all(&std::mem::take(&mut replies))?;
                    if !self.mail()? {
                        return Ok(());
                    }
                    replies.extend_from_slice(b"250 taken\r\n");
                }
                b"QUIT" => {
                    replies.extend_from_slice(b"221 bye\r\n");
                    return self.stream.write_all(&replies);
                }
                _ => replies.extend_from_slice(b"250 fine\r\n"),
            }
        }
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        let unread = &self.buffer[self.start..self.end];
        let length = unread.iter().position(|octet| *octet == b'\n')? + 1;
        let line = unread[..length].to_vec();
        self.start += length;
        Some(line)
    }

    /// Appends what comes, moving what is unused to the front where room ends.
    fn read(&mut self) -> std::io::Result<usize> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        if self.end == self.buffer.len() {
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            } else {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        let count = self.stream.read(&mut self.buffer[self.end..])?;
        self.end += count;
        Ok(count)
    }

    /// One mail up to its dot; `false`: the client went away.
    fn mail(&mut self) -> std::io::Result<bool> {
        loop {
            let unread = &self.buffer[self.start..self.end];
            let from = unread.len().saturating_sub(BEHIND_DOT + END.len());
            let dot = unread[from..].windows(END.len()).position(|five| five == END);
            if let Some(dot) = dot {
                let size = from + dot + 2;
                let mail = &unread[..size];
                let head = &mail[..size.min(HEAD)];
                let bytes = if self.keep == Keep::All { mail.to_vec() } else { Vec::new() };
                let mail = Mail { at: now(), call: call_of(head), size, bytes };
                self.shared.mails().push(mail);
                self.shared.count.fetch_add(1, Ordering::Relaxed);
                self.shared.came.notify_all();
                self.start += size + 3;
                return Ok(true);
            }
            if self.read()? == 0 {
                return Ok(false);
            }
        }
    }
}

/// Nobody takes mail for `refused@…`.
fn is_refused(line: &[u8]) -> bool {
    line.windows(9).any(|word| word == b"<refused@")
}

/// The number behind the first `load-`.
fn call_of(head: &[u8]) -> Option<u32> {
    let mark = b"load-";
    let at = head.windows(mark.len()).position(|word| word == mark)? + mark.len();
    let digits = head[at..].iter().take_while(|octet| octet.is_ascii_digit()).count();
    std::str::from_utf8(&head[at..at + digits]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
