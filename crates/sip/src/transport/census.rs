//! How many connections there are of each kind, and who may have one more.

use std::collections::HashMap;
use std::net::IpAddr;

use super::connection::Role;
use super::limits::{ACCEPTED, FROM_ONE, OPENED, STRANGERS};
use crate::Transport;

/// The connections that stand or are being opened, counted.
#[derive(Debug, Default)]
pub(super) struct Census {
    accepted: usize,
    opened: usize,
    strangers: usize,
    from: HashMap<IpAddr, usize>,
}

impl Census {
    /// Why nobody gets a connection from there; `None`: it gets one.
    pub(super) fn refusal(&self, role: Role, transport: Transport, ip: IpAddr) -> Option<&str> {
        match role {
            Role::Accepted if self.from.get(&ip).is_some_and(|count| *count >= FROM_ONE) => {
                Some("too many from its address")
            }
            Role::Accepted if self.accepted >= ACCEPTED => Some("too many from peers"),
            // A handshake is work that strangers are not to make.
            Role::Stranger if transport == Transport::Tls => Some("from outside of every peer"),
            Role::Stranger if self.strangers >= STRANGERS => Some("too many from outside"),
            Role::Opened if self.opened >= OPENED => Some("too many of ours"),
            Role::Accepted | Role::Stranger | Role::Opened => None,
        }
    }

    /// One more.
    pub(super) fn enter(&mut self, role: Role, ip: IpAddr) {
        *self.count(role) += 1;
        if role == Role::Accepted {
            *self.from.entry(ip).or_default() += 1;
        }
    }

    /// One less.
    pub(super) fn leave(&mut self, role: Role, ip: IpAddr) {
        let count = self.count(role);
        *count = count.saturating_sub(1);
        if role != Role::Accepted {
            return;
        }
        if let Some(count) = self.from.get_mut(&ip) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.from.remove(&ip);
            }
        }
    }

    fn count(&mut self, role: Role) -> &mut usize {
        match role {
            Role::Accepted => &mut self.accepted,
            Role::Opened => &mut self.opened,
            Role::Stranger => &mut self.strangers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_room() {
        let mut census = Census::default();
        let address = |number: usize| IpAddr::from(u32::try_from(number).unwrap().to_be_bytes());
        let refused =
            |census: &Census, role, ip| census.refusal(role, Transport::Tcp, ip).is_some();
        for (role, room) in
            [(Role::Accepted, ACCEPTED), (Role::Opened, OPENED), (Role::Stranger, STRANGERS)]
        {
            for number in 0..room {
                assert!(!refused(&census, role, address(number)), "{role:?} {number}");
                census.enter(role, address(number));
            }
            assert!(refused(&census, role, address(room)), "{role:?}");
            census.leave(role, address(0));
            assert!(!refused(&census, role, address(room)), "{role:?}");
        }
        let stranger = census.refusal(Role::Stranger, Transport::Tls, address(1));
        assert!(stranger.is_some());
    }
}
