//! One SMTP connection of the sink (RFC 5321, no extension but SIZE).

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::PoisonError;
use std::time::Instant;

use super::{Shared, Taken};
use crate::letter::Letter;
use crate::waiting;

/// Serves until the client quits or the sink goes down.
pub(crate) fn serve(stream: TcpStream, shared: &Shared) {
    let Ok(reading) = stream.try_clone() else { return };
    let mut session =
        Session { stream, reader: BufReader::new(reading), sender: None, recipient: None };
    let _ = session.run(shared);
}

struct Session {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    sender: Option<String>,
    recipient: Option<String>,
}

/// The connection is over.
struct Over;

impl Session {
    fn run(&mut self, shared: &Shared) -> Result<(), Over> {
        self.say("220 sink.example.com ESMTP", shared)?;
        loop {
            let line = self.line()?;
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let verb = line.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => self.say("250-sink.example.com\r\n250 SIZE 50000000", shared)?,
                "HELO" | "NOOP" => self.say("250 Ok", shared)?,
                "RSET" => {
                    (self.sender, self.recipient) = (None, None);
                    self.say("250 Ok", shared)?;
                }
                "MAIL" => {
                    self.sender = Some(path(&line));
                    self.recipient = None;
                    self.say("250 Ok", shared)?;
                }
                "RCPT" => self.recipient(&line, shared)?,
                "DATA" if self.recipient.is_some() => self.data(shared)?,
                "DATA" => self.say("503 No recipient", shared)?,
                "QUIT" => {
                    self.say("221 Bye", shared)?;
                    return Err(Over);
                }
                _ => self.say("502 Not known here", shared)?,
            }
        }
    }

    fn recipient(&mut self, line: &str, shared: &Shared) -> Result<(), Over> {
        let recipient = path(line);
        let answer = {
            let mut state = shared.state();
            if let Some(words) = state.refused.get(&recipient.to_ascii_lowercase()) {
                format!("550 5.1.1 {words}")
            } else if state.greylist > 0 {
                state.greylist -= 1;
                "450 4.2.0 Greylisted, come back later".to_owned()
            } else {
                self.recipient = Some(recipient);
                "250 Ok".to_owned()
            }
        };
        self.say(&answer, shared)
    }

    fn data(&mut self, shared: &Shared) -> Result<(), Over> {
        self.say("354 Go ahead", shared)?;
        let mut message = Vec::new();
        loop {
            let line = self.line()?;
            if line == b".\r\n" {
                break;
            }
            // §4.5.2: a leading dot was doubled.
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        let mut taken = Taken {
            sender: self.sender.take().unwrap_or_default(),
            recipient: self.recipient.take().unwrap_or_default(),
            at: Instant::now(),
            answered: true,
            letter: Letter::read(message),
        };
        let recipient = taken.recipient.clone();
        let says_so = {
            let mut state = shared.state();
            state.dots += 1;
            if state.holding {
                state.held += 1;
                shared.changed.notify_all();
                while state.holding && state.is_up {
                    state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                state.held -= 1;
                shared.changed.notify_all();
                // Whoever waited may be dead: a reply that cannot be given is
                // a mail that was never taken.
                if !state.is_up || is_gone(&self.stream) {
                    return Err(Over);
                }
            }
            taken.answered = state.drop_after_dot == 0;
            state.drop_after_dot = state.drop_after_dot.saturating_sub(1);
            let says_so = taken.answered;
            state.taken.push(taken);
            shared.changed.notify_all();
            says_so
        };
        if !says_so {
            let _ = self.stream.shutdown(std::net::Shutdown::Both);
            return Err(Over);
        }
        self.say(&format!("250 2.0.0 Ok: queued for {recipient}"), shared)
    }

    fn say(&mut self, words: &str, shared: &Shared) -> Result<(), Over> {
        let slow = shared.state().slow;
        waiting::pass(slow);
        self.stream.write_all(format!("{words}\r\n").as_bytes()).map_err(|_| Over)
    }

    fn line(&mut self) -> Result<Vec<u8>, Over> {
        let mut line = Vec::new();
        match self.reader.read_until(b'\n', &mut line) {
            Ok(count) if count > 0 => Ok(line),
            _ => Err(Over),
        }
    }
}

/// The other side has closed: a read gives the end at once.
fn is_gone(stream: &TcpStream) -> bool {
    let _ = stream.set_nonblocking(true);
    let gone = match stream.peek(&mut [0]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    };
    let _ = stream.set_nonblocking(false);
    gone
}

fn path(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or("", |(path, _)| path).to_owned()
}
