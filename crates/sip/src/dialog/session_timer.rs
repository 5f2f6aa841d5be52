//! Session timers (RFC 4028): who refreshes the session how often, and what
//! follows when nobody does. Without sockets and clocks.

use std::fmt;
use std::time::{Duration, Instant};

use crate::wire::{Headers, Malformed};

/// The shortest interval that we take part in, and the shortest that the RFC
/// allows (§5).
pub(crate) const MIN_SE: Duration = Duration::from_secs(90);
/// A call whose refresh is missing ends that long before its time (§10), or a
/// third of the interval, where that is less.
const MARGIN: Duration = Duration::from_secs(32);
/// Longer intervals are cut: nobody waits for a week.
const LONGEST: u64 = 7 * 86_400;

/// Which side of a transaction refreshes from then on (§4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refresher {
    /// Who sent the request.
    Uac,
    /// Who answered it.
    Uas,
}

/// The Session-Expires header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionExpires {
    pub(crate) interval: Duration,
    pub(crate) refresher: Option<Refresher>,
}

/// What our 2xx says of the session timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Agreed {
    pub(crate) interval: Duration,
    pub(crate) refresher: Refresher,
    /// The peer knows session timers; else a proxy asked, and we refresh (§9).
    peer_knows: bool,
}

/// Why no session timer can be agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Disagreed {
    /// 422 with [`MIN_SE`].
    TooSmall,
    /// 400.
    Unreadable(Malformed),
}

impl SessionExpires {
    /// Reads `1800;refresher=uac`; `None`: the header is not there.
    pub(crate) fn read(headers: &Headers) -> Result<Option<Self>, Malformed> {
        let Some(value) = headers.get("Session-Expires") else { return Ok(None) };
        let mut parts = value.split(';');
        let interval = seconds(parts.next().unwrap_or_default());
        let interval = interval.ok_or(Malformed::new("Bad Session-Expires"))?;
        let mut params = parts.filter_map(|part| part.split_once('='));
        let refresher = params.find(|(name, _)| name.trim().eq_ignore_ascii_case("refresher"));
        let refresher = refresher.and_then(|(_, who)| match who.trim() {
            who if who.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            who if who.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            _ => None,
        });
        Ok(Some(Self { interval, refresher }))
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.interval.as_secs())?;
        match self.refresher {
            Some(Refresher::Uac) => f.write_str(";refresher=uac"),
            Some(Refresher::Uas) => f.write_str(";refresher=uas"),
            None => Ok(()),
        }
    }
}

impl Agreed {
    /// What we agree to in answer to a request (§9): the peer's own interval,
    /// refreshed by whom it names, else by itself where it can. A peer that knows
    /// timers and asks for none gets `ours`, and we refresh: it may not have
    /// reckoned with one. `None`: no timer.
    pub(crate) fn to(request: &Headers, ours: Duration) -> Result<Option<Agreed>, Disagreed> {
        let asked = SessionExpires::read(request).map_err(Disagreed::Unreadable)?;
        let peer_knows = names(request, "Supported", "timer") || names(request, "Require", "timer");
        let Some(SessionExpires { interval, refresher }) = asked else {
            let least = min_se(request).unwrap_or(MIN_SE).max(MIN_SE);
            let (interval, refresher) = (ours.max(least), Refresher::Uas);
            return Ok(peer_knows.then_some(Agreed { interval, refresher, peer_knows }));
        };
        match (interval < MIN_SE, peer_knows) {
            (true, true) => Err(Disagreed::TooSmall),
            // It does not know 422 either: the call goes without a timer.
            (true, false) => Ok(None),
            (false, true) => {
                let refresher = refresher.unwrap_or(Refresher::Uac);
                Ok(Some(Agreed { interval, refresher, peer_knows }))
            }
            (false, false) => Ok(Some(Agreed { interval, refresher: Refresher::Uas, peer_knows })),
        }
    }

    /// The headers of our 2xx.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let expires =
            SessionExpires { interval: self.interval, refresher: Some(self.refresher) }.to_string();
        let mut headers = vec![("Session-Expires".to_owned(), expires)];
        if self.peer_knows {
            headers.push(("Require".to_owned(), "timer".to_owned()));
        }
        headers
    }

    /// The timer that runs from our answer on.
    pub(crate) fn timer(&self, now: Instant) -> SessionTimer {
        SessionTimer::new(self.interval, self.refresher == Refresher::Uas, now)
    }
}

