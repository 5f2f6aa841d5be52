//! Checks of single values that several sections share.

use std::path::Path;
use std::time::Duration;

use super::{Mistake, Seconds};

pub(super) fn span(key: &str, seconds: Seconds, found: &mut Vec<Mistake>) -> Duration {
    if !(0.0..=31_536_000.0).contains(&seconds.0) {
        found.push(Mistake::new(
            key,
            format!("{} is no span of time; a number of seconds, 0 or more, is wanted", seconds.0),
        ));
    }
    seconds.span()
}

pub(super) fn zone(key: &str, name: &str, found: &mut Vec<Mistake>) {
    if !ringpost_composer::knows_time_zone(name) {
        found.push(Mistake::new(
            key,
            format!(
                "\"{name}\" is no time zone of the IANA list; write it as \"America/Los_Angeles\""
            ),
        ));
    }
}

pub(super) fn language_or(key: &str, tag: &str, found: &mut Vec<Mistake>) {
    if !ringpost_composer::knows_language(tag) {
        found.push(Mistake::new(key, format!("there are no words in \"{tag}\"; \"en\" is known")));
    }
}
pub(super) fn readable(key: &str, file: Option<&Path>, found: &mut Vec<Mistake>) {
    if let Some(file) = file
        && let Err(error) = std::fs::File::open(file)
    {
        found.push(Mistake::new(key, format!("\"{}\" cannot be read: {error}", file.display())));
    }
}

pub(super) fn secret(key: &str, file: Option<&Path>, found: &mut Vec<Mistake>) -> Option<String> {
    let file = file?;
    match std::fs::read_to_string(file) {
        Ok(text) => {
            let secret = text.trim_end_matches(['\r', '\n']);
            // Anybody could prove to know it.
            if secret.is_empty() {
                found.push(Mistake::new(key, format!("\"{}\" is empty", file.display())));
            }
            Some(secret.to_owned())
        }
        Err(error) => {
            found
                .push(Mistake::new(key, format!("\"{}\" cannot be read: {error}", file.display())));
            None
        }
    }
}
