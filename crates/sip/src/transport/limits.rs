//! How many connections there may be, and how long each may take for what.

use std::time::Duration;

/// Connections from peers. Phone systems open a handful each; the rest is room
/// for telephones. Each holds 128 kB at most of what it sends, and a file.
pub(super) const ACCEPTED: usize = 1024;
/// Of these, from one address: a border controller may speak for many.
pub(super) const FROM_ONE: usize = 128;
/// Connections from outside the peers' networks; each lasts for one request.
pub(super) const STRANGERS: usize = 32;
/// Connections that we opened. Beyond them no peer can make us open more.
pub(super) const OPENED: usize = 256;
/// What waits to be read by the endpoint's task, of all connections together.
/// When it is full nothing more is read, and the peers' own buffers fill.
pub(super) const EVENTS: usize = 256;
/// Messages that wait for one connection to take them.
pub(super) const QUEUE: usize = 256;
/// The same in bytes. A peer that does not read loses its connection.
pub(super) const QUEUED_BYTES: usize = 256 << 10;

/// How long what may take. Shorter ones are for tests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timings {
    /// Connecting, and the TLS handshake of either side. Half of it is more than
    /// a slow peer needs, and timer B leaves time for another target.
    pub(crate) handshake: Duration,
    /// From the first byte of a message to its last.
    pub(crate) message: Duration,
    /// Writing what waits.
    pub(crate) write: Duration,
    /// Without a byte from the peer, on a connection of ours without a message;
    /// one with a call on it stays.
    pub(crate) idle: Duration,
    /// Between two pings on a connection of ours, at most (RFC 5626 §4.4.1).
    pub(crate) ping: Duration,
    /// For the answer to a ping (RFC 5626 §4.4.1).
    pub(crate) pong: Duration,
    /// For the peer to close its side after we closed ours.
    pub(crate) linger: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            handshake: seconds(10),
            message: seconds(30),
            write: seconds(30),
            idle: seconds(600),
            ping: seconds(120),
            pong: seconds(10),
            linger: seconds(1),
        }
    }
}
