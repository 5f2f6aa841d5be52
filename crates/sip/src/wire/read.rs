//! Framing: from a datagram to start line, headers and body.

use std::borrow::Cow;

use super::text::{is_token, lossy, one_line, split_once};
use super::{Headers, Malformed, Message, Method, Request, Response, Uri, Via, names};

/// Reads one datagram. `None`: a keep-alive, nothing but line ends (RFC 5626
/// §3.5.1), blanks or zero bytes.
pub(crate) fn read_datagram(bytes: &[u8]) -> Result<Option<Message>, Malformed> {
    let filler = |byte: &u8| b"\r\n \t\0".contains(byte);
    if bytes.iter().all(filler) {
        return Ok(None);
    }
    // RFC 3261 §7.5: line ends in front of the start line are ignored.
    let start = bytes.iter().position(|byte| !b"\r\n".contains(byte)).unwrap_or(0);
    let (first, rest) = split_line(bytes.get(start..).unwrap_or(&[]));
    let first = lossy(first);
    let first = first.trim();
    let (lines, body) = split_head(rest);
    match first.get(..4) {
        Some(name) if name.eq_ignore_ascii_case("SIP/") => response(first, &lines, body).map(Some),
        _ => request(first, &lines, body).map(Some),
    }
}

fn request(first: &str, lines: &[Cow<'_, str>], body: &[u8]) -> Result<Message, Malformed> {
    let bad = || Malformed::new("Bad Request Line");
    let (method, rest) = first.split_once([' ', '\t']).ok_or_else(bad)?;
    let (uri, version) = rest.trim().rsplit_once([' ', '\t']).ok_or_else(bad)?;
    let method = Method::read(method).ok_or_else(bad)?;
    let head = read_headers(lines);
    // Without a Request-URI there is still an answer, so one is put in its place.
    let read_uri = Uri::read(uri).and_then(|uri| match uri.has_bare_ipv6() {
        true => Err(Malformed::new("Bad URI")),
        false => Ok(uri),
    });
    let uri = match &read_uri {
        Ok(uri) => uri.clone().into_owned(),
        Err(_) => Uri::read("sip:invalid")?,
    };
    let mut request = Request { method, uri, headers: head.headers, body: Vec::new() };
    let checked = check_version(version)
        .and(read_uri)
        .and_then(|_| check(&request, head.repeated))
        .and_then(|()| cut(body, head.length));
    match checked {
        Ok(body) => {
            request.body = body.to_vec();
            Ok(Message::Request(request))
        }
        Err(fault) => Err(fault.of(request)),
    }
}

fn response(first: &str, lines: &[Cow<'_, str>], body: &[u8]) -> Result<Message, Malformed> {
    let bad = || Malformed::new("Bad Status Line");
    let (version, rest) = first.split_once([' ', '\t']).ok_or_else(bad)?;
    check_version(version)?;
    // The reason phrase may be empty, and some leave out the blank before it.
    let (status, reason) = rest.trim().split_once([' ', '\t']).unwrap_or((rest.trim(), ""));
    let three = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
    let status = status.parse().ok().filter(|code| three && (100..700).contains(code));
    let status = status.ok_or_else(bad)?;
    let head = read_headers(lines);
    let response = Response {
        status,
        reason: reason.replace(char::is_control, " ").trim().to_owned(),
        headers: head.headers,
        body: cut(body, head.length)?.to_vec(),
    };
    response.via()?;
    response.cseq()?;
    response.call_id()?;
    response.from()?;
    response.to()?;
    Ok(Message::Response(response))
}

/// Everything that has to be there (RFC 3261 §8.1.1), once and readable. The
/// Vias further down are read, too: the answer carries them, and whoever gets
/// it has to find his own.
fn check(request: &Request, repeated: bool) -> Result<(), Malformed> {
    let mut vias = request.headers.all("Via").peekable();
    vias.peek().ok_or(Malformed::new("Missing Via"))?;
    for via in vias {
        if !Via::read(via)?.is_ours() {
            return Err(Malformed::new("Bad Via"));
        }
    }
    request.from()?;
    request.to()?;
    request.call_id()?;
    request.max_forwards()?;
    let (_, method) = request.cseq()?;
    if method != request.method {
        return Err(Malformed::new("CSeq Method Does Not Match"));
    }
    if repeated {
        return Err(Malformed::new("Header Must Not Be Repeated"));
    }
    Ok(())
}

fn check_version(version: &str) -> Result<(), Malformed> {
    if version.eq_ignore_ascii_case("SIP/2.0") {
        return Ok(());
    }
    let other = version.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("SIP/"));
    Err(if other { Malformed::version() } else { Malformed::new("Bad Request Line") })
}

/// The body: what Content-Length says, all where it says nothing (RFC 3261
/// §18.3). Bytes past it are dropped; too few are the peer's fault.
fn cut(body: &[u8], length: Length) -> Result<&[u8], Malformed> {
    match length {
        Length::Missing => Ok(body),
        Length::Bad => Err(Malformed::new("Bad Content-Length")),
        Length::Said(length) => {
            body.get(..length).ok_or(Malformed::new("Body Shorter Than Content-Length"))
        }
    }
}

/// Content-Length, as far as it makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Missing,
    Said(usize),
    Bad,
}

