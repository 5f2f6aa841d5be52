//! A request on its way through the checks.

use std::sync::Arc;
use std::time::Instant;

use super::answer::Answer;
use super::peers::PeerId;
use crate::transaction::Key;
use crate::transport::Origin;
use crate::wire::{Malformed, Request, part};

/// What an INVITE may carry.
pub(super) const SDP: &str = "application/sdp";
/// Seconds after which a peer may try again, where only we are the trouble.
pub(super) const RETRY_AFTER: u32 = 5;

/// A new request, with its server transaction already made.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    /// The request without its body.
    pub(super) request: Arc<Request>,
    pub(super) body: Vec<u8>,
    pub(super) key: Key,
    pub(super) origin: Origin,
    /// `None`: somebody whom we called ourselves.
    pub(super) peer: Option<PeerId>,
    pub(super) now: Instant,
}

impl Incoming {
    /// The body of an INVITE is a session description, alone or beside other
    /// parts, or nothing at all.
    pub(super) fn session_description(&self) -> Result<Option<&[u8]>, Answer> {
        if self.body.is_empty() {
            return Ok(None);
        }
        let encoding = self.request.headers.get("Content-Encoding").unwrap_or("identity");
        if !encoding.eq_ignore_ascii_case("identity") {
            return Err(Answer::new(415).header("Accept-Encoding", "identity"));
        }
        if self.request.content_type() == SDP {
            return Ok(Some(&self.body));
        }
        let content_type = self.request.headers.get("Content-Type").unwrap_or_default();
        let part = part(content_type, &self.body, SDP);
        part.map(Some).ok_or_else(|| Answer::new(415).header("Accept", SDP))
    }

    /// Whether the caller takes a session description in an answer (RFC 3261
    /// §20.1: he does where he does not say); without one there is no call.
    pub(super) fn accepts_sdp(&self) -> bool {
        let mut accepted = self.request.headers.all("Accept").peekable();
        accepted.peek().is_none()
            || accepted.flat_map(|value| value.split(',')).any(|range| {
                let kind = range.split(';').next().unwrap_or_default().trim();
                [SDP, "application/*", "*/*"].iter().any(|fits| kind.eq_ignore_ascii_case(fits))
            })
    }
}

impl From<Malformed> for Answer {
    fn from(fault: Malformed) -> Self {
        Answer::new(fault.status).reason(fault.reason)
    }
}

/// Too much at once, or closing.
pub(super) fn try_later() -> Answer {
    Answer::new(503).retry_after(RETRY_AFTER)
}
