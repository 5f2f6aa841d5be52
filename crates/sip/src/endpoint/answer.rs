//! What the house answers a request with.

/// A response as the house wants it: a status, and headers of its own. Via,
/// From, To, Call-ID and CSeq are added by the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status code. A final one, 200 to 699; anything else is sent as 500.
    pub status: u16,
    /// Reason phrase; `None`: the phrase of the RFC.
    pub reason: Option<String>,
    /// Headers in the order they are sent. Line breaks in them are removed.
    pub headers: Vec<(String, String)>,
}

impl Answer {
    /// An answer with the RFC's own reason phrase and no further header.
    pub fn new(status: u16) -> Self {
        Self { status, reason: None, headers: Vec::new() }
    }

    /// With a reason phrase of its own.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// With one header more.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With `Retry-After` in seconds (RFC 3261 §20.33).
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        self.header("Retry-After", seconds.to_string())
    }
}
