//! Keeping registrations up (RFC 3261 §10.2): refreshed in time, tried again with
//! growing pauses, made anew where their connection breaks, and taken back.

use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::draft::{Contact, Draft, Sender};
use super::new_call_id;
use super::registration::{Registration, RegistrationState, Wish};
use super::sending::{Outcome, Sending, Wanted};
use super::task::Task;
use super::timers::Target;
use crate::Hop;
use crate::dialog::Tag;
use crate::transport::{ConnectionId, Origin};
use crate::wire::{Method, NameAddr, Response};

/// The first pause after a failure, at most; each further one is twice as long
/// (RFC 5626 §4.5).
const PAUSE: Duration = Duration::from_secs(30);
/// The longest pause, and the one after a refusal that time does not heal.
const LONGEST_PAUSE: Duration = Duration::from_secs(1800);
/// The longest pause that a registrar may ask for.
const PAUSE_ASKED: Duration = Duration::from_secs(3600);
/// From a broken connection to the next REGISTER.
const BROKEN_PAUSE: Duration = Duration::from_secs(5);
/// The longest registration; a registrar that wants more is refused.
const LONGEST: u32 = 86_400;

/// One registration.
#[derive(Debug)]
pub(super) struct Registering {
    wanted: Registration,
    state: watch::Sender<RegistrationState>,
    /// The same for all its requests, with growing numbers (§10.2.4).
    call_id: String,
    cseq: u32,
    /// Seconds that are asked for.
    expires: u32,
    step: Step,
    failures: u32,
    /// Where the registrar answered last, and by which way.
    hop: Option<Hop>,
    way: Option<Origin>,
    until: Option<Instant>,
    /// It is to be taken back; these wait for the end of it.
    leaving: Option<Vec<oneshot::Sender<()>>>,
}

/// What a registration waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The answer to a REGISTER.
    Asking,
    /// The next REGISTER.
    Waiting(Instant),
    /// The answer to the last REGISTER.
    TakingBack,
}

impl Task {
    pub(super) fn register(&mut self, wish: Wish, now: Instant) {
        // Who waits for the state hears that there is none any more.
        if self.closing.is_some() {
            return;
        }
        let Wish { tag, wanted, state } = wish;
        let expires = u32::try_from(wanted.expires.as_secs()).unwrap_or(LONGEST);
        let registering = Registering {
            expires: expires.clamp(1, LONGEST),
            wanted,
            state,
            call_id: new_call_id(),
            cseq: 0,
            step: Step::Asking,
            failures: 0,
            hop: None,
            way: None,
            until: None,
            leaving: None,
        };
        self.outbound.registrations.insert(tag, registering);
        self.ask_registrar(tag, Step::Asking, now);
    }

    fn ask_registrar(&mut self, tag: Tag, step: Step, now: Instant) {
        let Some(known) = self.outbound.registrations.get_mut(&tag) else { return };
        known.step = step;
        match known.draft(tag) {
            Ok(draft) => self.send_outside(tag, draft, Wanted::Registration, now),
            Err(error) => self.registrar_answered(tag, None, Err(error), now),
        }
    }

    /// The outcome of a REGISTER; `sending` is what it went by.
    pub(super) fn registrar_answered(
        &mut self,
        tag: Tag,
        sending: Option<&Sending>,
        outcome: Outcome,
        now: Instant,
    ) {
        let at = sending.and_then(|sending| sending.at.as_ref());
        let way = at.map(|at| self.placed_peer(&at.key).unwrap_or(at.origin));
        let here = way.map(|way| self.contact(way)).unwrap_or_default();
        let Some(known) = self.outbound.registrations.get_mut(&tag) else { return };
        known.cseq = sending.map_or(known.cseq, |sending| sending.draft.cseq);
        if known.step == Step::TakingBack {
            self.forget_registration(tag);
            return;
        }
        let next = match outcome {
            Ok(response) if response.status == 423 && known.lengthen(&response) => {
                self.ask_registrar(tag, Step::Asking, now);
                return;
            }
            Ok(response) if (200..300).contains(&response.status) => {
                known.hop = at.map(|at| at.place.route.hop);
                known.way = way;
                known.take(&response, &here, now)
            }
            Ok(response) => known.refused(&response, now),
            Err(error) => known.failed(RegistrationState::Unreachable(error), now),
        };
        known.step = Step::Waiting(next);
        self.timers.arm(next, Target::Registration(tag));
        if known.leaving.is_some() {
            self.take_back(tag, now);
        }
    }

    /// Time for the next REGISTER.
    pub(super) fn registration_deadline(&mut self, tag: Tag, now: Instant) {
        let step = self.outbound.registrations.get(&tag).map(|known| known.step);
        if matches!(step, Some(Step::Waiting(next)) if next <= now) {
            self.ask_registrar(tag, Step::Asking, now);
        }
    }

    /// Nobody wants it any more.
    pub(super) fn deregister(&mut self, tag: Tag, done: Option<oneshot::Sender<()>>, now: Instant) {
        let Some(known) = self.outbound.registrations.get_mut(&tag) else { return };
        known.leaving.get_or_insert_default().extend(done);
        if matches!(known.step, Step::Waiting(_)) {
            self.take_back(tag, now);
        }
    }

    /// Takes every registration back.
    pub(super) fn deregister_all(&mut self, now: Instant) {
        let tags: Vec<Tag> = self.outbound.registrations.keys().copied().collect();
        for tag in tags {
            self.deregister(tag, None, now);
        }
    }

