//! A request of ours on its way: what is being tried, and what is left to try.

use std::collections::VecDeque;
use std::time::Instant;

use tokio::sync::oneshot;

use super::draft::Draft;
use super::outgoing::RequestError;
use crate::digest::{Challenge, authorize, challenges, choose};
use crate::resolve::Route;
use crate::transaction::Key;
use crate::transport::Origin;
use crate::wire::{Request, Response};

/// What became of a request: a final response, or none.
pub(super) type Outcome = Result<Response, RequestError>;

/// One request on its way.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) draft: Draft,
    pub(super) wanted: Wanted,
    pub(super) tries: VecDeque<Try>,
    pub(super) at: Option<At>,
    /// When the present place has had its time, where there are others.
    pub(super) limit: Option<Instant>,
    /// What a place said that was too busy.
    pub(super) refused: Option<Response>,
    /// What the present place asked for, and how often it was answered.
    asked: Vec<Asked>,
}

/// Who wants the outcome.
#[derive(Debug)]
pub(super) enum Wanted {
    /// The placed call of that tag.
    Call,
    /// Whoever waits for the status.
    Status(oneshot::Sender<Result<u16, RequestError>>),
    /// The registration of that tag.
    Registration,
    /// The peer at that place of the configuration.
    Ping(usize),
}

/// One place to be tried.
#[derive(Debug, Clone)]
pub(super) struct Try {
    pub(super) route: Route,
    /// TCP was tried before because of the size: now it goes by UDP.
    pub(super) despite_size: bool,
}

/// The place that is being tried.
#[derive(Debug)]
pub(super) struct At {
    pub(super) key: Key,
    pub(super) place: Try,
    pub(super) origin: Origin,
    pub(super) sent: Instant,
}

#[derive(Debug)]
struct Asked {
    challenge: Challenge,
    /// Requests that used its nonce.
    count: u32,
    /// Challenges of that kind that were answered.
    answers: u32,
}

impl Sending {
    pub(super) fn new(draft: Draft, wanted: Wanted) -> Sending {
        Sending {
            draft,
            wanted,
            tries: VecDeque::new(),
            at: None,
            limit: None,
            refused: None,
            asked: Vec::new(),
        }
    }

    /// Is it the present try that this transaction belongs to?
    pub(super) fn is_at(&self, key: &Key) -> bool {
        self.at.as_ref().is_some_and(|at| at.key == *key)
    }

    /// These places in their order, the preferred one in front.
    pub(super) fn will_try(&mut self, mut routes: Vec<Route>) {
        routes.sort_by_key(|route| Some(route.hop) != self.draft.preferred);
        let place = |route| Try { route, despite_size: false };
        self.tries = routes.into_iter().map(place).collect();
    }

    /// The next place; what the last one asked for means nothing there.
    pub(super) fn next_try(&mut self) -> Option<Try> {
        self.asked.clear();
        self.at = None;
        self.tries.pop_front()
    }

    /// Takes a refusal that says how the request would be welcome. `false`: there
    /// is nothing that could be put right.
    pub(super) fn takes_refusal(&mut self, response: &Response) -> bool {
        match response.status {
            422 => self.draft.lengthen_session(&response.headers),
            _ => self.take_challenge(response),
        }
    }

    /// Takes the challenges of a 401 or 407. `false`: an answer would say nothing
    /// new. Each kind is answered once, and once more where only the nonce was too
    /// old (RFC 7616 §3.3).
    fn take_challenge(&mut self, response: &Response) -> bool {
        if self.draft.credentials.is_none() {
            return false;
        }
        let offered = challenges(&response.headers);
        let Some(challenge) = choose(&offered).cloned() else { return false };
        let known = self.asked.iter_mut().find(|asked| asked.challenge.proxy == challenge.proxy);
        match known {
            Some(known) if challenge.stale && known.answers < 2 => {
                *known = Asked { challenge, count: 0, answers: known.answers + 1 };
                true
            }
            Some(_) => false,
            None => {
                self.asked.push(Asked { challenge, count: 0, answers: 1 });
                true
            }
        }
    }

    /// The request of the next try, still without Via. `here` is our address as
    /// a Contact.
    pub(super) fn compose(&mut self, here: &str) -> Request {
        let mut request = self.draft.compose(here);
        let Some(credentials) = &self.draft.credentials else { return request };
        for asked in &mut self.asked {
            asked.count += 1;
            let cnonce = format!("{:032x}", rand::random::<u128>());
            let about = (request.method.as_str(), request.uri.as_str(), request.body.as_slice());
            let value = authorize(&asked.challenge, credentials, about, &cnonce, asked.count);
            request.headers.push(asked.challenge.answered_in(), value);
        }
        request
    }
}
