//! Requests and responses, and their way onto the wire.

use std::borrow::Cow;

use super::{Headers, Malformed, Method, NameAddr, Uri, Via};

/// What one datagram holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    Request(Request),
    Response(Response),
}

/// A request. One that came from [`super::read_datagram`] has all the headers
/// that RFC 3261 §8.1.1 asks for, in a form that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) uri: Uri<'static>,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Reason phrase; may be empty.
    pub(crate) reason: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

/// The headers that requests and responses share.
macro_rules! shared_headers {
    ($message:ty) => {
        impl $message {
            pub(crate) fn via(&self) -> Result<Via<'_>, Malformed> {
                via(&self.headers)
            }

            pub(crate) fn cseq(&self) -> Result<(u32, Method), Malformed> {
                cseq(&self.headers)
            }

            pub(crate) fn from(&self) -> Result<NameAddr<'_>, Malformed> {
                address(&self.headers, "From")
            }

            pub(crate) fn to(&self) -> Result<NameAddr<'_>, Malformed> {
                address(&self.headers, "To")
            }

            /// The tag in To.
            pub(crate) fn tag_in_to(&self) -> Option<Cow<'_, str>> {
                self.headers.get("To").and_then(NameAddr::tag)
            }

            pub(crate) fn call_id(&self) -> Result<&str, Malformed> {
                call_id(&self.headers)
            }

            /// The first Contact, where there is one.
            pub(crate) fn contact(&self) -> Result<Option<NameAddr<'_>>, Malformed> {
                self.headers.get("Contact").map(NameAddr::read).transpose()
            }
        }
    };
}

shared_headers!(Request);
shared_headers!(Response);

impl Request {
    /// The tag in From.
    pub(crate) fn tag_in_from(&self) -> Option<Cow<'_, str>> {
        self.headers.get("From").and_then(NameAddr::tag)
    }

    /// 70 where the header is missing (RFC 3261 §16.6 gives the number).
    pub(crate) fn max_forwards(&self) -> Result<u8, Malformed> {
        let Some(value) = self.headers.get("Max-Forwards") else { return Ok(70) };
        value.trim().parse().map_err(|_| Malformed::new("Bad Max-Forwards"))
    }

    /// The option tags of every Require header.
    pub(crate) fn require(&self) -> Vec<&str> {
        let values = self.headers.all("Require").flat_map(|value| value.split(','));
        values.map(str::trim).filter(|tag| !tag.is_empty()).collect()
    }

    /// Media type of the body in small letters and without parameters; empty
    /// where none is given.
    pub(crate) fn content_type(&self) -> String {
        let value = self.headers.get("Content-Type").unwrap_or("");
        value.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
    }

    /// With the right Content-Length, whatever the body holds.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let line = format!("{} {} SIP/2.0\r\n", self.method, self.uri);
        write(line, &self.headers, &self.body)
    }
}

impl Response {
    /// With the right Content-Length, whatever the body holds.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let reason = if self.reason.contains(char::is_control) {
            Cow::Owned(self.reason.replace(char::is_control, " "))
        } else {
            Cow::Borrowed(self.reason.as_str())
        };
        write(format!("SIP/2.0 {} {reason}\r\n", self.status), &self.headers, &self.body)
    }
}

fn via(headers: &Headers) -> Result<Via<'_>, Malformed> {
    Via::read(headers.get("Via").ok_or(Malformed::new("Missing Via"))?)
}

/// RFC 3261 §8.1.1.5: the number is below 2^31.
fn cseq(headers: &Headers) -> Result<(u32, Method), Malformed> {
    let value = headers.get("CSeq").ok_or(Malformed::new("Missing CSeq"))?;
    let bad = Malformed::new("Bad CSeq");
    let mut words = value.split_ascii_whitespace();
    let (Some(number), Some(method), None) = (words.next(), words.next(), words.next()) else {
        return Err(bad);
    };
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    match (number.parse::<u32>(), Method::read(method)) {
        (Ok(number), Some(method)) if digits && number < 1 << 31 => Ok((number, method)),
        _ => Err(bad),
    }
}

fn call_id(headers: &Headers) -> Result<&str, Malformed> {
    headers.get("Call-ID").filter(|id| !id.is_empty()).ok_or(Malformed::new("Missing Call-ID"))
}

fn address<'a>(headers: &'a Headers, name: &str) -> Result<NameAddr<'a>, Malformed> {
    let missing = if name == "To" { "Missing To" } else { "Missing From" };
    NameAddr::read(headers.get(name).ok_or(Malformed::new(missing))?)
}

/// The length is counted first: responses are kept for half a minute, and none
/// shall hold more memory than it needs.
fn write(start_line: String, headers: &Headers, body: &[u8]) -> Vec<u8> {
    let end = format!("Content-Length: {}\r\n\r\n", body.len());
    let lines = headers.iter().map(|(name, value)| name.len() + value.len() + 4);
    let length = start_line.len() + lines.sum::<usize>() + end.len() + body.len();
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(start_line.as_bytes());
    for (name, value) in headers.iter() {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(end.as_bytes());
    bytes.extend_from_slice(body);
    bytes
}
