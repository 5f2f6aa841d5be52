//! A bare SMTP client, to try the mail servers of the harness with.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A connection to a mail server.
pub struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    /// Connects and reads the greeting; `None` when nobody listens or greets.
    pub fn connect(server: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect_timeout(&server, Duration::from_secs(5)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        let mut client = Self { reader: BufReader::new(stream) };
        (client.reply()?.0 == 220).then_some(client)
    }

    /// Sends one command; code and text of the reply, `None` when the server
    /// hung up instead.
    pub fn say(&mut self, command: &str) -> Option<(u16, String)> {
        let stream = self.reader.get_mut();
        stream.write_all(format!("{command}\r\n").as_bytes()).ok()?;
        self.reply()
    }

    /// A whole transaction; the reply that decided it.
    pub fn send(&mut self, from: &str, to: &str, message: &str) -> Option<(u16, String)> {
        for command in [format!("MAIL FROM:<{from}>"), format!("RCPT TO:<{to}>"), "DATA".into()] {
            let reply = self.say(&command)?;
            if reply.0 >= 400 {
                self.say("RSET")?;
                return Some(reply);
            }
        }
        let stuffed = message.replace("\r\n.", "\r\n..");
        self.say(&format!("{stuffed}\r\n."))
    }

    fn reply(&mut self) -> Option<(u16, String)> {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let last = line.as_bytes().get(3) != Some(&b'-');
            text.push_str(line.get(4..)?.trim_end());
            if last {
                return Some((line.get(..3)?.parse().ok()?, text));
            }
            text.push('\n');
        }
    }
}
