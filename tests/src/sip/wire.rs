//! What a line is made of: a UDP socket, or a TCP or TLS connection on which
//! messages follow each other (RFC 3261 §18.3).

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, sockopt};
use rustls::{ClientConnection, StreamOwned};

use super::Message;
use super::way::{Kind, Way};

/// How long a connection and its handshake may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) enum Wire {
    Udp(UdpSocket, SocketAddr),
    Stream(RefCell<Stream>),
}

pub(super) struct Stream {
    socket: TcpStream,
    tls: Option<Box<StreamOwned<ClientConnection, TcpStream>>>,
    buffer: Vec<u8>,
    closed: Option<String>,
}

impl Wire {
    /// Opens it; an error says what went wrong in the connection or handshake.
    pub(super) fn open(way: &Way) -> Result<Self, String> {
        if matches!(way.kind, Kind::Udp) {
            let socket = UdpSocket::bind((way.from, 0)).expect("a UDP socket");
            return Ok(Self::Udp(socket, way.server));
        }
        let socket = connect(way).map_err(|error| format!("no connection: {error}"))?;
        socket.set_nodelay(true).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let mut stream = Stream { socket, tls: None, buffer: Vec::new(), closed: None };
        if let Kind::Tls(config, name) = &way.kind {
            let mut client = ClientConnection::new(config.clone(), name.clone())
                .map_err(|error| format!("no TLS: {error}"))?;
            let mut socket = stream.socket.try_clone().expect("a socket");
            while client.is_handshaking() {
                client.complete_io(&mut socket).map_err(|error| format!("handshake: {error}"))?;
            }
            stream.tls = Some(Box::new(StreamOwned::new(client, socket)));
        }
        Ok(Self::Stream(RefCell::new(stream)))
    }

    pub(super) fn local(&self) -> SocketAddr {
        match self {
            Self::Udp(socket, _) => socket.local_addr(),
            Self::Stream(stream) => stream.borrow().socket.local_addr(),
        }
        .expect("bound")
    }

    /// A server that was killed leaves a refused socket; the wait that follows
    /// says so better than an error here.
    pub(super) fn send(&self, bytes: &[u8]) {
        match self {
            Self::Udp(socket, server) => {
                let _ = socket.send_to(bytes, server);
            }
            Self::Stream(stream) => stream.borrow_mut().send(bytes),
        }
    }

    pub(super) fn receive(&self, deadline: Instant) -> Option<Message> {
        match self {
            Self::Udp(socket, _) => datagram(socket, deadline),
            Self::Stream(stream) => stream.borrow_mut().receive(deadline),
        }
    }

    /// Why the connection is over, if it is.
    pub(super) fn closed(&self) -> Option<String> {
        match self {
            Self::Udp(..) => None,
            Self::Stream(stream) => stream.borrow().closed.clone(),
        }
    }

    /// The certificate that the server showed.
    pub(super) fn certificate(&self) -> Option<Vec<u8>> {
        let Self::Stream(stream) = self else { return None };
        let stream = stream.borrow();
        let certificates = stream.tls.as_ref()?.conn.peer_certificates()?;
        Some(certificates.first()?.to_vec())
    }
}

/// From the address that the way names, which std cannot bind before it connects.
fn connect(way: &Way) -> io::Result<TcpStream> {
    let family = if way.server.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    rustix::net::bind(&socket, &SocketAddr::new(way.from, 0))?;
    rustix::net::connect(&socket, &way.server)?;
    Ok(socket.into())
}

fn datagram(socket: &UdpSocket, deadline: Instant) -> Option<Message> {
    let mut datagram = [0; 65_536];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        socket.set_read_timeout(Some(left.max(Duration::from_millis(1)))).ok()?;
        // An ICMP "port unreachable" of a killed server comes as an error of
        // this socket: wait on, it may come back.
        let Ok((count, _)) = socket.recv_from(&mut datagram) else { continue };
        if let Some(message) = Message::read(&datagram[..count]) {
            return Some(message);
        }
    }
}

impl Stream {
    fn send(&mut self, bytes: &[u8]) {
        let sent = match &mut self.tls {
            Some(tls) => tls.write_all(bytes).and_then(|()| tls.flush()),
            None => self.socket.write_all(bytes),
        };
        if let Err(error) = sent {
            self.closed.get_or_insert(error.to_string());
        }
    }

    fn receive(&mut self, deadline: Instant) -> Option<Message> {
        let mut bytes = [0; 16_384];
        loop {
            if let Some(message) = self.framed() {
                return Some(message);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.closed.is_some() {
                return None;
            }
            let left = left.max(Duration::from_millis(1));
            self.socket.set_read_timeout(Some(left)).expect("a socket");
            let read = match &mut self.tls {
                Some(tls) => tls.read(&mut bytes),
                None => self.socket.read(&mut bytes),
            };
            match read {
                Ok(0) => self.closed = Some("closed by the server".into()),
                Ok(count) => self.buffer.extend_from_slice(&bytes[..count]),
                Err(error) if is_time_out(&error) => {}
                Err(error) => self.closed = Some(error.to_string()),
            }
        }
    }

    /// The first whole message of the buffer, by its Content-Length.
    fn framed(&mut self) -> Option<Message> {
        // §7.5: empty lines before a message, and the pongs of RFC 5626.
        let blank = self.buffer.iter().take_while(|byte| b"\r\n".contains(byte)).count();
        self.buffer.drain(..blank);
        let head = self.buffer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let message = Message::read(&self.buffer[..head])?;
        let length = message.header("Content-Length")?.parse::<usize>().ok()?;
        let whole = self.buffer.get(..head + length)?;
        let message = Message::read(whole);
        self.buffer.drain(..head + length);
        message
    }
}

fn is_time_out(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}
