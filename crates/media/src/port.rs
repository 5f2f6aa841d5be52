//! A free UDP port: random, even (RFC 3550 §11), bound at call time.

use std::io;
use std::net::{IpAddr, UdpSocket};
use std::ops::RangeInclusive;

use rand::Rng;

use crate::MediaError;

/// Binds a socket that never waits. Ports in use are skipped, all of the range
/// is tried.
///
/// # Errors
/// [`MediaError::NoPort`] or [`MediaError::Bind`].
pub fn bind(address: IpAddr, ports: &RangeInclusive<u16>) -> Result<UdpSocket, MediaError> {
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
        match UdpSocket::bind((address, port)).and_then(without_waiting) {
            Ok(socket) => return Ok(socket),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(source) => return Err(MediaError::Bind { address, source }),
        }
    }
    Err(busy())
}

fn without_waiting(socket: UdpSocket) -> io::Result<UdpSocket> {
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn ports_are_even_in_range_and_busy_ones_are_skipped() {
        let range = 27_101..=27_109;
        let sockets: Vec<UdpSocket> = (0..4).map(|_| bind(LOCAL, &range).unwrap()).collect();
        let mut ports: Vec<u16> = sockets.iter().map(|s| s.local_addr().unwrap().port()).collect();
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
