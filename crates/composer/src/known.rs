//! What a configuration may name: time zones, languages, and a moment in the
//! form that operators and programs read.

use ringpost_model::Timestamp;

use crate::when::Zone;
use crate::words;

/// Whether `name` is a time zone of the bundled IANA list.
pub fn knows_time_zone(name: &str) -> bool {
    !name.is_empty() && Zone::named(name).is_known()
}

/// Whether there are words in the language of `tag` (BCP 47); its region is
/// passed over.
pub fn knows_language(tag: &str) -> bool {
    tag.split('-').next().is_some_and(|primary| primary.eq_ignore_ascii_case(words::LANGUAGE))
}

/// The moment as RFC 3339 in UTC, to the second: `2026-06-12T17:04:05Z`.
pub fn rfc3339(moment: Timestamp) -> String {
    Zone::utc().at(moment).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known() {
        assert!(knows_time_zone("America/Los_Angeles") && knows_time_zone("UTC"));
        assert!(!knows_time_zone("Seattle") && !knows_time_zone(""));
        assert!(knows_language("en") && knows_language("en-GB") && !knows_language("tlh"));
        assert_eq!(rfc3339(Timestamp::from_millis(1_781_283_845_678)), "2026-06-12T17:04:05Z");
    }
}
