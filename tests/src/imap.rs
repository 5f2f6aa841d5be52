//! IMAP4rev1 (RFC 3501), as much as reading a mailbox needs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::letter::Letter;
use crate::waiting;

/// One response: its lines, and the literals that stood in them.
struct Reply {
    lines: Vec<String>,
    literals: Vec<Vec<u8>>,
}

/// A connection, logged in.
pub struct Imap {
    reader: BufReader<TcpStream>,
    tag: u32,
}

impl Imap {
    /// Connects and logs in; `None` when that fails.
    pub fn login(server: SocketAddr, user: &str, password: &str) -> Option<Self> {
        let stream = TcpStream::connect_timeout(&server, Duration::from_secs(5)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        let mut imap = Self { reader: BufReader::new(stream), tag: 0 };
        let mut greeting = String::new();
        imap.reader.read_line(&mut greeting).ok()?;
        if !greeting.starts_with("* OK") {
            return None;
        }
        imap.ask(&format!("LOGIN \"{user}\" \"{password}\""))?;
        Some(imap)
    }

    /// All mails of a mailbox, whole.
    pub fn read(&mut self, mailbox: &str) -> Option<Vec<Letter>> {
        let selected = self.ask(&format!("SELECT \"{mailbox}\""))?;
        let exists = selected.lines.iter().find_map(|line| {
            line.strip_prefix("* ")?.strip_suffix(" EXISTS")?.parse::<usize>().ok()
        })?;
        if exists == 0 {
            return Some(Vec::new());
        }
        let fetched = self.ask("FETCH 1:* BODY.PEEK[]")?;
        Some(fetched.literals.into_iter().map(Letter::read).collect())
    }

    fn ask(&mut self, command: &str) -> Option<Reply> {
        self.tag += 1;
        let tag = format!("a{}", self.tag);
        self.reader.get_mut().write_all(format!("{tag} {command}\r\n").as_bytes()).ok()?;
        let mut reply = Reply { lines: Vec::new(), literals: Vec::new() };
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_owned();
            if let Some(result) = line.strip_prefix(&format!("{tag} ")) {
                return result.starts_with("OK").then_some(reply);
            }
            // §4.3: a literal follows its length in braces.
            let length = line.strip_suffix('}').and_then(|rest| rest.rsplit_once('{'));
            if let Some((_, length)) = length {
                let mut literal = vec![0; length.parse().ok()?];
                self.reader.read_exact(&mut literal).ok()?;
                reply.literals.push(literal);
            }
            reply.lines.push(line);
        }
    }
}

/// Waits until the INBOX of `user` holds at least `count` mails.
pub fn wait_inbox(
    server: SocketAddr,
    user: &str,
    password: &str,
    count: usize,
    within: Duration,
) -> Vec<Letter> {
    waiting::until(&format!("{count} mails for {user} by IMAP"), within, || {
        let letters = Imap::login(server, user, password)?.read("INBOX")?;
        (letters.len() >= count).then_some(letters)
    })
}
