//! A SIP message as the lines it came in.

use std::fmt;

/// Start line, header lines in their order, body.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// Request or status line.
    pub start: String,
    /// Names as written, values trimmed.
    pub headers: Vec<(String, String)>,
    /// After the empty line.
    pub body: Vec<u8>,
}

impl Message {
    /// A request without headers.
    pub fn request(method: &str, uri: &str) -> Self {
        Self { start: format!("{method} {uri} SIP/2.0"), ..Self::default() }
    }

    /// Adds a header line at the end.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Takes a datagram apart; `None` when it is no SIP.
    pub fn read(datagram: &[u8]) -> Option<Self> {
        let end = datagram.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&datagram[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let start = lines.next()?.to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect();
        Some(Self { start, headers, body: datagram[end + 4..].to_vec() })
    }

    /// The status code, when this is a response.
    pub fn status(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    /// The method, when this is a request.
    pub fn method(&self) -> Option<&str> {
        if self.status().is_some() { None } else { self.start.split(' ').next() }
    }

    /// The first header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(candidate, _)| candidate.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// All headers of that name in their order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(candidate, _)| candidate.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Number and method of CSeq.
    pub fn cseq(&self) -> (u32, &str) {
        let value = self.header("CSeq").unwrap_or("0 NONE");
        let (number, method) = value.split_once(' ').unwrap_or(("0", "NONE"));
        (number.parse().unwrap_or(0), method.trim())
    }

    /// A parameter of a header, such as the `tag` of `To`.
    pub fn parameter(&self, header: &str, name: &str) -> Option<String> {
        let value = self.header(header)?;
        let after = value.rsplit_once('>').map_or(value, |(_, after)| after);
        after.split(';').find_map(|parameter| {
            let (candidate, value) = parameter.split_once('=')?;
            candidate.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    /// The URI between angle brackets of a header.
    pub fn uri(&self, header: &str) -> Option<&str> {
        let (_, rest) = self.header(header)?.split_once('<')?;
        rest.split_once('>').map(|(uri, _)| uri)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// As it goes over the wire, with the right Content-Length.
    pub fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.start);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n", self.body.len()));
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The response that a server gives to this request (RFC 3261 §8.2.6).
    pub fn answer(&self, status: u16, reason: &str, to_tag: &str) -> Self {
        let mut answer = Self { start: format!("SIP/2.0 {status} {reason}"), ..Self::default() };
        for (name, value) in &self.headers {
            let copied = ["via", "from", "to", "call-id", "cseq", "record-route"];
            if !copied.contains(&name.to_ascii_lowercase().as_str()) {
                continue;
            }
            let untagged = name.eq_ignore_ascii_case("to") && !value.contains("tag=");
            let value = if untagged { format!("{value};tag={to_tag}") } else { value.clone() };
            answer.headers.push((name.clone(), value));
        }
        answer
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.bytes()))
    }
}
