//! Whose packets count: symmetric RTP (RFC 4961) that latches once.

use std::net::{IpAddr, SocketAddr};

/// What becomes of a packet by its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// From the address we know.
    Known,
    /// The first one: from now on only this address counts, and is sent to.
    Latched,
    /// From somebody else.
    Refused,
}

/// The remote end of a stream.
#[derive(Debug, Default)]
pub struct Latch {
    any_source: bool,
    signalled: Option<SocketAddr>,
    source: Option<SocketAddr>,
}

impl Latch {
    /// Nobody is admitted before [`Latch::signal`]. `any_source`: the peer sits
    /// behind address translation, its signalled address says nothing.
    pub fn new(any_source: bool) -> Self {
        Self { any_source, ..Self::default() }
    }

    /// Offer and answer named a remote address: latch anew.
    pub fn signal(&mut self, remote: SocketAddr) {
        self.signalled = Some(canonical(remote));
        self.source = None;
    }

    /// Asks for a packet from `from`, and latches on the first one that may speak.
    pub fn admit(&mut self, from: SocketAddr) -> Admission {
        let from = canonical(from);
        match (self.source, self.signalled) {
            (Some(source), _) if source == from => Admission::Known,
            (Some(_), _) | (None, None) => Admission::Refused,
            (None, Some(signalled)) if self.any_source || signalled.ip() == from.ip() => {
                self.source = Some(from);
                Admission::Latched
            }
            (None, Some(_)) => Admission::Refused,
        }
    }

    /// Where to send: the address that was heard, before that the signalled one.
    /// `None` without either, and for an address that means "nowhere"
    /// (0.0.0.0 or port 0, RFC 3264 §8.4).
    pub fn destination(&self) -> Option<SocketAddr> {
        let to = self.source.or(self.signalled)?;
        (!to.ip().is_unspecified() && to.port() != 0).then_some(to)
    }
}

/// An IPv4 address stays one on a socket that serves both families.
fn canonical(address: SocketAddr) -> SocketAddr {
    let ip: IpAddr = address.ip().to_canonical();
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn latches_once_to_the_signalled_host() {
        let mut latch = Latch::new(false);
        assert_eq!(latch.admit(at("192.0.2.1:4000")), Admission::Refused, "nobody is signalled");
        latch.signal(at("192.0.2.1:4000"));
        assert_eq!(latch.destination(), Some(at("192.0.2.1:4000")));
        assert_eq!(latch.admit(at("198.51.100.9:4000")), Admission::Refused, "another host");
        assert_eq!(latch.admit(at("192.0.2.1:9000")), Admission::Latched, "any port");
        assert_eq!(latch.admit(at("192.0.2.1:9000")), Admission::Known);
        assert_eq!(latch.admit(at("192.0.2.1:4000")), Admission::Refused, "latched once");
        assert_eq!(latch.destination(), Some(at("192.0.2.1:9000")));
        latch.signal(at("192.0.2.1:4000"));
        assert_eq!(latch.admit(at("192.0.2.1:4000")), Admission::Latched, "anew");
    }

    #[test]
    fn behind_nat_the_first_source_counts() {
        let mut latch = Latch::new(true);
        latch.signal(at("10.0.0.7:4000"));
        assert_eq!(latch.admit(at("203.0.113.5:61000")), Admission::Latched);
        assert_eq!(latch.admit(at("10.0.0.7:4000")), Admission::Refused);
        assert_eq!(latch.destination(), Some(at("203.0.113.5:61000")));
    }

    #[test]
    fn mapped_addresses_are_the_same_host_and_nowhere_is_nowhere() {
        let mut latch = Latch::new(false);
        latch.signal(at("192.0.2.1:4000"));
        assert_eq!(latch.admit(at("[::ffff:192.0.2.1]:4002")), Admission::Latched);
        latch.signal(at("0.0.0.0:4000"));
        assert_eq!(latch.destination(), None);
    }
}
