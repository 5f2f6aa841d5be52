//! Datagrams by the batch: many for one system call, stamped by the kernel.

use std::io::{IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg, setsockopt,
    sockopt,
};
use nix::sys::time::TimeSpec;

/// Datagrams for one system call.
const BATCH: usize = 64;
/// Room for what comes while the generator waits for its turn.
const RECEIVE_BUFFER: usize = 32 << 20;

/// A socket of loopback whose datagrams carry the time at which they came.
pub(super) fn bind() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a UDP socket");
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true).expect("time stamps");
    // More than the system's limit is for root; the rest makes do with that.
    if setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_err() {
        let _ = setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER);
    }
    socket
}

/// What came.
#[derive(Debug)]
pub struct Datagram<'a> {
    /// Who sent it.
    pub from: SocketAddrV4,
    /// When the kernel had it, since 1970.
    pub at: Duration,
    /// As much of it as there is room for.
    pub bytes: &'a [u8],
}

/// Receives batches.
pub struct Arrivals {
    headers: MultiHeaders<SockaddrIn>,
    bytes: Vec<u8>,
    room: usize,
}

impl Arrivals {
    /// With `room` bytes for each datagram; what is longer is cut.
    pub fn new(room: usize) -> Self {
        let stamp = nix::cmsg_space!(TimeSpec);
        Self {
            headers: MultiHeaders::preallocate(BATCH, Some(stamp)),
            bytes: vec![0; BATCH * room],
            room,
        }
    }

    /// Takes what is there and gives each to `each`; how many.
    pub fn take(&mut self, socket: &UdpSocket, mut each: impl FnMut(Datagram<'_>)) -> usize {
        let mut total = 0;
        loop {
            let count = self.batch(socket, &mut each);
            total += count;
            if count < BATCH {
                return total;
            }
        }
    }

    fn batch(&mut self, socket: &UdpSocket, each: &mut impl FnMut(Datagram<'_>)) -> usize {
        let mut slices: Vec<[IoSliceMut<'_>; 1]> =
            self.bytes.chunks_exact_mut(self.room).map(|room| [IoSliceMut::new(room)]).collect();
        let flags = MsgFlags::MSG_DONTWAIT;
        let fd = socket.as_raw_fd();
        let Ok(results) = recvmmsg(fd, &mut self.headers, slices.iter_mut(), flags, None) else {
            // Nothing is there, or a port that was closed says so.
            return 0;
        };
        let mut count = 0;
        for message in results {
            count += 1;
            let stamps = message.cmsgs().into_iter().flatten();
            let at = stamps.into_iter().find_map(|stamp| match stamp {
                ControlMessageOwned::ScmTimestampns(at) => Some(Duration::from(at)),
                _ => None,
            });
            let Some(from) = message.address else { continue };
            let from = SocketAddrV4::new(from.ip(), from.port());
            let bytes = message.iovs().next().unwrap_or_default();
            each(Datagram { from, at: at.unwrap_or_else(super::now), bytes });
        }
        count
    }
}

/// Sends batches.
pub struct Departures {
    headers: MultiHeaders<SockaddrIn>,
    to: Vec<Option<SockaddrIn>>,
}

impl Default for Departures {
    fn default() -> Self {
        Self { headers: MultiHeaders::preallocate(BATCH, None), to: Vec::with_capacity(BATCH) }
    }
}

impl Departures {
    /// Sends each datagram to its address. One that cannot be sent (a server that
    /// is gone) is left out.
    pub fn send<'a>(
        &mut self,
        socket: &UdpSocket,
        datagrams: impl Iterator<Item = (SocketAddrV4, &'a [u8])>,
    ) {
        let mut datagrams = datagrams.peekable();
        let mut slices: Vec<[IoSlice<'_>; 1]> = Vec::with_capacity(BATCH);
        while datagrams.peek().is_some() {
            self.to.clear();
            slices.clear();
            for (to, bytes) in datagrams.by_ref().take(BATCH) {
                self.to.push(Some(SockaddrIn::from(to)));
                slices.push([IoSlice::new(bytes)]);
            }
            let mut from = 0;
            while from < slices.len() {
                let (left, to) = (&slices[from..], &self.to[from..]);
                let fd = socket.as_raw_fd();
                let sent = sendmmsg(fd, &mut self.headers, left, to, [], MsgFlags::empty());
                from += sent.map_or(1, Iterator::count).max(1);
            }
        }
    }
}
