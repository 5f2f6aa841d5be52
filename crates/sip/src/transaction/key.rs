//! Which transaction a message belongs to (RFC 3261 §17.1.3, §17.2.3).

use std::fmt::Write as _;
use std::sync::Arc;

use crate::wire::{Malformed, Method, Request, Via};

/// What a branch begins with that is unique by itself (RFC 3261 §8.1.1.7).
pub(crate) const MAGIC_COOKIE: &str = "z9hG4bK";

/// The name of a transaction; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key(Arc<str>);

impl Key {
    /// The server transaction of a request; that of its INVITE for an ACK.
    pub(crate) fn server(request: &Request, via: &Via<'_>) -> Result<Self, Malformed> {
        let method = if request.method == Method::ACK { &Method::INVITE } else { &request.method };
        Self::matching(request, via, method)
    }

    /// The INVITE server transaction that a CANCEL is about (RFC 3261 §9.2).
    pub(crate) fn cancelled(cancel: &Request, via: &Via<'_>) -> Result<Self, Malformed> {
        Self::matching(cancel, via, &Method::INVITE)
    }

    /// The client transaction of that branch and CSeq method. Our branches are
    /// random, so sent-by adds nothing.
    pub(crate) fn client(branch: &str, method: &Method) -> Self {
        Self(format!("{branch}\n{method}").into())
    }

    /// The same request, whichever way it took: by these, a request that came
    /// twice through a fork is known (RFC 3261 §8.2.2.2), and a hunt group that
    /// comes back with another Request-URI is not taken for one.
    pub(crate) fn merged(request: &Request) -> Result<Self, Malformed> {
        let tag = request.tag_in_from().unwrap_or_default();
        let (number, method) = request.cseq()?;
        let call_id = request.call_id()?;
        Ok(Self(format!("{call_id}\n{tag}\n{number} {method}\n{}", request.uri.as_str()).into()))
    }

    fn matching(request: &Request, via: &Via<'_>, method: &Method) -> Result<Self, Malformed> {
        if let Some(branch) = via.branch()
            && branch.len() > MAGIC_COOKIE.len()
            && branch.starts_with(MAGIC_COOKIE)
        {
            let mut key = String::with_capacity(branch.len() + via.host.len() + 16);
            key.push_str(&branch);
            key.push('\n');
            let host = key.len();
            key.push_str(&via.host);
            if let Some(host) = key.get_mut(host..) {
                host.make_ascii_lowercase();
            }
            let port = via.port.unwrap_or(5060);
            // Writing to a String cannot fail.
            let _ = write!(key, ":{port}");
            key.push('\n');
            key.push_str(method.as_str());
            return Ok(Self(key.into()));
        }
        Self::before_rfc_3261(request, method)
    }

    /// RFC 2543 had no unique branch: Request-URI, From tag, Call-ID, CSeq number
    /// and the whole topmost Via are compared. The To tag is left out, as an ACK
    /// has one where its INVITE had none, and the CSeq tells requests apart.
    fn before_rfc_3261(request: &Request, method: &Method) -> Result<Self, Malformed> {
        let (number, _) = request.cseq()?;
        let mut key = format!("{}\n{}\n{number}\n", request.uri, request.call_id()?);
        key.push_str(&request.tag_in_from().unwrap_or_default());
        let via = request.headers.get("Via").unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(key, "\n{via}\n{method}");
        Ok(Self(key.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Message, read_datagram};

    fn request(method: &str, branch: &str, more: &str) -> Request {
        let text = format!(
            "{method} sip:alice@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5070{branch}\r\n\
             From: <sip:bob@example.com>;tag=b1\r\nTo: <sip:alice@example.com>{more}\r\n\
             Call-ID: c1@192.0.2.1\r\nCSeq: 7 {method}\r\nMax-Forwards: 70\r\n\r\n"
        );
        match read_datagram(text.as_bytes()) {
            Ok(Some(Message::Request(request))) => request,
            other => panic!("{other:?}"),
        }
    }

    fn server(request: &Request) -> Key {
        Key::server(request, &request.via().unwrap()).unwrap()
    }

    #[test]
    fn ack_and_cancel_find_their_invite_by_branch_and_without_one() {
        for branch in [";branch=z9hG4bKx1", "", ";branch=1", ";branch=z9hG4bK"] {
            let invite = server(&request("INVITE", branch, ""));
            let ack = request("ACK", branch, ";tag=a1");
            let cancel = request("CANCEL", branch, "");
            assert_eq!(server(&ack), invite, "{branch}");
            assert_eq!(Key::cancelled(&cancel, &cancel.via().unwrap()).unwrap(), invite);
            assert_ne!(server(&cancel), invite, "{branch}");
            assert_ne!(server(&request("BYE", branch, "")), invite, "{branch}");
        }
    }

    #[test]
    fn another_branch_is_another_transaction_but_the_same_merged_request() {
        let (one, two) =
            (request("INVITE", ";branch=z9hG4bK1", ""), request("INVITE", ";branch=z9hG4bK2", ""));
        assert_ne!(server(&one), server(&two));
        assert_eq!(Key::merged(&one), Key::merged(&two));
    }
}
