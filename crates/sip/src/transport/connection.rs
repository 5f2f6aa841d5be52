//! One connection: the task that reads its frames and writes its queue.

use std::io;
use std::sync::atomic::Ordering;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::framing::{Broken, Frame, Framer};
use super::keep_alive::{Heard, KeepAlive};
use super::limits::Timings;
use super::queue::Waiting;
use super::{ConnectionId, Origin};

/// What a connection tells the endpoint's task.
#[derive(Debug)]
pub(super) enum Event {
    /// It stands; the names are those of the peer's verified certificate.
    Opened(ConnectionId, Vec<String>),
    /// One message.
    Message(Origin, Bytes),
    /// The stream cannot be read any further.
    Broken(Origin, Broken),
    /// Nothing came for long.
    Idle(ConnectionId),
    /// It is gone, or never stood.
    Closed(ConnectionId, End),
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// One of both sides closed it.
    Closed,
    /// It could not be opened.
    Unreachable,
    /// The TLS handshake failed.
    Handshake,
    /// The peer did not keep a time limit.
    TooSlow,
    /// The network broke it.
    Broken,
}

/// Our end of a connection that stands.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) origin: Origin,
    pub(super) id: ConnectionId,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) queue: Waiting,
    pub(super) timings: Timings,
    pub(super) role: Role,
}

/// Who opened it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A peer.
    Accepted,
    /// Somebody in no peer's network: one request, and a short time for it.
    Stranger,
    /// We, so the keep-alives are ours (RFC 5626 §4.4).
    Opened,
}

impl Connection {
    /// Serves the stream until either side ends it.
    pub(super) async fn serve(mut self, stream: impl AsyncRead + AsyncWrite + Send) -> End {
        let (mut reading, mut writing) = tokio::io::split(stream);
        let heard = Heard::default();
        let reader = Reader {
            origin: self.origin,
            id: self.id,
            events: &self.events,
            timings: self.timings,
            role: self.role,
            heard: &heard,
        };
        let writer = Writer {
            queue: &mut self.queue,
            timings: self.timings,
            role: self.role,
            heard: &heard,
        };
        let end = tokio::select! {
            end = reader.run(&mut reading) => end,
            end = writer.run(&mut writing) => end,
        };
        // What is sent from now on takes another way.
        self.queue.close();
        let mut rest = BytesMut::new();
        while self.queue.take(&mut rest).await {}
        // With unread bytes the system would answer by a reset, and the peer
        // might never see what was written last.
        let _at_once = timeout(self.timings.linger, async {
            // A peer that closed its side may still hear what was meant for it.
            if end == End::Closed && !rest.is_empty() {
                let _broken = writing.write_all(&rest).await;
            }
            let _broken = writing.shutdown().await;
            let mut sink = [0; 1024];
            while reading.read(&mut sink).await.is_ok_and(|length| length > 0) {}
        })
        .await;
        end
    }
}

struct Reader<'a> {
    origin: Origin,
    id: ConnectionId,
    events: &'a mpsc::Sender<Event>,
    timings: Timings,
    role: Role,
    heard: &'a Heard,
}

impl Reader<'_> {
    async fn run(self, stream: &mut (impl AsyncRead + Unpin)) -> End {
        let mut framer = Framer::default();
        let mut within_since = None;
        let opened = Instant::now();
        let mut idle_since = opened;
        loop {
            let deadline = match (self.role, within_since) {
                (Role::Stranger, _) => opened + self.timings.handshake,
                (_, Some(since)) => since + self.timings.message,
                (_, None) => idle_since + self.timings.idle,
            };
            let read = tokio::select! {
                read = stream.read_buf(framer.room()) => read,
                () = sleep_until(deadline) => {
                    if self.role == Role::Stranger || within_since.is_some() {
                        return End::TooSlow;
                    }
                    if self.events.send(Event::Idle(self.id)).await.is_err() {
                        return End::Closed;
                    }
                    idle_since = Instant::now();
                    continue;
                }
            };
            match read {
                Ok(0) => return End::Closed,
                Ok(_) => {}
                // A peer that leaves TLS without saying so.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return End::Closed,
                Err(_) => return End::Broken,
            }
            self.heard.reads.fetch_add(1, Ordering::Relaxed);
            let Some(messages) = self.hand_on(&mut framer).await else {
                // The task answers and closes; until then nothing more is read.
                tokio::time::sleep(self.timings.handshake).await;
                return End::TooSlow;
            };
            // The answers to our own pings keep nothing open.
            if messages > 0 || self.role != Role::Opened {
                idle_since = Instant::now();
            }
            within_since = match within_since {
                Some(since) if messages == 0 => Some(since),
                _ => framer.is_within_message().then(Instant::now),
            };
        }
    }

    /// Hands on what is whole and says how many messages that were; `None`:
    /// no more is to be read.
    async fn hand_on(&self, framer: &mut Framer) -> Option<usize> {
        let mut messages = 0;
        loop {
            let event = match framer.next() {
                Ok(None) => return Some(messages),
                Ok(Some(Frame::Ping)) => {
                    self.heard.pongs.fetch_add(1, Ordering::Relaxed);
                    self.heard.ping.notify_one();
                    continue;
                }
                Ok(Some(Frame::Pong)) => {
                    self.heard.pongs.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                Ok(Some(Frame::Message(bytes))) => Event::Message(self.origin, bytes),
                Err(broken) => Event::Broken(self.origin, broken),
            };
            let last = self.role == Role::Stranger || matches!(event, Event::Broken(..));
            messages += 1;
            if self.events.send(event).await.is_err() || last {
                return None;
            }
        }
    }
}

struct Writer<'a> {
    queue: &'a mut Waiting,
    timings: Timings,
    role: Role,
    heard: &'a Heard,
}

impl Writer<'_> {
    async fn run(self, stream: &mut (impl AsyncWrite + Unpin)) -> End {
        let mut alive = KeepAlive::new(self.role, self.timings);
        loop {
            let mut out = BytesMut::new();
            tokio::select! {
                more = self.queue.take(&mut out) => {
                    if !more {
                        return End::Closed;
                    }
                }
                () = self.heard.ping.notified() => out.extend_from_slice(b"\r\n"),
                () = alive.due() => match alive.next(self.heard) {
                    Some(bytes) => out.extend_from_slice(bytes),
                    None => return End::TooSlow,
                },
            }
            let written = timeout(self.timings.write, async {
                stream.write_all(&out).await?;
                stream.flush().await
            });
            match written.await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return End::Broken,
                Err(_) => return End::TooSlow,
            }
        }
    }
}
