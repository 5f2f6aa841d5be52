//! Transports, and an address together with the transport that reaches it.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// A transport of SIP (RFC 3261 §18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
}

impl Transport {
    /// Small letters, as in a URI's `transport` parameter and the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        }
    }

    /// As it stands in a Via header.
    pub const fn in_via(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
        }
    }

    /// 5060, or 5061 for TLS (RFC 3261 §19.1.2).
    pub const fn default_port(self) -> u16 {
        match self {
            Transport::Udp | Transport::Tcp => 5060,
            Transport::Tls => 5061,
        }
    }

    /// Reads a name, in whatever letters (RFC 3261 §7.3.1).
    pub fn read(name: &str) -> Option<Transport> {
        let all = [Transport::Udp, Transport::Tcp, Transport::Tls];
        all.into_iter().find(|transport| transport.as_str().eq_ignore_ascii_case(name))
    }

    /// Nothing sent by it has to be sent again (RFC 3261 §17).
    pub const fn is_reliable(self) -> bool {
        matches!(self, Transport::Tcp | Transport::Tls)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One place that SIP is listened on or sent to: `udp:127.0.0.1:5060`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hop {
    /// How.
    pub transport: Transport,
    /// Where.
    pub addr: SocketAddr,
}

impl Hop {
    /// An address reached by UDP.
    pub const fn udp(addr: SocketAddr) -> Hop {
        Hop { transport: Transport::Udp, addr }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport, self.addr)
    }
}

/// The text names no transport, or no address and port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHop {
    /// It does not begin with `udp:`, `tcp:` or `tls:`.
    #[error("\"{0}\" names no transport; write it as \"udp:127.0.0.1:5060\"")]
    Transport(String),
    /// What follows is no IP address with a port.
    #[error("\"{0}\": an IP address and a port are wanted, as in \"udp:127.0.0.1:5060\"")]
    Address(String),
}

impl FromStr for Hop {
    type Err = InvalidHop;

    fn from_str(text: &str) -> Result<Hop, InvalidHop> {
        let (name, addr) = text.split_once(':').unwrap_or((text, ""));
        let transport =
            Transport::read(name).ok_or_else(|| InvalidHop::Transport(text.to_owned()))?;
        let addr = addr.parse().map_err(|_| InvalidHop::Address(text.to_owned()))?;
        Ok(Hop { transport, addr })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hop_is_read_and_written_alike() {
        for text in ["udp:127.0.0.1:5060", "tcp:[::1]:5060", "tls:192.0.2.1:5061"] {
            assert_eq!(text.parse::<Hop>().unwrap().to_string(), text);
        }
        assert!(matches!("5060".parse::<Hop>(), Err(InvalidHop::Transport(_))));
        assert!(matches!("sctp:127.0.0.1:1".parse::<Hop>(), Err(InvalidHop::Transport(_))));
        assert!(matches!("tcp:localhost:5060".parse::<Hop>(), Err(InvalidHop::Address(_))));
    }
}
