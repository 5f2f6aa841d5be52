//! Datagrams that the kernel threw away on their way, by all programs of the machine:
//! lost before anybody could be late.

use std::fs;

/// Counts since the machine started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drops {
    /// For want of room in the receiver's socket: the receiver was too slow.
    pub full_socket: u64,
    /// For want of room before any socket: the machine was too slow.
    pub full_backlog: u64,
}

impl Drops {
    /// Up to now.
    pub fn now() -> Self {
        let snmp = fs::read_to_string("/proc/net/snmp").unwrap_or_default();
        let softnet = fs::read_to_string("/proc/net/softnet_stat").unwrap_or_default();
        Self { full_socket: of_sockets(&snmp), full_backlog: of_backlog(&softnet) }
    }

    /// Since an earlier moment.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            full_socket: self.full_socket.saturating_sub(earlier.full_socket),
            full_backlog: self.full_backlog.saturating_sub(earlier.full_backlog),
        }
    }

    /// All of them.
    pub fn total(self) -> u64 {
        self.full_socket + self.full_backlog
    }
}

/// The names stand in one line, the counts in the next.
fn of_sockets(snmp: &str) -> u64 {
    let mut lines = snmp.lines().filter(|line| line.starts_with("Udp: "));
    let names = lines.next().unwrap_or_default().split(' ');
    let counts = lines.next().unwrap_or_default().split(' ');
    let mut pairs = names.zip(counts);
    pairs.find(|(name, _)| *name == "RcvbufErrors").map_or(0, |(_, n)| n.parse().unwrap_or(0))
}

/// A line for each core; the second number, in hexadecimal.
fn of_backlog(softnet: &str) -> u64 {
    let dropped = |line: &str| u64::from_str_radix(line.split(' ').nth(1)?, 16).ok();
    softnet.lines().filter_map(dropped).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_counts_are_found() {
        let snmp = "Tcp: A B\nTcp: 1 2\nUdp: InDatagrams NoPorts RcvbufErrors\nUdp: 7 8 9\n";
        assert_eq!(of_sockets(snmp), 9);
        assert_eq!(of_backlog("0000000a 00000010 0\n00000001 00000002 0\n"), 18);
        let earlier = Drops { full_socket: 3, full_backlog: 1 };
        let later = Drops { full_socket: 5, full_backlog: 1 };
        assert_eq!(later.since(earlier).total(), 2);
    }
}
