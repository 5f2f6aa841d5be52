//! The requests that callers and front ends send: INVITE, INFO, OPTIONS.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Line, Message, Way};
use crate::sound::Law;

/// How long a request outside a call may wait for its final response.
const PATIENCE: Duration = Duration::from_secs(10);

/// An INVITE to be sent: who calls whom, with what.
#[derive(Debug, Clone)]
pub struct Invite {
    /// Request-URI.
    pub uri: String,
    /// `To` without tag.
    pub to: String,
    /// `From` without tag.
    pub from: String,
    /// Further header lines.
    pub headers: Vec<(String, String)>,
    /// The law that is offered first (the other one second).
    pub law: Law,
    /// Call-ID.
    pub call_id: String,
}

impl Invite {
    /// A call from +1 425 555 0199 to `user` of example.com.
    pub fn to(user: &str) -> Self {
        Self {
            uri: format!("sip:{user}@example.com"),
            to: format!("<sip:{user}@example.com>"),
            from: "<sip:+14255550199@example.com>".into(),
            headers: Vec::new(),
            law: Law::A,
            call_id: Line::token("call-"),
        }
    }

    /// From another user part (a number, an extension, a name).
    #[must_use]
    pub fn from(mut self, user: &str) -> Self {
        self.from = format!("<sip:{user}@example.com>");
        self
    }

    /// With a display name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.from = format!("\"{name}\" {}", self.from);
        self
    }

    /// With a further header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With that Call-ID.
    #[must_use]
    pub fn call_id(mut self, id: &str) -> Self {
        self.call_id = id.into();
        self
    }

    /// Offering that law first.
    #[must_use]
    pub fn law(mut self, law: Law) -> Self {
        self.law = law;
        self
    }

    /// The SDP offer: both laws and telephone-event.
    pub fn offer(&self, rtp: SocketAddr) -> String {
        let formats = match self.law {
            Law::A => "8 0 101",
            Law::Mu => "0 8 101",
        };
        let (ip, port) = (rtp.ip(), rtp.port());
        let family = if rtp.is_ipv4() { "IP4" } else { "IP6" };
        format!(
            "v=0\r\no=- 4711 1 IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP {formats}\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
             a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
        )
    }
}

/// A front end's report of a missed call, in either form.
#[derive(Debug, Clone)]
pub struct Report {
    called: String,
    caller: String,
    call_id: String,
    event: String,
    headers: Vec<(String, String)>,
}

impl Report {
    /// `caller` (a number or URI) rang `called` (a user) and gave up.
    pub fn missed(called: &str, caller: &str, call_id: &str) -> Self {
        Self {
            called: called.into(),
            caller: caller.into(),
            call_id: call_id.into(),
            event: "missed".into(),
            headers: Vec::new(),
        }
    }

    /// Another event than `missed`.
    #[must_use]
    pub fn event(mut self, event: &str) -> Self {
        self.event = event.into();
        self
    }

    /// A further SIP header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Content type and body as Office Communications Server is remembered to
    /// send them.
    pub fn xml(&self) -> (&'static str, String) {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n\
             <UserNotification xmlns=\"http://schemas.microsoft.com/2006/09/rtc/usernotification\">\r\n\
             \x20 <User>sip:{called}@example.com</User>\r\n\
             \x20 <EumProxyAddress>EUM:1001;phone-context=Plan.example.com</EumProxyAddress>\r\n\
             \x20 <Event type=\"{event}\">\r\n\
             \x20   <From>sip:{caller}@example.com;user=phone</From>\r\n\
             \x20   <CallerId>tel:{caller}</CallerId>\r\n\
             \x20   <CallId>{call_id}</CallId>\r\n\
             \x20   <Priority>normal</Priority>\r\n\
             \x20 </Event>\r\n\
             </UserNotification>\r\n",
            called = self.called,
            caller = self.caller,
            call_id = self.call_id,
            event = self.event,
        );
        ("application/ms-rtc-usernotification+xml", body)
    }

    /// Content type and body for any other phone system.
    pub fn json(&self) -> (&'static str, String) {
        let body = serde_json::json!({
            "called": self.called,
            "caller": self.caller,
            "call_id": self.call_id,
            "reason": self.event,
        });
        ("application/json", body.to_string())
    }

    /// Sends it as XML; the final response.
    pub fn send(&self, server: impl Into<Way>) -> Message {
        let (kind, body) = self.xml();
        info(server, &self.called, kind, &body, &self.headers)
    }

    /// The INFO with it, to be sent over `line`.
    pub fn request(&self, line: &Line) -> Message {
        let (kind, body) = self.xml();
        let mut request = outside(line, "INFO", &self.called).with("Content-Type", kind);
        request.headers.extend_from_slice(&self.headers);
        request.body = body.into_bytes();
        request
    }

    /// Sends it to a server that may be dying; whether it was acknowledged.
    pub fn try_send(&self, server: impl Into<Way>, within: Duration) -> bool {
        let mut line = Line::to(server);
        let request = self.request(&line);
        line.ask(&request, within, |status| status == 200).is_some()
    }

    /// Sends it as JSON; the final response.
    pub fn send_json(&self, server: impl Into<Way>) -> Message {
        let (kind, body) = self.json();
        info(server, &self.called, kind, &body, &self.headers)
    }
}

/// An INFO outside a dialog; the final response. Fails when none comes.
pub fn info(
    server: impl Into<Way>,
    user: &str,
    content_type: &str,
    body: &str,
    headers: &[(String, String)],
) -> Message {
    let mut line = Line::to(server);
    let mut request = outside(&line, "INFO", user).with("Content-Type", content_type);
    request.headers.extend_from_slice(headers);
    request.body = body.as_bytes().to_vec();
    finally(&mut line, &request)
}

/// OPTIONS for a user, or for the server when `user` is empty.
pub fn options(server: impl Into<Way>, user: &str) -> Message {
    let mut line = Line::to(server);
    let request = outside(&line, "OPTIONS", user).with("Accept", "application/sdp");
    finally(&mut line, &request)
}

/// OPTIONS for the server by a way that may lead nowhere: its status, or what
/// became of the connection.
pub fn try_options(way: &Way) -> Result<u16, String> {
    let mut line = Line::open(way)?;
    let request = outside(&line, "OPTIONS", "");
    let answer = line.ask(&request, PATIENCE, |status| status >= 200);
    let status = answer.and_then(|answer| answer.status());
    status.ok_or_else(|| line.closed().unwrap_or_else(|| "no answer".into()))
}

fn outside(line: &Line, method: &str, user: &str) -> Message {
    let server = line.server();
    let uri = match user {
        "" => format!("sip:{server}"),
        user => format!("sip:{user}@example.com"),
    };
    Message::request(method, &uri)
        .with("Via", line.via())
        .with("Max-Forwards", "70")
        .with("From", format!("<sip:frontend@example.com>;tag={}", Line::token("f")))
        .with("To", format!("<{uri}>"))
        .with("Call-ID", Line::token("outside-"))
        .with("CSeq", format!("1 {method}"))
        .with("Contact", format!("<{}>", line.contact("frontend")))
        .with("User-Agent", "scripted")
}

fn finally(line: &mut Line, request: &Message) -> Message {
    line.ask(request, PATIENCE, |status| status >= 200)
        .unwrap_or_else(|| panic!("no final response to\n{request}\nheard:\n{}", line.story()))
}