/// The least interval that a 422 or a request asks for.
pub(crate) fn min_se(headers: &Headers) -> Option<Duration> {
    seconds(headers.get("Min-SE")?.split(';').next()?)
}

/// Is that word in one of the headers of that name?
pub(crate) fn names(headers: &Headers, header: &str, word: &str) -> bool {
    let words = headers.all(header).flat_map(|value| value.split(','));
    words.map(str::trim).any(|known| known.eq_ignore_ascii_case(word))
}

fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than fit are as long as it gets.
    digits.then(|| Duration::from_secs(text.parse().unwrap_or(LONGEST).min(LONGEST)))
}

/// The timer of one session, begun anew by every 2xx to a session refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionTimer {
    interval: Duration,
    /// What a 422 asked for; [`MIN_SE`] without one.
    least: Duration,
    /// When we refresh; `None`: the peer does, or a refresh is under way.
    refresh: Option<Instant>,
    end: Instant,
}

/// After a refusal that names no time of its own.
const AGAIN: Duration = Duration::from_secs(10);

/// What a deadline brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionDue {
    /// Not yet.
    Nothing,
    /// Send a session refresh request.
    Refresh,
    /// Nobody refreshed: BYE.
    Expired,
}

/// What follows from a refused refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is sent again when the timer says so.
    Again,
    /// It is sent again as re-INVITE.
    AsInvite,
    /// The peer has no such call any more (RFC 3261 §12.2.1.2): BYE.
    Over,
}

impl SessionTimer {
    pub(crate) fn new(interval: Duration, ours: bool, now: Instant) -> Self {
        let refresh = ours.then(|| now + interval / 2);
        let margin = MARGIN.min(interval / 3);
        Self { interval, least: MIN_SE, refresh, end: now + interval.saturating_sub(margin) }
    }

    /// From the 2xx to a request of ours (§7.2, §7.4); `None`: no timer.
    pub(crate) fn answered(
        response: &Headers,
        before: Option<&Self>,
        now: Instant,
    ) -> Option<Self> {
        let expires = SessionExpires::read(response).ok().flatten()?;
        let ours = expires.refresher != Some(Refresher::Uas);
        let least = before.map_or(MIN_SE, |before| before.least);
        // Less than the RFC allows would be a request each moment.
        Some(Self { least, ..Self::new(expires.interval.max(MIN_SE), ours, now) })
    }

    /// When [`Self::handle_deadline`] is due.
    pub(crate) fn deadline(&self) -> Instant {
        self.refresh.map_or(self.end, |refresh| refresh.min(self.end))
    }

    pub(crate) fn handle_deadline(&mut self, now: Instant) -> SessionDue {
        if now >= self.end {
            return SessionDue::Expired;
        }
        match self.refresh {
            Some(refresh) if now >= refresh => {
                self.refresh = None;
                SessionDue::Refresh
            }
            Some(_) | None => SessionDue::Nothing,
        }
    }

