//! The time of a report: RFC 3339, read by hand, so that no clock or time zone
//! comes into a room that has none.

use ringpost_model::Timestamp;

/// The last second of the year 9999.
const LAST: i64 = 253_402_300_799;

/// Numbers from here on are milliseconds: as seconds they would lie beyond the
/// year 5000, and many programs count time so.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// RFC 3339 §5.6, with a blank in place of the `T` and small letters allowed,
/// any number of digits in the fraction; without an offset it is UTC. A leap
/// second is the second after it. Years from 1970 on.
pub(super) fn rfc3339(text: &str) -> Option<Timestamp> {
    let mut rest = text.trim();
    let year = number(&mut rest, 4)?;
    literal(&mut rest, &['-'])?;
    let month = number(&mut rest, 2)?;
    literal(&mut rest, &['-'])?;
    let day = number(&mut rest, 2)?;
    literal(&mut rest, &['T', 't', ' '])?;
    let hour = number(&mut rest, 2)?;
    literal(&mut rest, &[':'])?;
    let minute = number(&mut rest, 2)?;
    literal(&mut rest, &[':'])?;
    let second = number(&mut rest, 2)?;
    let millis = fraction(&mut rest)?;
    let offset = offset(rest)?;
    let is_time = hour <= 23 && minute <= 59 && second <= 60;
    if !is_time || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
        - offset * 60;
    if !(0..=LAST).contains(&seconds) {
        return None;
    }
    Some(Timestamp::from_millis(seconds * 1000 + millis))
}

/// Seconds since 1970-01-01T00:00:00Z, or milliseconds where the number says so.
pub(super) fn unix(number: f64) -> Option<Timestamp> {
    if !number.is_finite() || number < 0.0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "both limits are exact in 53 bits")]
    let (from, last) = (MILLISECONDS_FROM as f64, LAST as f64);
    let millis = if number >= from { number } else { number * 1000.0 };
    if millis > last * 1000.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it lies between 0 and the year 9999")]
    let millis = millis.round() as i64;
    Some(Timestamp::from_millis(millis))
}

/// Exactly `digits` digits off the front.
fn number(rest: &mut &str, digits: usize) -> Option<i64> {
    let (head, tail) = rest.split_at_checked(digits)?;
    if !head.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    *rest = tail;
    head.parse().ok()
}

fn literal(rest: &mut &str, any: &[char]) -> Option<()> {
    *rest = rest.strip_prefix(any)?;
    Some(())
}

/// `.125` as milliseconds, further digits cut off; 0 where there is none.
fn fraction(rest: &mut &str) -> Option<i64> {
    let Some(after) = rest.strip_prefix('.') else { return Some(0) };
    let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    let (digits, tail) = after.split_at_checked(end)?;
    if digits.is_empty() {
        return None;
    }
    *rest = tail;
    Some(
        digits
            .bytes()
            .chain(*b"000")
            .take(3)
            .fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0')),
    )
}

/// Minutes east of UTC.
fn offset(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, mut rest) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, text.strip_prefix(['-', '\u{2212}'])?),
    };
    let hours = number(&mut rest, 2)?;
    literal(&mut rest, &[':'])?;
    let minutes = number(&mut rest, 2)?;
    if hours > 23 || minutes > 59 || !rest.is_empty() {
        return None;
    }
    Some(sign * (hours * 60 + minutes))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years are counted to begin in March, so that the leap day ends them.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    /// Days from 0000-03-01 to 1970-01-01.
    const EPOCH: i64 = 719_468;
    year * 365 + leap_days + day_of_year - EPOCH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let table = [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-03-14T15:09:26Z", 1_773_500_966_000),
            ("2026-03-14t15:09:26.5z", 1_773_500_966_500),
            ("2026-03-14 15:09:26.535897Z", 1_773_500_966_535),
            ("2026-03-14T16:09:26+01:00", 1_773_500_966_000),
            ("2026-03-14T08:09:26-07:00", 1_773_500_966_000),
            ("2026-03-14T15:09:26-00:00", 1_773_500_966_000),
            ("2026-03-14T15:09:26", 1_773_500_966_000),
            (" 2026-03-14T15:09:26Z ", 1_773_500_966_000),
            ("2000-02-29T12:00:00Z", 951_825_600_000),
            ("2024-12-31T23:59:60Z", 1_735_689_600_000),
            ("1970-01-01T01:00:00+01:00", 0),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000),
        ];
        for (text, millis) in table {
            assert_eq!(rfc3339(text).map(Timestamp::as_millis), Some(millis), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "now",
            "2026",
            "2026-03-14",
            "2026-3-14T15:09:26Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:61Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00+01",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00Z tomorrow",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+01:00",
            "+026-01-01T00:00:00Z",
            "٢٠٢٦-01-01T00:00:00Z",
        ] {
            assert_eq!(rfc3339(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut expected = 0;
        for year in 1970..2110 {
            for month in 1..=12 {
                for day in 1..=days_in(year, month) {
                    assert_eq!(days_from_civil(year, month, day), expected, "{year}-{month}-{day}");
                    expected += 1;
                }
            }
        }
    }

    #[test]
    fn seconds_and_milliseconds_since_1970_are_told_apart() {
        let millis = |number| unix(number).map(Timestamp::as_millis);
        assert_eq!(millis(0.0), Some(0));
        assert_eq!(millis(1_773_500_966.0), Some(1_773_500_966_000));
        assert_eq!(millis(1_773_500_966.535), Some(1_773_500_966_535));
        assert_eq!(millis(1_773_500_966_535.0), Some(1_773_500_966_535));
        for wrong in [-1.0, f64::NAN, f64::INFINITY, 1e18] {
            assert_eq!(unix(wrong), None, "{wrong}");
        }
    }
}
