//! What happens inside the dialog: requests of the caller, and the server's BYE.

use std::time::Duration;

use super::{Call, Message, PATIENCE};

impl Call {
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

    /// An UPDATE without an offer, with one more header (RFC 3311).
    pub fn updates(&mut self, name: &str, value: &str) {
        let contact = self.invite.header("Contact").unwrap_or_default().to_owned();
        let update = self.within("UPDATE").with("Contact", contact).with(name, value);
        let answer = self.line.ask(&update, PATIENCE, |status| status >= 200);
        assert_eq!(answer.and_then(|answer| answer.status()), Some(200), "to the UPDATE");
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
        let mut request = Message::request(method, &remote.target)
            .with("Via", self.line.via())
            .with("Max-Forwards", "70");
        if let Some(digest) = self.digest.as_mut().filter(|_| method != "ACK") {
            request = request.with("Authorization", digest.answer(method, &remote.target));
        }
        for hop in remote.route {
            request = request.with("Route", hop);
        }
        request
            .with("From", self.invite.header("From").unwrap_or_default())
            .with("To", remote.to)
            .with("Call-ID", self.invite.header("Call-ID").unwrap_or_default())
            .with("CSeq", format!("{} {method}", self.cseq))
            .with("User-Agent", "scripted")
    }
}
