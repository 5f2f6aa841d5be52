//! Methods and extensions that we understand, and what everything else gets
//! (RFC 3261 §8.2.1, §8.2.2).

use super::answer::Answer;
use super::task::Task;
use crate::transaction::Key;
use crate::wire::{Method, Request, Via};

/// Methods that we take.
pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK";
/// Option tags that we understand (RFC 4028, RFC 3262).
pub(super) const SUPPORTED: &str = "timer, 100rel";

/// The method and what the request requires of us. CANCEL and ACK never come
/// here (§8.2.2.3), and Proxy-Require is for proxies alone.
pub(super) fn check(request: &Request) -> Result<(), Answer> {
    match &request.method {
        // A method that nobody knows is not implemented, others are not allowed
        // (§21.4.6, §21.5.2).
        Method::Other(_) => return Err(Answer::new(501).header("Allow", ALLOW)),
        method if !taken(method) => return Err(Answer::new(405).header("Allow", ALLOW)),
        Method::Known(_) => {}
    }
    if !matches!(request.uri.scheme(), "sip" | "sips" | "tel") {
        return Err(Answer::new(416));
    }
    let known = |tag: &&str| !SUPPORTED.split(", ").any(|ours| ours.eq_ignore_ascii_case(tag));
    let unknown: Vec<&str> = request.require().into_iter().filter(known).collect();
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(Answer::new(420).header("Unsupported", unknown.join(", ")))
    }
}

fn taken(method: &Method) -> bool {
    ALLOW.split(", ").any(|allowed| allowed == method.as_str())
}

impl Task {
    /// A request of our own has come back to us (§16.3 point 4): one of its Vias
    /// is that of a transaction of ours. Branches are random, so nobody else's
    /// Via has one of them.
    pub(super) fn is_loop(&self, request: &Request) -> bool {
        !self.client.is_empty()
            && request.headers.all("Via").any(|via| {
                let via = Via::read(via).ok();
                let branch = via.as_ref().and_then(Via::branch);
                branch.is_some_and(|branch| {
                    self.client.contains_key(&Key::client(&branch, &request.method))
                })
            })
    }
}
