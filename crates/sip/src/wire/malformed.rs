//! Bad input, and the answer that the protocol has for it.

use std::fmt;
use std::net::SocketAddr;

use super::{Method, Request, Response, response_to};

/// A message, or a part of one, that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// 400, or 505 where only the version of SIP is another.
    pub(crate) status: u16,
    /// Reason phrase for the peer: what is wrong.
    pub(crate) reason: &'static str,
    /// As much of the request as could be read.
    request: Option<Box<Request>>,
}

impl Malformed {
    /// Answered by 400 where it can be answered.
    pub(crate) const fn new(reason: &'static str) -> Self {
        Self { status: 400, reason, request: None }
    }

    /// Another version of SIP (RFC 3261 §21.5.6).
    pub(super) const fn version() -> Self {
        Self { status: 505, reason: "Version Not Supported", request: None }
    }

    /// Remembers what was read, to be able to answer.
    pub(crate) fn of(mut self, request: Request) -> Self {
        self.request = Some(Box::new(request));
        self
    }

    /// The same request refused for something else.
    pub(crate) const fn because(mut self, status: u16, reason: &'static str) -> Self {
        (self.status, self.reason) = (status, reason);
        self
    }

    /// The answer to a malformed request from that source; none to an ACK, to
    /// a response, or where there is no Via to send it back by.
    pub(crate) fn answer(&self, received_from: SocketAddr) -> Option<Response> {
        let request = self.request.as_deref()?;
        if request.method == Method::ACK || request.via().is_err() {
            return None;
        }
        Some(response_to(request, self.status, Some(self.reason), None, received_from))
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason)
    }
}

impl std::error::Error for Malformed {}
