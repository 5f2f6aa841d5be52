//! Request methods: rsip's where it knows them, the bare token where not.

use std::fmt;

/// The method of a request. Methods are case-sensitive (RFC 3261 §7.1), so
/// `invite` is an unknown method and not an INVITE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Method {
    /// One that rsip knows.
    Known(rsip::Method),
    /// Any other token.
    Other(String),
}

impl Method {
    pub(crate) const ACK: Method = Method::Known(rsip::Method::Ack);
    pub(crate) const BYE: Method = Method::Known(rsip::Method::Bye);
    pub(crate) const CANCEL: Method = Method::Known(rsip::Method::Cancel);
    pub(crate) const INFO: Method = Method::Known(rsip::Method::Info);
    pub(crate) const INVITE: Method = Method::Known(rsip::Method::Invite);
    pub(crate) const NOTIFY: Method = Method::Known(rsip::Method::Notify);
    pub(crate) const OPTIONS: Method = Method::Known(rsip::Method::Options);
    pub(crate) const PRACK: Method = Method::Known(rsip::Method::PRack);
    pub(crate) const REGISTER: Method = Method::Known(rsip::Method::Register);
    pub(crate) const UPDATE: Method = Method::Known(rsip::Method::Update);

    /// Reads a method; the text must be a token (RFC 3261 §25.1).
    pub(crate) fn read(text: &str) -> Option<Method> {
        let known = match text {
            "ACK" => rsip::Method::Ack,
            "BYE" => rsip::Method::Bye,
            "CANCEL" => rsip::Method::Cancel,
            "INFO" => rsip::Method::Info,
            "INVITE" => rsip::Method::Invite,
            "MESSAGE" => rsip::Method::Message,
            "NOTIFY" => rsip::Method::Notify,
            "OPTIONS" => rsip::Method::Options,
            "PRACK" => rsip::Method::PRack,
            "PUBLISH" => rsip::Method::Publish,
            "REFER" => rsip::Method::Refer,
            "REGISTER" => rsip::Method::Register,
            "SUBSCRIBE" => rsip::Method::Subscribe,
            "UPDATE" => rsip::Method::Update,
            other => {
                return super::text::is_token(other).then(|| Method::Other(other.to_owned()));
            }
        };
        Some(Method::Known(known))
    }

    /// As it stands on the wire.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Method::Other(token) => token,
            Method::Known(known) => match known {
                rsip::Method::Ack => "ACK",
                rsip::Method::Bye => "BYE",
                rsip::Method::Cancel => "CANCEL",
                rsip::Method::Info => "INFO",
                rsip::Method::Invite => "INVITE",
                rsip::Method::Message => "MESSAGE",
                rsip::Method::Notify => "NOTIFY",
                rsip::Method::Options => "OPTIONS",
                rsip::Method::PRack => "PRACK",
                rsip::Method::Publish => "PUBLISH",
                rsip::Method::Refer => "REFER",
                rsip::Method::Register => "REGISTER",
                rsip::Method::Subscribe => "SUBSCRIBE",
                rsip::Method::Update => "UPDATE",
            },
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