impl Length {
    /// A second one must say the same.
    fn and(self, value: &str) -> Length {
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let said = value.parse().ok().filter(|_| digits).map_or(Length::Bad, Length::Said);
        if self == Length::Missing || self == said { said } else { Length::Bad }
    }
}

struct Head {
    headers: Headers,
    length: Length,
    /// A header that says who and what stands there twice (RFC 4475 §3.3.8).
    repeated: bool,
}

/// Headers that most messages have at most.
const USUAL: usize = 24;

/// Headers that stand in a message once.
const ONCE: [&str; 5] = ["From", "To", "Call-ID", "CSeq", "Max-Forwards"];

/// Lines that are no header are passed over. What was seen is kept beside the
/// headers: looking through them for each line would let one datagram of many
/// short lines hold up everybody else.
fn read_headers(lines: &[Cow<'_, str>]) -> Head {
    let headers = Headers::with_room(lines.len().min(USUAL));
    let mut head = Head { headers, length: Length::Missing, repeated: false };
    let mut seen = [false; ONCE.len()];
    for line in lines {
        let Some((name, value)) = split_once(line, b':') else { continue };
        let name = names::long(name.trim_ascii());
        if names::is(name, "Content-Length") {
            head.length = head.length.and(value.trim_ascii());
            continue;
        }
        if !is_token(name) {
            continue;
        }
        let mut once = ONCE.iter().zip(&mut seen);
        if let Some((_, seen)) = once.find(|(once, _)| names::is(name, once)) {
            head.repeated |= std::mem::replace(seen, true);
        }
        head.headers.push_long(name, &one_line(value));
    }
    head
}

/// What Content-Length says in a head, start line included; `None`: nothing.
pub(crate) fn content_length(head: &[u8]) -> Result<Option<usize>, Malformed> {
    let (_, rest) = split_line(head);
    let mut length = Length::Missing;
    for line in split_head(rest).0 {
        let Some((name, value)) = line.split_once(':') else { continue };
        if names::long(name.trim()).eq_ignore_ascii_case("Content-Length") {
            length = length.and(value.trim());
        }
    }
    match length {
        Length::Missing => Ok(None),
        Length::Said(length) => Ok(Some(length)),
        Length::Bad => Err(Malformed::new("Bad Content-Length")),
    }
}

/// The lines up to the empty one, unfolded (RFC 3261 §7.3.1) and as text, and
/// the bytes behind it.
pub(super) fn split_head(mut rest: &[u8]) -> (Vec<Cow<'_, str>>, &[u8]) {
    let mut lines: Vec<Cow<'_, str>> = Vec::with_capacity(24);
    while !rest.is_empty() {
        let (line, after) = split_line(rest);
        rest = after;
        if line.is_empty() {
            break;
        }
        let text = lossy(line);
        match lines.last_mut() {
            Some(last) if text.starts_with([' ', '\t']) => {
                let last = last.to_mut();
                last.truncate(last.trim_end().len());
                last.push(' ');
                last.push_str(text.trim());
            }
            _ => lines.push(text),
        }
    }
    (lines, rest)
}

/// The first line without its end (CRLF, or a bare LF), and what follows.
pub(super) fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) => {
            let (line, rest) = bytes.split_at(at);
            (line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..).unwrap_or(&[]))
        }
        None => (bytes.strip_suffix(b"\r").unwrap_or(bytes), &[]),
    }
}
