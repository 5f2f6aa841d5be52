//! One call of the scripted caller, from INVITE to BYE.

mod inside;

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::{Digest, Invite, Line, Message, Packet, Rtp, Way};
use crate::sound::Law;

/// How long any answer of the server may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The greeting has no quiet longer than 0.3 s (15 packets) before the end of
/// its beep.
const QUIET: usize = 18;

/// A call in progress.
pub struct Call {
    /// The signalling.
    pub line: Line,
    /// The sound.
    pub rtp: Rtp,
    invite: Message,
    cseq: u32,
    digest: Option<Digest>,
    remote: Option<Remote>,
    acknowledged: Option<Instant>,
}

#[derive(Debug, Clone)]
struct Remote {
    target: String,
    to: String,
    /// Route headers of requests within the dialog.
    route: Vec<String>,
    sound: SocketAddr,
    law: Law,
}

/// The greeting as the caller heard it.
#[derive(Debug, Clone)]
pub struct Greeting {
    /// From the ACK to its first packet.
    pub after: Duration,
    /// Of its sound, from the first to the last loud packet.
    pub length: Duration,
    /// The packets.
    pub packets: Vec<Packet>,
}

impl Call {
    /// Sends the INVITE and repeats it until the server says something.
    pub fn place(server: impl Into<Way>, invite: &Invite) -> Self {
        let mut call = Self::prepare(server, invite);
        let request = call.invite.clone();
        if let Some(first) = call.line.ask(&request, PATIENCE, |_| true) {
            call.line.put_back(first);
        }
        call
    }

    /// The same by somebody who is asked to prove who he is: the first INVITE is
    /// refused with 401, the second one proves it.
    pub fn place_as(way: impl Into<Way>, invite: &Invite, mut digest: Digest) -> Self {
        let mut call = Self::prepare(way, invite);
        let request = call.invite.clone();
        let refused = call.line.ask(&request, PATIENCE, |status| status >= 200);
        let refused = refused.unwrap_or_else(|| panic!("no answer:\n{}", call.line.story()));
        assert_eq!(refused.status(), Some(401), "to an INVITE from nobody");
        call.acknowledge_refusal(&refused);
        digest.is_asked(&refused);
        call.invite = call.invite_again(&digest.answer("INVITE", &call.request_uri()));
        call.digest = Some(digest);
        let request = call.invite.clone();
        if let Some(first) = call.line.ask(&request, PATIENCE, |_| true) {
            call.line.put_back(first);
        }
        call
    }

    /// The INVITE of a further attempt, with these credentials (§22.2).
    fn invite_again(&mut self, credentials: &str) -> Message {
        self.cseq += 1;
        let mut invite = self.invite.clone();
        invite.headers.retain(|(name, _)| name != "Authorization");
        for (name, value) in &mut invite.headers {
            match name.as_str() {
                "Via" => *value = self.line.via(),
                "CSeq" => *value = format!("{} INVITE", self.cseq),
                _ => {}
            }
        }
        invite.headers.insert(2, ("Authorization".into(), credentials.into()));
        invite
    }

    /// A whole call: hears the greeting out, speaks, hangs up.
    pub fn leave_message(server: impl Into<Way>, invite: &Invite, samples: &[i16]) -> Self {
        let mut call = Self::place(server, invite);
        call.answered();
        call.hears_greeting();
        call.speaks(samples);
        call.hangs_up();
        call
    }

    /// A whole call: hangs up at the first sound of the greeting.
    pub fn hang_up_in_greeting(server: impl Into<Way>, invite: &Invite) -> Self {
        let mut call = Self::place(server, invite);
        call.answered();
        call.hears_something();
        call.hangs_up();
        call
    }

    /// Makes everything ready and sends nothing.
    pub fn prepare(server: impl Into<Way>, invite: &Invite) -> Self {
        let line = Line::to(server);
        let rtp = Rtp::bind_at(line.local().ip());
        let mut request = Message::request("INVITE", &invite.uri)
            .with("Via", line.via())
            .with("Max-Forwards", "70")
            .with("From", format!("{};tag={}", invite.from, Line::token("f")))
            .with("To", invite.to.clone())
            .with("Call-ID", invite.call_id.clone())
            .with("CSeq", "1 INVITE")
            .with("Contact", format!("<{}>", line.contact("caller")))
            .with("Allow", "INVITE, ACK, CANCEL, BYE, INFO, OPTIONS")
            .with("User-Agent", "scripted");
        request.headers.extend_from_slice(&invite.headers);
        request = request.with("Content-Type", "application/sdp");
        request.body = invite.offer(rtp.local()).into_bytes();
        let digest = None;
        Self { line, rtp, invite: request, cseq: 1, digest, remote: None, acknowledged: None }
    }

