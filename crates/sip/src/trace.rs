//! The trace: the messages that went over the wire last, as they were, in a
//! store that is bounded by its bytes.
//!
//! Keeping a message reads nothing in it; whose call it is of is found when
//! somebody asks. What leaves the store has no credentials in it any more.

mod clean;
mod reading;
mod sdp;
#[cfg(test)]
mod tests;

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;

use crate::Hop;

/// What a kept message costs beside its bytes, about.
const EACH: usize = 96;
/// Shorter messages are keep-alives.
const SHORTEST: usize = 5;
/// Call-IDs that [`Store::calls`] names, at most.
const NAMED: usize = 16;

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// It came to us.
    Received,
    /// We sent it, or tried to.
    Sent,
}

/// One message of a call as it went over the wire. Credentials (Authorization
/// headers, keys in SDP, passwords in URIs) are taken out of every field, and
/// control characters are written as escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// When it came or went.
    pub at: SystemTime,
    /// Which way.
    pub direction: Direction,
    /// The peer's end.
    pub hop: Hop,
    /// The very same message went this way before: a retransmission.
    pub again: bool,
    /// Request line or status line.
    pub first_line: String,
    /// Those header fields that say what the message does, names in their long
    /// form, values unfolded.
    pub headers: Vec<(String, String)>,
    /// Its streams, where it has SDP: kind, address, codecs, direction, crypto suites.
    pub sdp: Option<String>,
    /// All of it, one header field in each line, line ends as `\n`.
    pub raw: String,
}

/// The store. Off, it keeps nothing and costs a comparison.
#[derive(Debug)]
pub(crate) struct Store {
    most: usize,
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    kept: VecDeque<Kept>,
    weight: usize,
}

#[derive(Debug, Clone)]
struct Kept {
    at: SystemTime,
    direction: Direction,
    hop: Hop,
    bytes: Bytes,
}

impl Store {
    /// With room for so many bytes; 0: off.
    pub(crate) fn new(most: usize) -> Store {
        Store { most, ring: Mutex::default() }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.most > 0
    }

    /// Keeps one message; the oldest go where there is no room.
    pub(crate) fn keep(&self, at: SystemTime, direction: Direction, hop: Hop, bytes: Bytes) {
        let weight = bytes.len().saturating_add(EACH);
        if bytes.len() < SHORTEST || weight > self.most {
            return;
        }
        let mut ring = self.ring();
        ring.weight = ring.weight.saturating_add(weight);
        ring.kept.push_back(Kept { at, direction, hop, bytes });
        while ring.weight > self.most {
            let Some(oldest) = ring.kept.pop_front() else { break };
            ring.weight = ring.weight.saturating_sub(oldest.bytes.len().saturating_add(EACH));
        }
    }

    /// The messages with that Call-ID, oldest first.
    pub(crate) fn call(&self, call_id: &str) -> Vec<Traced> {
        let mut seen = HashSet::new();
        self.copied()
            .into_iter()
            .filter(|kept| reading::call_id(&kept.bytes).is_some_and(|id| id == call_id))
            .map(|kept| {
                let again = !seen.insert((kept.direction, kept.hop, kept.bytes.clone()));
                reading::traced(kept.at, kept.direction, kept.hop, again, &kept.bytes)
            })
            .collect()
    }

    /// Call-IDs that begin so, each once, newest first; the first few of them.
    pub(crate) fn calls(&self, beginning: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for kept in self.copied().iter().rev() {
            if let Some(id) = reading::call_id(&kept.bytes)
                && id.starts_with(beginning)
                && !found.contains(&id)
            {
                found.push(id);
            }
            if found.len() == NAMED {
                break;
            }
        }
        found
    }

    /// The bytes are shared and not copied, so that the endpoint waits for no reader.
    fn copied(&self) -> Vec<Kept> {
        self.ring().kept.iter().cloned().collect()
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // The ring is whole after every statement that could panic.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
