//! One way for all requests of ours outside of dialogs: find the hops (RFC 3263),
//! try them in order with a transaction each, answer a challenge, and tell whoever
//! asked what became of it.
//!
//! The next hop is tried where the present one cannot be reached, says nothing, or
//! answers 503 (RFC 3263 §4.3). Any other final response is the outcome.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::call::{Call, Sent};
use super::client_transactions::{Purpose, new_branch};
use super::command::Command;
use super::draft::{Draft, Sender};
use super::new_call_id;
use super::outgoing::{OutgoingInfo, RequestError};
use super::registering::Registering;
use super::sending::{At, Outcome, Sending, Try, Wanted};
use super::task::Task;
use super::timers::Target;
use crate::dialog::Tag;
use crate::resolve::{self, Means, ResolveError, Resolver, Route};
use crate::transaction::Key;
use crate::transport::{ConnectionId, Origin};
use crate::wire::{Method, Request, Response};
use crate::{Hop, Transport};

/// A hop's time where there are others: four sendings by UDP.
const HOP_LIMIT: Duration = Duration::from_secs(4);
/// What may go by UDP where the path's largest packet is not known (RFC 3261
/// §18.1.1).
const DATAGRAM: usize = 1300;
/// Requests at once.
const AT_ONCE: usize = 4096;

/// What is sent on our own account.
#[derive(Debug)]
pub(super) struct Outbound {
    pub(super) resolver: Arc<Resolver>,
    pub(super) requests: HashMap<Tag, Sending>,
    pub(super) registrations: HashMap<Tag, Registering>,
}

impl Outbound {
    pub(super) fn new() -> Self {
        Self {
            resolver: Arc::new(Resolver::system()),
            requests: HashMap::new(),
            registrations: HashMap::new(),
        }
    }

    /// Nothing that the end of the endpoint would cut off.
    pub(super) fn is_quiet(&self) -> bool {
        self.requests.is_empty() && self.registrations.is_empty()
    }

    /// Calls for us come by that connection, which a registrar knows us by.
    pub(super) fn listens_on(&self, connection: ConnectionId) -> bool {
        self.registrations.values().any(|known| known.is_on(connection))
    }
}

impl Task {
    /// Sends a request under a tag that no other one has at that time. The outcome
    /// comes to whoever wants it, sooner or later, once.
    pub(super) fn send_outside(&mut self, tag: Tag, draft: Draft, wanted: Wanted, now: Instant) {
        if let Some(deadline) = draft.deadline {
            self.timers.arm(deadline, Target::Request(tag));
        }
        let full = self.outbound.requests.len() >= AT_ONCE;
        let routes = match draft.destination {
            _ if full => Some(Err(RequestError::Busy)),
            Some(hop) => Some(Ok(vec![Route { hop, name: draft.host().to_owned() }])),
            None => self.look_up(tag, &draft).map(|known| known.map_err(RequestError::from)),
        };
        self.outbound.requests.insert(tag, Sending::new(draft, wanted));
        match routes {
            Some(Ok(routes)) => self.try_these(tag, routes, now),
            Some(Err(error)) => self.finish(tag, Err(error), now),
            None => {}
        }
    }

    /// An INFO outside of a dialog.
    pub(super) fn send_info(
        &mut self,
        info: OutgoingInfo,
        done: oneshot::Sender<Result<u16, RequestError>>,
        now: Instant,
    ) {
        let tag = Tag::random();
        let call_id = info.call_id.unwrap_or_else(new_call_id);
        let sender = Sender { name: None, uri: Some(&info.from), tag, call_id };
        match Draft::new(Method::INFO, &info.uri, &info.uri, sender) {
            Ok(mut draft) => {
                for (name, value) in &info.headers {
                    draft.header(name, value);
                }
                draft.body(&info.content_type, info.body);
                draft.credentials = info.credentials;
                draft.destination = info.destination;
                self.send_outside(tag, draft, Wanted::Status(done), now);
            }
            Err(error) => {
                let _gone = done.send(Err(error));
            }
        }
    }

    /// Where the URI leads; `None`: the DNS is asked, and the answer comes as a
    /// command.
    fn look_up(&mut self, tag: Tag, draft: &Draft) -> Option<Result<Vec<Route>, ResolveError>> {
        let target = match resolve::Target::of(&draft.request.uri) {
            Ok(target) => target,
            Err(error) => return Some(Err(error)),
        };
        let means = self.means();
        let known = Resolver::known(&target, means);
        let Some(commands) = self.commands().filter(|_| known.is_none()) else { return known };
        let resolver = self.outbound.resolver.clone();
        tokio::spawn(async move {
            let routes = resolver.resolve(&target, means).await;
            let _closed = commands.send(Command::Resolved(tag, routes));
        });
        None
    }