    /// Sends what [`Call::prepare`] made, with another body.
    pub fn place_with(&mut self, body: &[u8]) {
        self.invite.body = body.to_vec();
        let request = self.invite.clone();
        if let Some(first) = self.line.ask(&request, PATIENCE, |_| true) {
            self.line.put_back(first);
        }
    }

    /// The INVITE as it is sent.
    pub fn invite(&self) -> &Message {
        &self.invite
    }

    /// Sends the INVITE once more.
    pub fn repeat_invite(&self) {
        self.line.send(&self.invite);
    }

    /// The first response to the INVITE whose status `wanted` accepts.
    pub fn response(&mut self, what: &str, wanted: impl Fn(u16) -> bool) -> Message {
        let found = self.line.receive(PATIENCE, |message| {
            message.cseq().1 == "INVITE" && message.status().is_some_and(&wanted)
        });
        found.unwrap_or_else(|| panic!("no {what} to the INVITE; heard:\n{}", self.line.story()))
    }

    /// The final status of a call that is not answered; acknowledged.
    pub fn refused(&mut self) -> Message {
        let response = self.response("refusal", |status| status >= 200);
        assert_ne!(response.status(), Some(200), "answered, and should have been refused");
        self.acknowledge_refusal(&response);
        response
    }

    /// Waits for 180.
    pub fn rings(&mut self) {
        self.response("180", |status| status == 180);
    }

    /// Whether a 200 comes; nothing is acknowledged.
    pub fn is_answered(&mut self, within: Duration) -> bool {
        let found = self.line.receive(within, |message| {
            message.cseq().1 == "INVITE" && message.status() == Some(200)
        });
        let Some(response) = found else { return false };
        self.line.put_back(response);
        self.answered_without_ack();
        true
    }

    /// Listens for so long, whatever comes.
    pub fn hears(&mut self, span: Duration) {
        self.rtp.listen(span, |_| false);
    }

    /// Sends a BYE to a server that may be dying; whether it was answered.
    pub fn tries_to_hang_up(&mut self, within: Duration) -> bool {
        let bye = self.within("BYE");
        self.line.ask(&bye, within, |status| status >= 200).is_some()
    }

    /// Waits for the 200 and acknowledges it.
    pub fn answered(&mut self) {
        self.answered_without_ack();
        self.acknowledge();
    }

    /// Waits for the 200 and says nothing.
    pub fn answered_without_ack(&mut self) {
        let response = self.response("answer", |status| status >= 200);
        assert_eq!(response.status(), Some(200), "the call was refused: {}", response.start);
        let (sound, law) = read_answer(&response.text());
        self.remote = Some(Remote {
            target: response.uri("Contact").expect("a Contact in the 200").to_owned(),
            to: response.header("To").expect("a To").to_owned(),
            // §12.1.2: taken in reverse order.
            route: response.all("Record-Route").map(str::to_owned).rev().collect(),
            sound,
            law,
        });
    }

    /// Sends the ACK of the 200.
    pub fn acknowledge(&mut self) {
        self.acknowledge_number(self.invite.cseq().0);
    }

    fn acknowledge_number(&mut self, number: u32) {
        let mut ack = self.within("ACK");
        // RFC 3261 §13.2.2.4: the number is the INVITE's.
        for (name, value) in &mut ack.headers {
            if name == "CSeq" {
                *value = format!("{number} ACK");
            }
        }
        self.cseq -= 1;
        let sent = Instant::now();
        self.line.send(&ack);
        self.acknowledged.get_or_insert(sent);
    }