    /// The headers of our refresh request; whoever sends it refreshes on (§7.4).
    pub(crate) fn request_headers(&self) -> [(&'static str, String); 3] {
        let refresher = Some(Refresher::Uac);
        let expires = SessionExpires { interval: self.interval, refresher };
        [
            ("Supported", "timer".to_owned()),
            ("Session-Expires", expires.to_string()),
            ("Min-SE", self.least.as_secs().to_string()),
        ]
    }

    /// The refresh is to be tried again after this time.
    pub(crate) fn again(&mut self, wait: Duration, now: Instant) {
        self.refresh = Some(now + wait);
    }

    /// Takes the refusal of our refresh. `glare` is how long to wait after 491,
    /// 0 to 2 s or 2.1 to 4 s (RFC 3261 §14.1).
    pub(crate) fn refused(
        &mut self,
        (status, headers): (u16, &Headers),
        glare: Duration,
        now: Instant,
    ) -> Refused {
        match status {
            408 | 481 => return Refused::Over,
            405 | 501 => return Refused::AsInvite,
            422 => {
                self.least = min_se(headers).unwrap_or(MIN_SE).max(self.least);
                self.interval = self.interval.max(self.least);
                self.again(Duration::ZERO, now);
            }
            491 => self.again(glare, now),
            _ => {
                let wait = headers.get("Retry-After");
                let wait = wait.and_then(|text| seconds(text.split([';', ' ', '(']).next()?));
                self.again(wait.unwrap_or(AGAIN).max(Duration::from_secs(1)), now);
            }
        }
        Refused::Again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Lines<'a> = &'a [(&'static str, &'static str)];

    fn headers(lines: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in lines {
            headers.push(name, value);
        }
        headers
    }

    #[test]
    fn the_caller_refreshes_where_it_can() {
        const KNOWS: (&str, &str) = ("Supported", "replaces, timer");
        let says = |value| ("Session-Expires", value);
        let ours = Duration::from_secs(1200);
        let table: [(Lines<'_>, Option<&str>); 10] = [
            (&[], None),
            (&[KNOWS], Some("1200;refresher=uas")),
            (&[KNOWS, ("Min-SE", "3600")], Some("3600;refresher=uas")),
            (&[KNOWS, says("1800")], Some("1800;refresher=uac")),
            (&[KNOWS, says("1800;refresher=uac")], Some("1800;refresher=uac")),
            (&[KNOWS, says("90 ; Refresher=UAS")], Some("90;refresher=uas")),
            (&[("Require", "timer"), ("x", "600")], Some("600;refresher=uac")),
            (&[says("1800;refresher=uac")], Some("1800;refresher=uas")),
            (&[says("30")], None),
            (&[KNOWS, says("99999999999999999999999")], Some("604800;refresher=uac")),
        ];
        for (lines, expected) in table {
            let agreed = Agreed::to(&headers(lines), ours).unwrap();
            let written = agreed.map(|agreed| agreed.headers());
            let first = written.as_ref().map(|headers| headers[0].1.as_str());
            assert_eq!(first, expected, "{lines:?}");
            let required = written.is_some_and(|headers| headers.len() == 2);
            let knows = lines.contains(&KNOWS) || lines.contains(&("Require", "timer"));
            assert_eq!(required, expected.is_some() && knows, "{lines:?}");
        }
        let small = headers(&[KNOWS, says("89")]);
        assert_eq!(Agreed::to(&small, ours), Err(Disagreed::TooSmall));
        let unreadable = headers(&[KNOWS, says("soon")]);
        assert!(matches!(Agreed::to(&unreadable, ours), Err(Disagreed::Unreadable(_))));
    }

    #[test]
    fn we_refresh_at_half_time_and_a_call_without_refresh_ends_before_its_time() {
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        let mut ours = SessionTimer::new(Duration::from_secs(1800), true, now);
        assert_eq!(ours.deadline(), at(900));
        assert_eq!(ours.handle_deadline(at(899)), SessionDue::Nothing);
        assert_eq!(ours.handle_deadline(at(900)), SessionDue::Refresh);
        assert_eq!(ours.deadline(), at(1768));
        assert_eq!(ours.handle_deadline(at(1768)), SessionDue::Expired);
        let theirs = SessionTimer::new(MIN_SE, false, now);
        assert_eq!(theirs.deadline(), at(60));
    }

    #[test]
    fn a_refused_refresh_is_tried_again_or_ends_the_call() {
        let now = Instant::now();
        let glare = Duration::from_millis(2500);
        let table: [(u16, Lines<'_>, Refused, u64); 9] = [
            (408, &[], Refused::Over, 0),
            (481, &[], Refused::Over, 0),
            (405, &[], Refused::AsInvite, 0),
            (501, &[], Refused::AsInvite, 0),
            (422, &[("Min-SE", "3600")], Refused::Again, 0),
            (491, &[], Refused::Again, 2500),
            (503, &[("Retry-After", "7 (busy)")], Refused::Again, 7000),
            (500, &[("Retry-After", "0")], Refused::Again, 1000),
            (488, &[], Refused::Again, 10_000),
        ];
        for (status, lines, expected, wait) in table {
            let mut timer = SessionTimer::new(Duration::from_secs(1800), true, now);
            timer.handle_deadline(now + Duration::from_secs(900));
            let refused = timer.refused((status, &headers(lines)), glare, now);
            assert_eq!(refused, expected, "{status}");
            if refused == Refused::Again {
                assert_eq!(timer.deadline(), now + Duration::from_millis(wait), "{status}");
            }
            let longer = if status == 422 { "3600" } else { "1800" };
            assert_eq!(timer.request_headers()[1].1, format!("{longer};refresher=uac"));
        }
    }
}