    /// Sends Expires: 0 (§10.2.2), where there is something to take back.
    fn take_back(&mut self, tag: Tag, now: Instant) {
        let known = self.outbound.registrations.get(&tag);
        if known.is_some_and(|known| known.until.is_some_and(|until| until > now)) {
            self.ask_registrar(tag, Step::TakingBack, now);
        } else {
            self.forget_registration(tag);
        }
    }

    fn forget_registration(&mut self, tag: Tag) {
        let known = self.outbound.registrations.remove(&tag);
        for waiting in known.and_then(|known| known.leaving).into_iter().flatten() {
            let _gone = waiting.send(());
        }
    }

    /// Calls come by the connection of a registration: without it they do not.
    pub(super) fn registrations_lost(&mut self, connection: ConnectionId, now: Instant) {
        for (tag, known) in &mut self.outbound.registrations {
            let on_it = known.way.is_some_and(|way| way.connection == Some(connection));
            if on_it && matches!(known.step, Step::Waiting(_)) {
                let next = now + BROKEN_PAUSE;
                known.way = None;
                known.step = Step::Waiting(next);
                self.timers.arm(next, Target::Registration(*tag));
            }
        }
    }
}

impl Registering {
    /// The next REGISTER (§10.2).
    fn draft(&self, tag: Tag) -> Result<Draft, super::outgoing::RequestError> {
        let Registration { registrar, address_of_record, contact_user, .. } = &self.wanted;
        let call_id = self.call_id.clone();
        let sender = Sender { name: None, uri: Some(address_of_record), tag, call_id };
        let mut draft = Draft::new(Method::REGISTER, registrar, address_of_record, sender)?;
        draft.contact = Contact::user(contact_user)?;
        draft.cseq = self.cseq;
        draft.credentials = self.wanted.credentials.clone();
        draft.destination = self.wanted.destination;
        draft.preferred = self.hop;
        let expires = if self.step == Step::TakingBack { 0 } else { self.expires };
        draft.header("Expires", expires.to_string());
        Ok(draft)
    }

    /// Is its way that connection?
    pub(super) fn is_on(&self, connection: ConnectionId) -> bool {
        self.way.is_some_and(|way| way.connection == Some(connection))
    }

    /// 2xx: registered, for as long as it says. `here`: our address as a Contact.
    fn take(&mut self, response: &Response, here: &str, now: Instant) -> Instant {
        let contact = Contact::user(&self.wanted.contact_user).ok();
        let contact = contact.and_then(|contact| contact.header(here)).unwrap_or_default();
        let granted = granted(response, &contact).unwrap_or(self.expires).min(self.expires);
        if granted == 0 {
            let (status, reason) = (response.status, "no time granted".to_owned());
            return self.failed(RegistrationState::Refused { status, reason }, now);
        }
        self.failures = 0;
        let granted = Duration::from_secs(granted.into());
        let until = now + granted;
        self.until = Some(until);
        self.tell(RegistrationState::Registered { until });
        now + granted.mul_f64(0.8 + 0.1 * rand::random::<f64>())
    }

    fn refused(&mut self, response: &Response, now: Instant) -> Instant {
        let Response { status, reason, .. } = response;
        if !matches!(status, 408 | 423 | 480 | 500..600) {
            // Asking sooner only counts as another guess at the password.
            self.failures = u32::MAX;
        }
        let state = RegistrationState::Refused { status: *status, reason: reason.clone() };
        let next = self.failed(state, now);
        let asked = response.headers.get("Retry-After").and_then(seconds).unwrap_or_default();
        next.max(now + Duration::from_secs(asked.into()).min(PAUSE_ASKED))
    }

    /// It did not come about; when to try again.
    fn failed(&mut self, state: RegistrationState, now: Instant) -> Instant {
        self.tell(state);
        let doublings = self.failures.min(16);
        self.failures = doublings + 1;
        let pause = (PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE);
        now + pause.mul_f64(0.5 + 0.5 * rand::random::<f64>())
    }

    /// 423: `true` where we can ask for as long as it wants (§10.2.8).
    fn lengthen(&mut self, response: &Response) -> bool {
        let wanted = response.headers.get("Min-Expires").and_then(seconds);
        let longer = wanted.filter(|wanted| (self.expires + 1..=LONGEST).contains(wanted));
        self.expires = longer.unwrap_or(self.expires);
        longer.is_some()
    }

    fn tell(&self, state: RegistrationState) {
        self.state.send_if_modified(|known| {
            let news = *known != state;
            *known = state;
            news
        });
    }
}

/// For how many seconds our Contact is registered (§10.3 step 8): its own
/// parameter, or the header for all. A registrar that knows us by another address
/// than we do lists one Contact only, which is ours.
fn granted(response: &Response, contact: &str) -> Option<u32> {
    let listed = response.headers.all("Contact").filter_map(|value| NameAddr::read(value).ok());
    let listed: Vec<NameAddr<'_>> = listed.collect();
    let ours = NameAddr::read(contact).ok().map(|contact| contact.uri.address());
    let is_ours = |listed: &&NameAddr<'_>| {
        ours.as_deref().is_some_and(|ours| listed.uri.address().eq_ignore_ascii_case(ours))
    };
    let found = listed.iter().find(is_ours).or(match listed.as_slice() {
        [only] => Some(only),
        _ => None,
    });
    let own = found.and_then(|found| found.params.get("expires").as_deref().and_then(seconds));
    own.or_else(|| response.headers.get("Expires").and_then(seconds))
}

/// The number that a value begins with.
fn seconds(value: &str) -> Option<u32> {
    let digits = value.trim().split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}