    /// UDP goes where a socket of ours reaches.
    fn means(&mut self) -> Means {
        let mut reaches = |ip: IpAddr| {
            let origin = self.destination(Hop::udp(SocketAddr::new(ip, 9)));
            origin.is_some()
        };
        let (v4, v6) = (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
        Means { udp_v4: reaches(v4), udp_v6: reaches(v6) }
    }

    /// The DNS has answered.
    pub(super) fn resolved(
        &mut self,
        tag: Tag,
        routes: Result<Vec<Route>, ResolveError>,
        now: Instant,
    ) {
        match routes {
            Ok(routes) => self.try_these(tag, routes, now),
            Err(error) => self.finish(tag, Err(error.into()), now),
        }
    }

    fn try_these(&mut self, tag: Tag, routes: Vec<Route>, now: Instant) {
        let Some(sending) = self.outbound.requests.get_mut(&tag) else { return };
        sending.will_try(routes);
        self.try_next(tag, RequestError::Unreachable, now);
    }

    /// Goes on to the next place. Where there is none left, the outcome is the 503
    /// of an earlier one, or else what the last one came to.
    fn try_next(&mut self, tag: Tag, failed: RequestError, now: Instant) {
        let cancelled = self.is_cancelled(tag);
        while let Some(sending) = self.outbound.requests.get_mut(&tag) {
            let Some(place) = sending.next_try().filter(|_| !cancelled) else {
                let outcome = sending.refused.take().ok_or(failed);
                self.finish(tag, outcome, now);
                return;
            };
            if self.try_at(tag, place, now) {
                return;
            }
        }
    }

    /// Sends the request to one place. `false`: nothing of ours reaches it.
    fn try_at(&mut self, tag: Tag, place: Try, now: Instant) -> bool {
        let Some(origin) = self.way(&place.route) else { return false };
        let here = self.contact(origin);
        let Some(sending) = self.outbound.requests.get_mut(&tag) else { return true };
        let mut request = sending.compose(&here);
        let branch = new_branch();
        self.put_via(&mut request.headers, &branch, origin);
        let large = request.to_bytes().len() > DATAGRAM;
        let Some(sending) = self.outbound.requests.get_mut(&tag) else { return true };
        if large && place.route.hop.transport == Transport::Udp && !place.despite_size {
            let mut by_tcp = place.clone();
            by_tcp.route.hop.transport = Transport::Tcp;
            sending.tries.push_front(Try { despite_size: true, ..place });
            return self.try_at(tag, by_tcp, now);
        }
        let key = Key::client(&branch, &request.method);
        sending.at = Some(At { key: key.clone(), place, origin, sent: now });
        sending.limit = (!sending.tries.is_empty()).then(|| now + HOP_LIMIT);
        if let Some(limit) = sending.limit {
            self.timers.arm(limit, Target::Request(tag));
        }
        let purpose = self.purpose(tag, &key, &request, origin);
        self.start_client(key, &request, origin, purpose, now);
        true
    }

    fn purpose(&mut self, tag: Tag, key: &Key, request: &Request, origin: Origin) -> Purpose {
        if request.method != Method::INVITE {
            return Purpose::Outside(tag);
        }
        let invite = Arc::new(request.clone());
        if let Some(Call::Placed(placed)) = self.calls.get_mut(&tag) {
            let (key, invite) = (key.clone(), invite.clone());
            placed.sent = Some(Sent { key, invite, destination: origin, proceeding: false });
        }
        Purpose::Invite { tag, invite, acks: Vec::new() }
    }

    /// A response to one of the tries, of an INVITE no 2xx. What a try that was
    /// given up says late is not the outcome.
    pub(super) fn outside_response(
        &mut self,
        tag: Tag,
        key: &Key,
        response: &Response,
        now: Instant,
    ) {
        let cancelled = self.is_cancelled(tag);
        let Some(sending) = self.outbound.requests.get_mut(&tag) else { return };
        if !sending.is_at(key) {
            return;
        }
        // Somebody is there: the transaction's own timers decide from now on.
        sending.limit = None;
        match response.status {
            ..200 => {}
            503 if !sending.tries.is_empty() => {
                sending.refused.get_or_insert_with(|| response.clone());
                self.try_next(tag, RequestError::Unreachable, now);
            }
            401 | 407 | 422 if !cancelled && sending.takes_refusal(response) => {
                let again = sending.at.take().map(|at| at.place);
                if !again.is_some_and(|place| self.try_at(tag, place, now)) {
                    self.try_next(tag, RequestError::Unreachable, now);
                }
            }
            200.. => self.finish(tag, Ok(response.clone()), now),
        }
    }

    /// A try came to nothing.
    pub(super) fn outside_failed(
        &mut self,
        tag: Tag,
        key: &Key,
        error: RequestError,
        now: Instant,
    ) {
        if self.outbound.requests.get(&tag).is_some_and(|sending| sending.is_at(key)) {
            self.try_next(tag, error, now);
        }
    }

    /// A place, or the whole request, has had its time.
    pub(super) fn request_deadline(&mut self, tag: Tag, now: Instant) {
        let Some(sending) = self.outbound.requests.get_mut(&tag) else { return };
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let over = is_due(sending.draft.deadline);
        if !over && !is_due(sending.limit) {
            return;
        }
        if let Some(at) = sending.at.take() {
            self.leave_client(&at.key, now);
        }
        if over {
            self.finish(tag, Err(RequestError::TimedOut), now);
        } else {
            self.try_next(tag, RequestError::TimedOut, now);
        }
    }

    fn finish(&mut self, tag: Tag, outcome: Outcome, now: Instant) {
        let Some(sending) = self.outbound.requests.remove(&tag) else { return };
        match sending.wanted {
            Wanted::Registration => self.registrar_answered(tag, Some(&sending), outcome, now),
            Wanted::Ping(index) => self.pinged(index, Some(&sending), outcome, now),
            Wanted::Call => self.placing_ended(tag, outcome),
            Wanted::Status(done) => {
                let _gone = done.send(outcome.map(|response| response.status));
            }
        }
    }

    /// The way to a place.
    fn way(&mut self, route: &Route) -> Option<Origin> {
        self.transports.towards(route.hop, Some(&route.name))
    }
}
