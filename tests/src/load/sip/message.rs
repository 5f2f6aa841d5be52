//! The few messages of a load, written into one buffer and read in place.

use std::io::Write;
use std::net::SocketAddr;

use super::Place;

/// Writes requests.
pub(super) struct Writer {
    local: SocketAddr,
    /// Tells the calls of this load from those of another.
    run: u64,
    offer: String,
    buffer: Vec<u8>,
}

impl Writer {
    pub(super) fn new(local: SocketAddr, sound: SocketAddr) -> Self {
        let (ip, port) = (sound.ip(), sound.port());
        Self {
            local,
            run: u64::from(local.port()) << 32 | u64::from(std::process::id()),
            offer: format!(
                "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
                 m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
            ),
            buffer: Vec::with_capacity(2048),
        }
    }

    /// A request inside or outside the dialog; `tag` is the server's, where it has
    /// one. A try after the first is a new INVITE.
    pub(super) fn request(
        &mut self,
        call: u32,
        user: &str,
        method: &str,
        cseq: u32,
        tag: &str,
        tries: u32,
    ) -> &[u8] {
        let Self { local, run, .. } = *self;
        // An ACK to a refusal and a CANCEL belong to the transaction of the
        // INVITE; those of the dialog are their own.
        let branch = match (method, tag.is_empty()) {
            ("BYE", _) => "b",
            ("ACK", false) => "a",
            _ => "",
        };
        let to_tag = if tag.is_empty() { "" } else { ";tag=" };
        self.buffer.clear();
        let _ = write!(
            self.buffer,
            "{method} sip:{user}@example.com SIP/2.0\r\n\
             Via: SIP/2.0/UDP {local};rport;branch=z9hG4bK{run:x}-{call}.{tries}{branch}\r\n\
             From: <sip:load-{call:06}@example.com>;tag={call}\r\n\
             To: <sip:{user}@example.com>{to_tag}{tag}\r\n\
             Call-ID: load-{call:06}-{run:x}\r\nCSeq: {cseq} {method}\r\n\
             Max-Forwards: 70\r\nContact: <sip:load-{call:06}@{local}>\r\n"
        );
        let report;
        let (kind, body) = match method {
            "INVITE" => ("Content-Type: application/sdp\r\n", self.offer.as_str()),
            "INFO" => {
                report = format!(
                    "{{\"called\":\"{user}\",\"caller\":\"sip:load-{call:06}@example.com\",\
                     \"call_id\":\"load-{call:06}-{run:x}-elsewhere\"}}"
                );
                ("Content-Type: application/json\r\n", report.as_str())
            }
            _ => ("", ""),
        };
        self.buffer.extend_from_slice(kind.as_bytes());
        let _ = write!(self.buffer, "Content-Length: {}\r\n\r\n{body}", body.len());
        &self.buffer
    }

    /// 200 to a request of the server's.
    pub(super) fn accept(&mut self, request: &str) -> &[u8] {
        self.buffer.clear();
        self.buffer.extend_from_slice(b"SIP/2.0 200 OK\r\n");
        for name in ["Via: ", "From: ", "To: ", "Call-ID: ", "CSeq: "] {
            let value = header(request, name).unwrap_or_default();
            let _ = write!(self.buffer, "{name}{value}\r\n");
        }
        self.buffer.extend_from_slice(b"Content-Length: 0\r\n\r\n");
        &self.buffer
    }
}

/// A response.
pub(super) struct Reply<'a> {
    pub(super) status: u16,
    pub(super) method: &'a str,
    pub(super) call: u32,
    /// The server's tag.
    pub(super) tag: &'a str,
}

impl<'a> Reply<'a> {
    /// `None`: it is a request, or cannot be read.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let status = text.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()?;
        let (_, method) = header(text, "CSeq: ")?.split_once(' ')?;
        let tag = header(text, "To: ")?.split_once(";tag=").map_or("", |(_, tag)| tag);
        Some(Self { status, method, call: call(text)?, tag })
    }
}

/// Which call a message is about.
pub(super) fn call(text: &str) -> Option<u32> {
    header(text, "Call-ID: load-")?.split('-').next()?.parse().ok()
}

/// The address in the body of an answer (RFC 4566 §5.7 and §5.14).
pub(super) fn sound(text: &str) -> Option<Place> {
    let ip = header(text, "c=IN IP4 ")?.parse().ok()?;
    let port = header(text, "m=audio ")?.split(' ').next()?.parse().ok()?;
    Some(Place::new(ip, port))
}

/// The rest of the line that begins so.
fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut from = 0;
    loop {
        let start = from + text.get(from..)?.find(name)?;
        let begins =
            text.as_bytes().get(start.wrapping_sub(1)).is_none_or(|before| *before == b'\n');
        let rest = text.get(start + name.len()..)?;
        if begins {
            return rest.split("\r\n").next();
        }
        from = start + name.len();
    }
}
