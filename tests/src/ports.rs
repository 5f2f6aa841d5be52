//! Free ports below the kernel's ephemeral range and below Ringpost's media
//! ports, none given out twice by one test process.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::process::STARTING;

const FIRST: u32 = 10_000;
/// Up to where sipp takes its ports from.
const COUNT: u32 = 6_000;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A port of 127.0.0.1 that is free for UDP and TCP alike.
pub fn free() -> u16 {
    // Test processes that run side by side begin at different places.
    let start = std::process::id().wrapping_mul(97);
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(FIRST + start.wrapping_add(step) % COUNT).unwrap();
        let at = (Ipv4Addr::LOCALHOST, port);
        let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        if UdpSocket::bind(at).is_ok() && TcpListener::bind(at).is_ok() {
            return port;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + COUNT);
}

/// A free address on 127.0.0.1.
pub fn free_address() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, free()))
}

/// The first of four UDP ports in a row that are free and given to nobody else.
pub fn free_run() -> u16 {
    for _ in 0..COUNT {
        let run = [free(), free(), free(), free()];
        if run.windows(2).all(|pair| pair[1] == pair[0] + 1) {
            return run[0];
        }
    }
    panic!("no four free ports in a row");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let mut ports: Vec<u16> = (0..50).map(|_| free()).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 50);
    }
}
