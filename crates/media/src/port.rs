//! A free UDP port: random, even (RFC 3550 §11), bound at call time.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;

use rand::Rng;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType};

use crate::MediaError;

/// Binds a socket that never waits, and says to which address. Ports in use are
/// skipped, all of the range is tried.
///
/// # Errors
/// [`MediaError::NoPort`] or [`MediaError::Bind`].
pub fn bind(
    address: IpAddr,
    ports: &RangeInclusive<u16>,
) -> Result<(UdpSocket, SocketAddr), MediaError> {
    let (first, last) = (*ports.start(), *ports.end());
    let lowest = u32::from(first).div_ceil(2);
    let count = (u32::from(last) / 2 + 1).saturating_sub(lowest);
    let busy = || MediaError::NoPort { address, first, last };
    if count == 0 {
        return Err(busy());
    }
    let start = rand::rng().random_range(0..count);
    for step in 0..count {
        let port = u16::try_from((lowest + (start + step) % count) * 2).map_err(|_| busy())?;
        let local = SocketAddr::new(address, port);
        match open(local) {
            Ok(socket) => return Ok((socket, local)),
            Err(Errno::ADDRINUSE) => {}
            Err(error) => return Err(MediaError::Bind { address, source: error.into() }),
        }
    }
    Err(busy())
}

/// Two system calls; those of the standard library would be four.
fn open(local: SocketAddr) -> Result<UdpSocket, Errno> {
    let family = if local.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::DGRAM, flags, None)?;
    rustix::net::bind(&socket, &local)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn ports_are_even_in_range_and_busy_ones_are_skipped() {
        let range = 27_101..=27_109;
        let sockets: Vec<_> = (0..4).map(|_| bind(LOCAL, &range).unwrap()).collect();
        let mut ports: Vec<u16> = sockets.iter().map(|(_, local)| local.port()).collect();
        assert!(sockets.iter().all(|(socket, local)| socket.local_addr().unwrap() == *local));
        ports.sort_unstable();
        assert_eq!(ports, [27_102, 27_104, 27_106, 27_108]);
        let error = bind(LOCAL, &range).unwrap_err().to_string();
        assert!(error.contains("27101") && error.contains("media.ports"), "{error}");
    }

    #[test]
    fn an_address_of_another_host_is_said_at_once() {
        let error = bind("192.0.2.77".parse().unwrap(), &(27_120..=27_129)).unwrap_err();
        assert!(matches!(error, MediaError::Bind { .. }), "{error}");
        #[expect(clippy::reversed_empty_ranges, reason = "a mistake in the configuration")]
        let empty = bind(LOCAL, &(9..=8)).unwrap_err();
        assert!(matches!(empty, MediaError::NoPort { .. }), "{empty}");
    }
}
