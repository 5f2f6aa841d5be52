//! The log lines about those who are refused, in fixed words for programs that
//! read them (fail2ban). A flood of requests is no flood of lines.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::transport::Origin;
use crate::wire::Method;

/// Between two lines about one source, and the time that [`LINES`] are for.
const INTERVAL: Duration = Duration::from_secs(1);
/// Lines in one interval, of all sources together.
const LINES: usize = 20;

/// Why somebody is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// His address is in no peer's networks.
    Address,
    /// He shows a certificate of no peer, or none.
    Certificate,
    /// He answered a challenge and does not know the password.
    Password,
}

/// What was said lately.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// When there was last a line about whom, within the last interval: no more
    /// than [`LINES`].
    said: HashMap<IpAddr, Instant>,
    /// Refusals since the last line that got none.
    suppressed: u64,
}

impl Refusals {
    /// Says it, or counts it. `method`: `None` where it could not be read.
    pub(super) fn note(
        &mut self,
        refusal: Refusal,
        origin: Origin,
        method: Option<&Method>,
        now: Instant,
    ) {
        let source = origin.source.ip();
        let Some(suppressed) = self.may_say(source, now) else { return };
        let transport = origin.transport;
        // The bytes of a stranger never stand in the log.
        let method = match method {
            Some(Method::Known(_)) => method.map_or("", Method::as_str),
            Some(Method::Other(_)) => "other",
            None => "unreadable",
        };
        // The message is written out each time: it must be a literal.
        match refusal {
            Refusal::Address => tracing::warn!(
                %source, %transport, %method, suppressed,
                "refused: a request from an unknown address"
            ),
            Refusal::Certificate => tracing::warn!(
                %source, %transport, %method, suppressed,
                "refused: a certificate that names no peer"
            ),
            Refusal::Password => tracing::warn!(
                %source, %transport, %method, suppressed,
                "refused: wrong password"
            ),
        }
    }

    /// How many were passed over since the last line, where there may be one now.
    fn may_say(&mut self, source: IpAddr, now: Instant) -> Option<u64> {
        let recent = |at: &Instant| now.saturating_duration_since(*at) < INTERVAL;
        if self.said.get(&source).is_some_and(recent) || self.said.len() >= LINES {
            self.said.retain(|_, at| recent(at));
            if self.said.contains_key(&source) || self.said.len() >= LINES {
                self.suppressed += 1;
                return None;
            }
        }
        self.said.insert(source, now);
        Some(std::mem::take(&mut self.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_line_a_second_and_a_number() {
        let (mut refusals, start) = (Refusals::default(), Instant::now());
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let (one, two) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        assert_eq!(refusals.may_say(one, at(0)), Some(0));
        assert_eq!(refusals.may_say(one, at(1)), None);
        assert_eq!(refusals.may_say(one, at(999)), None);
        assert_eq!(refusals.may_say(two, at(999)), Some(2));
        assert_eq!(refusals.may_say(one, at(1000)), Some(0));
        assert_eq!(refusals.may_say(two, at(1000)), None);
    }

    #[test]
    fn many_sources_are_no_more_lines_and_no_memory() {
        let (mut refusals, start) = (Refusals::default(), Instant::now());
        for second in 0..3_u64 {
            let now = start + INTERVAL * u32::try_from(second).unwrap();
            let sources = (0..10_000_u32).map(|n| IpAddr::from(n.to_be_bytes()));
            let lines = sources.filter_map(|source| refusals.may_say(source, now)).count();
            assert_eq!(lines, LINES);
            assert_eq!(refusals.said.len(), LINES);
        }
    }
}
