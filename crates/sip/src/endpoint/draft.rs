//! A request of ours outside of a dialog, before it is known where it goes.

use std::time::Instant;

use super::outgoing::RequestError;
use crate::dialog::Tag;
use crate::wire::{Headers, Method, NameAddr, Request, Uri};
use crate::{Credentials, Hop};

/// What is to be sent, without what belongs to one try: Via, CSeq, Contact,
/// answers to challenges.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) request: Request,
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
    pub(super) uri: &'a str,
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
        let uri = Uri::read(uri).map_err(invalid)?;
        let mut headers = Headers::default();
        headers.push("Max-Forwards", "70");
        headers.push("To", format!("<{}>", Uri::read(to).map_err(invalid)?));
        headers.push("From", from(sender.name, sender.uri, sender.tag));
        headers.push("Call-ID", sender.call_id);
        let request = Request { method, uri, headers, body: Vec::new() };
        request.from().map_err(invalid)?;
        Ok(Draft {
            request,
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

    /// The host that a certificate of the server has to name.
    pub(super) fn host(&self) -> &str {
        self.request.uri.host()
    }
}

impl Contact {
    /// The header, from the one that has our address alone: `<sip:192.0.2.1>`.
    pub(super) fn header(&self, here: &str) -> Option<String> {
        match self {
            Contact::None => None,
            Contact::Here => Some(here.to_owned()),
            Contact::User(user) => Some(here.replacen("sip:", &format!("sip:{user}@"), 1)),
        }
    }

    /// Would that still be a Contact?
    pub(super) fn is_valid(&self) -> bool {
        let Contact::User(user) = self else { return true };
        let read = self.header("<sip:192.0.2.1>").and_then(|value| NameAddr::read(&value).ok());
        let read_back = read.is_some_and(|contact| contact.uri.host() == "192.0.2.1");
        read_back && !user.is_empty() && !user.contains(['@', ':'])
    }
}

fn from(name: Option<&str>, uri: &str, tag: Tag) -> String {
    match name {
        Some(name) => {
            let name = name.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{name}\" <{uri}>;tag={tag}")
        }
        None => format!("<{uri}>;tag={tag}"),
    }
}
