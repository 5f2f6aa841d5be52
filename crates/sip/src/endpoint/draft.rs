//! A request of ours outside of a dialog, before it is known where it goes.

use std::time::Instant;

use super::outgoing::RequestError;
use crate::dialog::{SessionExpires, Tag, min_se};
use crate::wire::{Headers, Method, NameAddr, Request, Uri};
use crate::{Credentials, Hop};

/// What is to be sent, without what belongs to one try: Via, CSeq, Contact,
/// answers to challenges.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) request: Request,
    from: From,
    /// Number of the request before this one in its sequence.
    pub(super) cseq: u32,
    pub(super) contact: Contact,
    pub(super) credentials: Option<Credentials>,
    /// Where it has to go; `None`: where the Request-URI leads (RFC 3263).
    pub(super) destination: Option<Hop>,
    /// The hop to begin with, if the URI leads there at all.
    pub(super) preferred: Option<Hop>,
    /// When nobody wants the outcome any more.
    pub(super) deadline: Option<Instant>,
}

/// Who it is from.
#[derive(Debug)]
enum From {
    /// The whole header.
    Known(String),
    /// Our address, whichever it is, with that tag.
    Here(Tag),
}

/// Which Contact the request bears (RFC 3261 §8.1.1.8).
#[derive(Debug)]
pub(super) enum Contact {
    /// INFO and OPTIONS need none.
    None,
    /// Our address.
    Here,
    /// Our address with that user.
    User(String),
}

/// Who a request is from, and the sequence of requests that it stands in.
#[derive(Debug)]
pub(super) struct Sender<'a> {
    pub(super) name: Option<&'a str>,
    /// `None`: our own address.
    pub(super) uri: Option<&'a str>,
    pub(super) tag: Tag,
    pub(super) call_id: String,
}

impl Draft {
    /// A request (RFC 3261 §8.1.1). `to` is the Request-URI for all but REGISTER.
    pub(super) fn new(
        method: Method,
        uri: &str,
        to: &str,
        sender: Sender<'_>,
    ) -> Result<Draft, RequestError> {
        let invalid = |_| RequestError::InvalidUri;
        let uri = Uri::read(uri).map_err(invalid)?.into_owned();
        let mut headers = Headers::default();
        headers.push("Max-Forwards", "70");
        headers.push("To", format!("<{}>", Uri::read(to).map_err(invalid)?));
        headers.push("Call-ID", sender.call_id);
        let request = Request { method, uri, headers, body: Vec::new() };
        let from = match sender.uri {
            Some(uri) => From::Known(from(sender.name, uri, sender.tag)?),
            None => From::Here(sender.tag),
        };
        Ok(Draft {
            request,
            from,
            cseq: 0,
            contact: Contact::None,
            credentials: None,
            destination: None,
            preferred: None,
            deadline: None,
        })
    }

    pub(super) fn header(&mut self, name: &str, value: impl AsRef<str>) {
        self.request.headers.push(name, value);
    }

    pub(super) fn body(&mut self, content_type: &str, body: Vec<u8>) {
        self.request.headers.set("Content-Type", content_type);
        self.request.body = body;
    }

    /// Takes a 422: `true` where we can ask for an interval as long as it wants,
    /// which is done once (RFC 4028 §7.3).
    pub(super) fn lengthen_session(&mut self, refusal: &Headers) -> bool {
        let headers = &mut self.request.headers;
        let asked = SessionExpires::read(headers).ok().flatten();
        let (Some(asked), Some(least)) = (asked, min_se(refusal)) else { return false };
        if headers.get("Min-SE").is_some() || least <= asked.interval {
            return false;
        }
        headers.set("Session-Expires", SessionExpires { interval: least, ..asked }.to_string());
        headers.push("Min-SE", least.as_secs().to_string());
        true
    }

    /// The next request of the sequence, still without Via. `here` is our address
    /// as a Contact. Each has a CSeq number of its own (RFC 3261 §8.1.3.5).
    pub(super) fn compose(&mut self, here: &str) -> Request {
        self.cseq += 1;
        let mut request = self.request.clone();
        request.headers.push("From", self.from.header(here));
        request.headers.push("CSeq", format!("{} {}", self.cseq, request.method));
        if let Some(contact) = self.contact.header(here) {
            request.headers.push("Contact", contact);
        }
        request
    }

    /// The host that a certificate of the server has to name.
    pub(super) fn host(&self) -> &str {
        self.request.uri.host()
    }
}

impl From {
    fn header(&self, here: &str) -> String {
        match self {
            From::Known(header) => header.clone(),
            From::Here(tag) => {
                let address = here.trim_start_matches('<').split([';', '>']).next();
                format!("<{}>;tag={tag}", address.unwrap_or_default())
            }
        }
    }
}

impl Contact {
    /// Our address with that user, where it can stand in a URI.
    pub(super) fn user(user: &str) -> Result<Contact, RequestError> {
        let contact = Contact::User(user.to_owned());
        let written = contact.header("<sip:192.0.2.1>").unwrap_or_default();
        let read = NameAddr::read(&written).ok();
        let same = read.is_some_and(|read| read.uri.host() == "192.0.2.1");
        let fits = same && !user.is_empty() && !user.contains(['@', ':', ',']);
        if fits { Ok(contact) } else { Err(RequestError::InvalidUri) }
    }

    /// The header, from the one that has our address alone: `<sip:192.0.2.1>`.
    pub(super) fn header(&self, here: &str) -> Option<String> {
        match self {
            Contact::None => None,
            Contact::Here => Some(here.to_owned()),
            Contact::User(user) => Some(here.replacen("sip:", &format!("sip:{user}@"), 1)),
        }
    }
}

/// The value of From.
fn from(name: Option<&str>, uri: &str, tag: Tag) -> Result<String, RequestError> {
    let address = match name {
        Some(name) => {
            let name = name.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{name}\" <{uri}>")
        }
        None => format!("<{uri}>"),
    };
    NameAddr::read(&address).map_err(|_| RequestError::InvalidUri)?;
    Ok(format!("{address};tag={tag}"))
}
