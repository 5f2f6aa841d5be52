//! The state of a dialog (RFC 3261 §12.1) and what follows from it (§12.2).

use std::net::SocketAddr;

use super::Tag;
use crate::Credentials;
use crate::wire::{Headers, Malformed, Method, NameAddr, Request, Response, Uri};

/// One dialog, early or confirmed, seen from our side.
#[derive(Debug)]
pub(crate) struct Dialog {
    call_id: String,
    /// Our address with our tag, as it stands in From of our requests.
    local: String,
    /// The peer's address with its tag, as it stands in To of our requests.
    remote: String,
    /// Empty for a peer of RFC 2543, which may have none.
    remote_tag: String,
    target: Uri<'static>,
    routes: Vec<String>,
    local_cseq: u32,
    remote_cseq: Option<u32>,
    /// What a challenge to our BYE is answered by.
    credentials: Option<Credentials>,
}

impl Dialog {
    /// The dialog that our answer to this INVITE makes (§12.1.1). `source` is
    /// the remote target where the peer gave no Contact that can be read.
    pub(crate) fn answering(
        invite: &Request,
        tag: Tag,
        source: SocketAddr,
    ) -> Result<Self, Malformed> {
        let to = invite.headers.get("To").unwrap_or_default();
        let tagged = invite.tag_in_to().is_some();
        Ok(Self {
            call_id: invite.call_id()?.to_owned(),
            local: if tagged { to.to_owned() } else { format!("{to};tag={tag}") },
            remote: invite.headers.get("From").unwrap_or_default().to_owned(),
            remote_tag: invite.tag_in_from().unwrap_or_default().into_owned(),
            target: match invite.contact() {
                Ok(Some(contact)) => contact.uri.into_owned(),
                Ok(None) | Err(_) => Uri::read(&format!("sip:{source}"))?.into_owned(),
            },
            routes: invite.headers.all("Record-Route").map(str::to_owned).collect(),
            local_cseq: 0,
            remote_cseq: Some(invite.cseq()?.0),
            credentials: None,
        })
    }

    /// The dialog that this response to our INVITE makes, early or confirmed
    /// (§12.1.2).
    pub(crate) fn answered(invite: &Request, response: &Response) -> Result<Self, Malformed> {
        let mut routes: Vec<String> =
            response.headers.all("Record-Route").map(str::to_owned).collect();
        routes.reverse();
        let contact = response.contact().ok().flatten();
        Ok(Self {
            call_id: invite.call_id()?.to_owned(),
            local: invite.headers.get("From").unwrap_or_default().to_owned(),
            remote: response.headers.get("To").unwrap_or_default().to_owned(),
            remote_tag: response.tag_in_to().unwrap_or_default().into_owned(),
            target: contact.map_or_else(|| invite.uri.clone(), |contact| contact.uri.into_owned()),
            routes,
            local_cseq: invite.cseq()?.0,
            remote_cseq: None,
            credentials: None,
        })
    }

    /// Remembers what its INVITE was proved by.
    pub(crate) fn keep_credentials(&mut self, credentials: Option<Credentials>) {
        self.credentials = credentials;
    }

    /// Gives that away, so that no challenge is answered twice.
    pub(crate) fn take_credentials(&mut self) -> Option<Credentials> {
        self.credentials.take()
    }

    /// The peer's tag.
    pub(crate) fn remote_tag(&self) -> &str {
        &self.remote_tag
    }

    /// Is this request of the peer within this dialog? Our own tag is compared
    /// by whoever found the dialog by it.
    pub(crate) fn holds(&self, request: &Request) -> bool {
        request.call_id().is_ok_and(|call_id| call_id == self.call_id)
            && request.tag_in_from().unwrap_or_default() == self.remote_tag
    }

    /// Takes the CSeq number of a new request of the peer; `false`: it is old
    /// (§12.2.2). Gaps are allowed.
    pub(crate) fn take_cseq(&mut self, number: u32) -> bool {
        if self.remote_cseq.is_some_and(|last| number <= last) {
            return false;
        }
        self.remote_cseq = Some(number);
        true
    }

    /// A re-INVITE or UPDATE, or the 2xx to one, may move the remote target
    /// (§12.2.2, §12.2.1.2, RFC 3311 §5).
    pub(crate) fn refresh_target(&mut self, contact: Option<NameAddr<'_>>) {
        if let Some(contact) = contact {
            self.target = contact.uri.into_owned();
        }
    }

    /// Where the next request is to be sent: the first route, else the target.
    pub(crate) fn next_hop(&self) -> Uri<'_> {
        let route = self.routes.first().and_then(|route| NameAddr::read(route).ok());
        route.map_or_else(|| self.target.clone(), |route| route.uri)
    }

    /// A new request (§12.2.1.1), still without Via.
    pub(crate) fn request(&mut self, method: Method) -> Request {
        self.local_cseq += 1;
        self.numbered(method, self.local_cseq)
    }

    /// The ACK to a 2xx (§13.2.2.4): the CSeq number is that of the INVITE.
    pub(crate) fn ack(&self, invite: u32) -> Request {
        self.numbered(Method::ACK, invite)
    }

    /// The early dialog of the same peer has numbered requests already.
    pub(crate) fn continue_from(&mut self, early: &Dialog) {
        self.local_cseq = self.local_cseq.max(early.local_cseq);
    }

    fn numbered(&self, method: Method, cseq: u32) -> Request {
        let mut headers = Headers::default();
        headers.push("Max-Forwards", "70");
        let uri = self.route(&mut headers);
        headers.push("From", self.local.as_str());
        headers.push("To", self.remote.as_str());
        headers.push("Call-ID", self.call_id.as_str());
        headers.push("CSeq", format!("{cseq} {method}"));
        Request { method, uri, headers, body: Vec::new() }
    }

    /// Adds the route set and gives the Request-URI (§12.2.1.1): the target,
    /// unless the first route is a strict router, which takes its place.
    fn route(&self, headers: &mut Headers) -> Uri<'static> {
        let first = self.routes.first().and_then(|route| NameAddr::read(route).ok());
        let strict = first.filter(|first| first.uri.param("lr").is_none());
        let skipped = usize::from(strict.is_some());
        for route in self.routes.iter().skip(skipped) {
            headers.push("Route", route.as_str());
        }
        match strict {
            Some(strict) => {
                headers.push("Route", format!("<{}>", self.target));
                strict.uri.into_owned()
            }
            None => self.target.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
