//! Messages in a stream of bytes (RFC 3261 §18.3), without the stream.

use bytes::{Buf, Bytes, BytesMut};

use crate::wire::content_length;

/// Start line and headers, in bytes. What RFC 3261 §18.1.1 allows in a datagram
/// is allowed here.
pub(super) const HEAD: usize = 65_536;
/// A body, in bytes.
pub(super) const BODY: usize = 65_536;
/// Bytes between two messages that belong to none.
const JUNK: usize = 65_536;

/// One thing that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A whole message, readable or not.
    Message(Bytes),
    /// A second line end in a row: the peer wants one back (RFC 5626 §4.4.1).
    Ping,
    /// A line end: the answer to a ping of ours, or half of one of theirs.
    Pong,
}

/// Where the next message begins cannot be known: the stream is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    /// 400 or 513.
    pub(crate) status: u16,
    /// Reason phrase for the peer.
    pub(crate) reason: &'static str,
    /// Start line and headers, as many as came, to be answered by.
    pub(crate) head: Bytes,
}

/// Cuts bytes into frames, wherever they were split on their way.
#[derive(Debug, Default)]
pub(crate) struct Framer {
    buffer: BytesMut,
    /// Where a line end is looked for next, so that no byte is looked at twice.
    scanned: usize,
    awaits: Awaits,
    /// One line end came and may become a ping.
    half_ping: bool,
    junk: usize,
}

#[derive(Debug, Default, Clone, Copy)]
enum Awaits {
    #[default]
    StartLine,
    EndOfHead,
    /// So many bytes from the start of the message.
    Whole(usize),
}

impl Framer {
    /// Room to read into; what it is filled with counts at once.
    pub(crate) fn room(&mut self) -> &mut BytesMut {
        self.buffer.reserve(4096);
        &mut self.buffer
    }

    /// A message has begun and is not whole.
    pub(super) fn is_within_message(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// The next frame; `None`: more bytes are needed.
    ///
    /// # Errors
    /// Nothing more can be read from this stream.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, Broken> {
        loop {
            match self.awaits {
                Awaits::StartLine => match self.buffer.first() {
                    None => return Ok(None),
                    Some(b'\n') => {
                        self.buffer.advance(1);
                        self.half_ping = !self.half_ping;
                        return Ok(Some(if self.half_ping { Frame::Pong } else { Frame::Ping }));
                    }
                    Some(b'\r' | b' ' | b'\t' | 0) if self.scanned == 0 => self.buffer.advance(1),
                    Some(_) => {
                        if !self.read_start_line()? {
                            return Ok(None);
                        }
                    }
                },
                Awaits::EndOfHead => match self.end_of_head() {
                    Some(end) => self.awaits = Awaits::Whole(end + self.length_of_body(end)?),
                    None if self.buffer.len() > HEAD => return Err(self.too_large()),
                    None => return Ok(None),
                },
                Awaits::Whole(length) if self.buffer.len() < length => return Ok(None),
                Awaits::Whole(length) => {
                    (self.awaits, self.scanned) = (Awaits::StartLine, 0);
                    (self.half_ping, self.junk) = (false, 0);
                    return Ok(Some(Frame::Message(self.buffer.split_to(length).freeze())));
                }
            }
        }
    }

    /// Looks at the first line; `false`: it is not whole. One that begins no
    /// message, such as a body nobody announced, is passed over.
    fn read_start_line(&mut self) -> Result<bool, Broken> {
        let Some(end) = self.line_end() else {
            return if self.buffer.len() > HEAD { Err(self.too_large()) } else { Ok(false) };
        };
        if is_start_line(self.buffer.get(..end).unwrap_or_default()) {
            self.awaits = Awaits::EndOfHead;
            self.scanned = end;
            return Ok(true);
        }
        self.buffer.advance(end + 1);
        (self.scanned, self.half_ping) = (0, false);
        self.junk += end + 1;
        if self.junk > JUNK {
            return Err(Broken { status: 400, reason: "Not SIP", head: Bytes::new() });
        }
        Ok(true)
    }

    /// The next line end from `scanned` on.
    fn line_end(&mut self) -> Option<usize> {
        let rest = self.buffer.get(self.scanned..).unwrap_or_default();
        let found = rest.iter().position(|byte| *byte == b'\n');
        match found {
            Some(at) => Some(self.scanned + at),
            None => {
                self.scanned = self.buffer.len();
                None
            }
        }
    }

    /// Where the body begins: behind the first empty line.
    fn end_of_head(&mut self) -> Option<usize> {
        while let Some(end) = self.line_end() {
            self.scanned = end;
            match self.buffer.get(end + 1..).unwrap_or_default() {
                [b'\n', ..] => return Some(end + 2),
                [b'\r', b'\n', ..] => return Some(end + 3),
                [] | [b'\r'] => return None,
                _ => self.scanned = end + 1,
            }
        }
        None
    }

    /// On a stream a message without Content-Length has no body: the next one
    /// begins at once.
    fn length_of_body(&self, end: usize) -> Result<usize, Broken> {
        if end > HEAD {
            return Err(self.too_large());
        }
        let head = self.buffer.get(..end).unwrap_or_default();
        match content_length(head).map(Option::unwrap_or_default) {
            Ok(length) if length <= BODY => Ok(length),
            Ok(_) => Err(Broken { head: Bytes::copy_from_slice(head), ..self.too_large() }),
            Err(_) => {
                let (reason, head) = ("Bad Content-Length", Bytes::copy_from_slice(head));
                Err(Broken { status: 400, reason, head })
            }
        }
    }

    fn too_large(&self) -> Broken {
        let head = self.buffer.get(..HEAD).unwrap_or(&self.buffer);
        let last = head.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let head = Bytes::copy_from_slice(head.get(..last).unwrap_or_default());
        Broken { status: 513, reason: "Message Too Large", head }
    }
}

/// It begins or ends with the protocol's name, whatever the version.
fn is_start_line(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let last = line.rsplit(u8::is_ascii_whitespace).next().unwrap_or_default();
    [line, last]
        .iter()
        .any(|word| word.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"SIP/")))
}

#[cfg(test)]
mod tests;
