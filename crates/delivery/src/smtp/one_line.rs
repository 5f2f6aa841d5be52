//! A TCP stream that hands on at most one line at a read.
//!
//! Between the reply to STARTTLS and the TLS handshake, whoever sits on the
//! wire could put replies of his own, in plain text, into the same segment; a
//! reader that takes more than the one line keeps them and believes them after
//! the handshake: every reply is then off by one, and a refused mail looks
//! delivered. Read line by line, they meet the handshake instead and break it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

#[derive(Debug)]
pub(super) struct OneLine {
    tcp: TcpStream,
    /// Read from the socket and not handed on.
    ahead: Vec<u8>,
    taken: usize,
}

impl OneLine {
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self { tcp, ahead: Vec::new(), taken: 0 }
    }
}

impl AsyncTokioStream for OneLine {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }
}

impl AsyncRead for OneLine {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.taken >= this.ahead.len() {
            let mut space = [0; 4096];
            let mut fresh = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut this.tcp).poll_read(cx, &mut fresh))?;
            this.ahead.clear();
            this.ahead.extend_from_slice(fresh.filled());
            this.taken = 0;
        }
        let waiting = this.ahead.get(this.taken..).unwrap_or_default();
        let line =
            waiting.iter().position(|byte| *byte == b'\n').map_or(waiting.len(), |at| at + 1);
        let handed = waiting.get(..line.min(buf.remaining())).unwrap_or_default();
        buf.put_slice(handed);
        this.taken += handed.len();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for OneLine {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().tcp).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
    }
}
