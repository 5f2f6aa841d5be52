//! Moments in the subscriber's time zone. The zones are those bundled with the
//! binary: what the host has installed changes nothing.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp as Instant, Zoned};
use ringpost_model::Timestamp;

/// 9999-12-30: the years that RFC 5322 §3.3 can write, in every zone.
const LATEST: i64 = 253_402_128_000_000;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone of a subscriber, or UTC in place of one that nobody knows.
pub(crate) struct Zone {
    zone: TimeZone,
    known: bool,
}

impl Zone {
    /// Looks an IANA name up; an empty name is UTC.
    pub(crate) fn named(name: &str) -> Self {
        if name.is_empty() {
            return Self::utc();
        }
        match ZONES.get(name) {
            Ok(zone) => Self { zone, known: true },
            Err(_) => Self { zone: TimeZone::UTC, known: false },
        }
    }

    /// UTC, wanted as such.
    pub(crate) fn utc() -> Self {
        Self { zone: TimeZone::UTC, known: true }
    }

    /// Whether the name was found.
    pub(crate) fn is_known(&self) -> bool {
        self.known
    }

    /// The moment in this zone.
    pub(crate) fn at(&self, moment: Timestamp) -> Zoned {
        Instant::from_millisecond(moment.as_millis().clamp(0, LATEST))
            .unwrap_or(Instant::UNIX_EPOCH)
            .to_zoned(self.zone.clone())
    }
}

/// `Fri, 12 Jun 2026 10:04:05 -0700` (RFC 5322 §3.3).
pub(crate) fn date(zoned: &Zoned) -> String {
    jiff::fmt::rfc2822::to_string(zoned)
        .unwrap_or_else(|_| "Thu, 1 Jan 1970 00:00:00 +0000".to_owned())
}

/// The zone's abbreviation; zones that have none show their distance from UTC.
pub(crate) fn abbreviation(zoned: &Zoned) -> String {
    let abbreviation = jiff::fmt::strtime::format("%Z", zoned).unwrap_or_default();
    if abbreviation.starts_with(['+', '-']) { format!("UTC{abbreviation}") } else { abbreviation }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_stands_in_the_zone_that_was_asked_for() {
        let moment = Timestamp::from_millis(1_781_283_845_999);
        for (name, date_there, short) in [
            ("America/Los_Angeles", "Fri, 12 Jun 2026 10:04:05 -0700", "PDT"),
            ("Europe/Berlin", "Fri, 12 Jun 2026 19:04:05 +0200", "CEST"),
            ("Asia/Dubai", "Fri, 12 Jun 2026 21:04:05 +0400", "UTC+04"),
            ("UTC", "Fri, 12 Jun 2026 17:04:05 +0000", "UTC"),
            ("", "Fri, 12 Jun 2026 17:04:05 +0000", "UTC"),
            ("Mars/Olympus", "Fri, 12 Jun 2026 17:04:05 +0000", "UTC"),
        ] {
            let zone = Zone::named(name);
            let zoned = zone.at(moment);
            assert_eq!(date(&zoned), date_there, "{name}");
            assert_eq!(abbreviation(&zoned), short, "{name}");
            assert_eq!(zone.is_known(), name != "Mars/Olympus");
        }
    }

    #[test]
    fn the_ends_of_time_are_dates_too() {
        for millis in [i64::MIN, -1, i64::MAX] {
            let written =
                date(&Zone::named("Pacific/Kiritimati").at(Timestamp::from_millis(millis)));
            assert!(written.contains(" 1969 ") || written.contains(" 9999 "), "{written}");
        }
    }
}
