//! One call of the scripted caller, from INVITE to BYE.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{Invite, Line, Message, Packet, Rtp, Way};
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
    remote: Option<Remote>,
    acknowledged: Option<Instant>,
}

#[derive(Debug, Clone)]
struct Remote {
    target: String,
    to: String,
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
        let rtp = Rtp::bind();
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
        Self { line, rtp, invite: request, cseq: 1, remote: None, acknowledged: None }
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
            sound,
            law,
        });
    }

    /// Sends the ACK of the 200.
    pub fn acknowledge(&mut self) {
        self.acknowledge_number(1);
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
        cancel = cancel.with("CSeq", "1 CANCEL");
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

    /// BYE and its 200.
    pub fn hangs_up(&mut self) {
        assert_eq!(self.hangs_up_because(None), 200, "to the BYE");
    }

    /// BYE, with a Reason where there is one; the final status.
    pub fn hangs_up_because(&mut self, reason: Option<&str>) -> u16 {
        let mut bye = self.within("BYE");
        if let Some(reason) = reason {
            bye = bye.with("Reason", reason);
        }
        let answer = self.line.ask(&bye, PATIENCE, |status| status >= 200);
        answer.and_then(|answer| answer.status()).unwrap_or_else(|| {
            panic!("no answer to the BYE; heard:\n{}", self.line.story());
        })
    }

    /// An INFO inside the dialog; the final status.
    pub fn informs(&mut self, content_type: &str, body: &str) -> u16 {
        let mut info = self.within("INFO").with("Content-Type", content_type);
        info.body = body.as_bytes().to_vec();
        let answer = self.line.ask(&info, PATIENCE, |status| status >= 200);
        answer.and_then(|answer| answer.status()).expect("an answer to the INFO")
    }

    /// Offers the sound again in another direction (`sendrecv`, `sendonly`,
    /// `inactive`; RFC 3264 §8.4); the answer's SDP.
    pub fn offers_again(&mut self, direction: &str) -> String {
        let contact = self.invite.header("Contact").unwrap_or_default().to_owned();
        let mut again =
            self.within("INVITE").with("Contact", contact).with("Content-Type", "application/sdp");
        let (number, sdp) = (self.cseq, self.invite.text());
        let version = format!("o=- 4711 {number} ");
        let sdp = sdp.replace("o=- 4711 1 ", &version).replace("sendrecv", direction);
        again.body = sdp.into_bytes();
        let answer = self.line.ask(&again, PATIENCE, |status| status >= 200);
        let answer = answer.unwrap_or_else(|| {
            panic!("no answer to the second offer; heard:\n{}", self.line.story());
        });
        assert_eq!(answer.status(), Some(200), "to the second offer");
        self.acknowledge_number(number);
        answer.text()
    }

    /// Whether the server hangs up while `span` goes by; answered if so.
    pub fn is_hung_up_in(&mut self, span: Duration) -> bool {
        let bye = self.line.receive(span, |message| message.method() == Some("BYE"));
        bye.inspect(|bye| self.line.send(&bye.answer(200, "OK", "none"))).is_some()
    }

    /// Waits for the server's BYE and answers it.
    pub fn is_hung_up(&mut self, within: Duration) {
        let bye = self.line.receive(within, |message| message.method() == Some("BYE"));
        let bye = bye.unwrap_or_else(|| {
            panic!("the server did not hang up in {within:?}; heard:\n{}", self.line.story());
        });
        self.line.send(&bye.answer(200, "OK", "none"));
    }

    /// A request of ours inside the dialog.
    pub fn within(&mut self, method: &str) -> Message {
        let remote = self.remote.clone().expect("answered");
        self.cseq += 1;
        Message::request(method, &remote.target)
            .with("Via", self.line.via())
            .with("Max-Forwards", "70")
            .with("From", self.invite.header("From").unwrap_or_default())
            .with("To", remote.to)
            .with("Call-ID", self.invite.header("Call-ID").unwrap_or_default())
            .with("CSeq", format!("{} {method}", self.cseq))
            .with("User-Agent", "scripted")
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
        self.line.send(&ack.with("To", to).with("CSeq", "1 ACK"));
    }
}

/// Address and law of an SDP answer with one audio line.
fn read_answer(sdp: &str) -> (SocketAddr, Law) {
    let value = |kind: &str| {
        sdp.lines()
            .find_map(|line| line.trim_end().strip_prefix(kind))
            .unwrap_or_else(|| panic!("no {kind} in the answer:\n{sdp}"))
    };
    let ip = value("c=IN IP4 ");
    let mut media = value("m=audio ").split(' ');
    let port = media.next().unwrap_or_default();
    let law = match media.nth(1) {
        Some("8") => Law::A,
        Some("0") => Law::Mu,
        other => panic!("the answer chose {other:?}:\n{sdp}"),
    };
    let address = format!("{ip}:{port}").parse().unwrap_or_else(|_| panic!("address in:\n{sdp}"));
    (address, law)
}