    /// Listens to the greeting and its beep until they are over; the recording
    /// runs when this returns.
    pub fn hears_greeting(&mut self) -> Greeting {
        let acknowledged = self.acknowledged.expect("acknowledged");
        let heard = self.rtp.listen_out(Duration::from_secs(30), QUIET);
        assert!(heard, "the greeting did not end; {} packets heard", self.rtp.heard().len());
        let packets = self.rtp.heard().to_vec();
        let loud: Vec<usize> = (0..packets.len()).filter(|&at| packets[at].is_loud()).collect();
        let length = loud[loud.len() - 1] - loud[0] + 1;
        Greeting {
            after: packets[0].at.saturating_duration_since(acknowledged),
            length: Duration::from_millis(length as u64 * 20),
            packets,
        }
    }

    /// Waits for the first packets of the greeting.
    pub fn hears_something(&mut self) {
        let heard = self.rtp.listen(PATIENCE, |heard| heard.iter().any(Packet::is_loud));
        assert!(heard, "no greeting; {} packets heard", self.rtp.heard().len());
    }

    /// Speaks in real time.
    pub fn speaks(&mut self, samples: &[i16]) {
        let remote = self.remote.clone().expect("answered");
        self.rtp.speak(remote.sound, remote.law, samples);
    }

    /// Presses a key.
    pub fn presses(&mut self, key: char) {
        let remote = self.remote.clone().expect("answered");
        self.rtp.press(remote.sound, key);
    }

    /// The law that the server chose.
    pub fn law(&self) -> Law {
        self.remote.as_ref().expect("answered").law
    }

    /// Where the server wants our sound.
    pub fn sound_address(&self) -> SocketAddr {
        self.remote.as_ref().expect("answered").sound
    }

    /// Gives up before the answer: CANCEL, its 200, the INVITE's 487.
    pub fn cancels(&mut self) {
        self.cancels_because(None);
    }

    /// Gives up before the answer, with a Reason (RFC 3326).
    pub fn cancels_because(&mut self, reason: Option<&str>) {
        let mut cancel = Message::request("CANCEL", &self.request_uri());
        // §9.1: everything as in the INVITE, and a single Via.
        for name in ["Via", "Max-Forwards", "From", "To", "Call-ID"] {
            cancel = cancel.with(name, self.invite.header(name).unwrap_or_default());
        }
        cancel = cancel.with("CSeq", format!("{} CANCEL", self.invite.cseq().0));
        if let Some(reason) = reason {
            cancel = cancel.with("Reason", reason);
        }
        let answer = self.line.ask(&cancel, PATIENCE, |status| status >= 200);
        let answer = answer.unwrap_or_else(|| {
            panic!("no answer to the CANCEL; heard:\n{}", self.line.story());
        });
        assert_eq!(answer.status(), Some(200), "to the CANCEL");
        let end = self.response("final response", |status| status >= 200);
        assert_eq!(end.status(), Some(487), "to the cancelled INVITE");
        self.acknowledge_refusal(&end);
    }

    fn request_uri(&self) -> String {
        self.invite.start.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    /// §17.1.1.3: the ACK of a refusal belongs to the INVITE's transaction.
    fn acknowledge_refusal(&self, response: &Message) {
        let mut ack = Message::request("ACK", &self.request_uri());
        for name in ["Via", "Max-Forwards", "From", "Call-ID"] {
            ack = ack.with(name, self.invite.header(name).unwrap_or_default());
        }
        let to = response.header("To").unwrap_or_default();
        let number = format!("{} ACK", self.invite.cseq().0);
        self.line.send(&ack.with("To", to).with("CSeq", number));
    }
}

/// Address and law of an SDP answer with one audio line.
fn read_answer(sdp: &str) -> (SocketAddr, Law) {
    let value = |kind: &str| {
        sdp.lines()
            .find_map(|line| line.trim_end().strip_prefix(kind))
            .unwrap_or_else(|| panic!("no {kind} in the answer:\n{sdp}"))
    };
    let ip = value("c=IN ").split(' ').nth(1).unwrap_or_default();
    let mut media = value("m=audio ").split(' ');
    let port = media.next().unwrap_or_default();
    let law = match media.nth(1) {
        Some("8") => Law::A,
        Some("0") => Law::Mu,
        other => panic!("the answer chose {other:?}:\n{sdp}"),
    };
    let ip: Option<IpAddr> = ip.parse().ok();
    let address = ip.zip(port.parse().ok()).unwrap_or_else(|| panic!("address in:\n{sdp}"));
    (address.into(), law)
}
