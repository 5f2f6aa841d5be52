//! What was decided about each call, in a ring that is bounded by its bytes.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use ringpost_model::CallRecord;

use super::ring::{Copied, Note, Ring};
use super::text::Draft;

/// The notes. Off, they keep nothing, and nobody writes a text for them.
#[derive(Debug)]
pub struct Notes(Option<Mutex<Ring>>);

impl Notes {
    /// With room for so many bytes; 0: off.
    pub fn new(most: usize) -> Notes {
        Notes((most > 0).then(|| Mutex::new(Ring::new(most))))
    }

    /// Whether anything is kept.
    pub fn are_on(&self) -> bool {
        self.0.is_some()
    }

    /// Keeps what was decided about a call; the text is made only where it is kept.
    pub fn add(&self, record: &CallRecord, text: impl FnOnce(&mut Draft<'_>)) {
        self.add_under(&record.id, &record.call_id, text);
    }

    /// The same under another Call-ID, such as that of a report of the call.
    pub fn add_under(&self, call: &str, call_id: &str, text: impl FnOnce(&mut Draft<'_>)) {
        let Some(ring) = &self.0 else { return };
        // The ring is whole after every statement that could panic.
        let mut ring = ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.push(SystemTime::now(), call, call_id, text);
    }

    /// The notes that are about calls with that Call-ID, oldest first.
    pub fn of(&self, call_id: &str) -> Vec<Note> {
        let kept = self.copied();
        let of_call = kept.notes().filter(|note| note.call_id == call_id);
        of_call.map(|note| note.note()).collect()
    }

    /// The Call-ID of the call that we know by this id, or by this Call-ID.
    pub fn call_id(&self, id: &str) -> Option<String> {
        let kept = self.copied();
        let found = kept.notes().rfind(|note| note.call == id || note.call_id == id);
        found.map(|note| note.call_id.to_owned())
    }

    /// Call-IDs of calls whose id or Call-ID begins so, each once.
    pub fn beginning_with(&self, beginning: &str) -> Vec<String> {
        let kept = self.copied();
        let mut found: Vec<String> = Vec::new();
        for note in kept.notes().rev() {
            let begins = note.call.starts_with(beginning) || note.call_id.starts_with(beginning);
            if begins && !found.iter().any(|known| known == note.call_id) {
                found.push(note.call_id.to_owned());
            }
        }
        found
    }

    /// Whoever asks does the reading; no call waits for more than the copying.
    fn copied(&self) -> Copied {
        let ring = self.0.as_ref();
        let ring = ring.map(|ring| ring.lock().unwrap_or_else(PoisonError::into_inner));
        ring.map_or_else(Copied::default, |ring| ring.copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_notes_are_kept_within_the_bound() {
        let notes = Notes::new(20_000);
        for number in 0..1000 {
            let (id, call_id) = (format!("id{number}"), format!("{number}@example.com"));
            notes.add_under(&id, &call_id, |text| {
                text.plain("x".repeat(300 + number % 7));
            });
        }
        assert_eq!(notes.call_id("id3"), None);
        assert_eq!(notes.call_id("id999").as_deref(), Some("999@example.com"));
        assert_eq!(notes.call_id("999@example.com").as_deref(), Some("999@example.com"));
        let [last] = notes.of("999@example.com").try_into().unwrap();
        assert_eq!((last.call.as_str(), last.call_id.as_str()), ("id999", "999@example.com"));
        assert_eq!(last.text.shown(None), "x".repeat(300 + 999 % 7));
        assert!(last.at.elapsed().unwrap().as_secs() < 3600);
        assert_eq!(notes.beginning_with("id999"), ["999@example.com"]);
        // 20,000 bytes hold between fifty and sixty of them.
        let kept = notes.beginning_with("id9");
        assert!((50..60).contains(&kept.len()), "{kept:?}");
    }

    #[test]
    fn a_note_that_is_too_long_is_none() {
        let notes = Notes::new(100);
        let add = |id: &str, length| {
            notes.add_under(id, id, |text| {
                text.plain("x".repeat(length));
            });
        };
        add("1", 40);
        add("2", 200);
        assert_eq!((notes.of("1").len(), notes.of("2").len()), (1, 0));
    }

    #[test]
    fn off_nothing_is_written() {
        let notes = Notes::new(0);
        notes.add_under("1", "1", |_| panic!("nobody keeps it"));
        assert!(notes.of("1").is_empty() && notes.call_id("1").is_none());
    }
}
