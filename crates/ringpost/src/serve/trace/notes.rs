//! What was decided about each call, in a ring that is bounded by its bytes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use ringpost_model::{CallRecord, Party};

use super::Mask;

/// What a note costs beside its words, about.
const EACH: usize = 160;
/// A text of a peer that is longer is cut.
const LONGEST: usize = 300;

/// The ring. Off, it keeps nothing, and nobody writes a text for it.
#[derive(Debug)]
pub struct Notes {
    most: usize,
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    notes: VecDeque<Note>,
    weight: usize,
}

/// One note.
#[derive(Debug, Clone)]
pub struct Note {
    /// Our id of the call.
    pub call: Arc<str>,
    /// Its SIP Call-ID.
    pub call_id: Arc<str>,
    /// When.
    pub at: SystemTime,
    /// What.
    pub text: Text,
}

impl Notes {
    /// With room for so many bytes; 0: off.
    pub fn new(most: usize) -> Notes {
        Notes { most, ring: Mutex::default() }
    }

    /// Whether anything is kept.
    pub fn are_on(&self) -> bool {
        self.most > 0
    }

    /// Keeps what was decided about a call; the text is made only where it is kept.
    pub fn add(&self, record: &CallRecord, text: impl FnOnce() -> Text) {
        self.add_under(&record.id, &record.call_id, text);
    }

    /// The same under another Call-ID, such as that of a report of the call.
    pub fn add_under(&self, call: &str, call_id: &str, text: impl FnOnce() -> Text) {
        if !self.are_on() {
            return;
        }
        let note = Note {
            call: call.into(),
            call_id: call_id.into(),
            at: SystemTime::now(),
            text: text(),
        };
        let mut ring = self.ring();
        ring.weight += note.weight();
        ring.notes.push_back(note);
        while ring.weight > self.most {
            let Some(oldest) = ring.notes.pop_front() else { break };
            ring.weight = ring.weight.saturating_sub(oldest.weight());
        }
    }

    /// The notes that are about calls with that Call-ID, oldest first.
    pub fn of(&self, call_id: &str) -> Vec<Note> {
        let ring = self.ring();
        ring.notes.iter().filter(|note| &*note.call_id == call_id).cloned().collect()
    }

    /// The Call-ID of the call that we know by this id, or by this Call-ID.
    pub fn call_id(&self, id: &str) -> Option<String> {
        let ring = self.ring();
        let mut newest = ring.notes.iter().rev();
        let found = newest.find(|note| &*note.call == id || &*note.call_id == id);
        found.map(|note| note.call_id.to_string())
    }

    /// Call-IDs of calls whose id or Call-ID begins so, each once.
    pub fn beginning_with(&self, beginning: &str) -> Vec<String> {
        let ring = self.ring();
        let mut found: Vec<String> = Vec::new();
        for note in ring.notes.iter().rev() {
            let begins = note.call.starts_with(beginning) || note.call_id.starts_with(beginning);
            if begins && !found.iter().any(|known| **known == *note.call_id) {
                found.push(note.call_id.to_string());
            }
        }
        found
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // The ring is whole after every statement that could panic.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Note {
    fn weight(&self) -> usize {
        let words: usize = self.text.0.iter().map(|piece| piece.words().len() + 32).sum();
        EACH + self.call.len() + self.call_id.len() + words
    }
}

/// A sentence in pieces, so that numbers and names in it can be masked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Words of ours.
    Plain(String),
    /// A number, a user part or a URI.
    Address(String),
    /// Somebody's name, or a text in which names may stand.
    Name(String),
}

impl Piece {
    fn words(&self) -> &str {
        match self {
            Piece::Plain(words) | Piece::Address(words) | Piece::Name(words) => words,
        }
    }
}

impl Text {
    /// Begins with words of ours.
    pub fn new(words: impl Into<String>) -> Text {
        Text::default().plain(words)
    }

    /// Words of ours.
    #[must_use]
    pub fn plain(mut self, words: impl Into<String>) -> Text {
        self.0.push(Piece::Plain(words.into()));
        self
    }

    /// A number, a user part or a URI.
    #[must_use]
    pub fn address(mut self, address: &str) -> Text {
        self.0.push(Piece::Address(cut(address)));
        self
    }

    /// Somebody's name, or a text in which names may stand.
    #[must_use]
    pub fn name(mut self, name: &str) -> Text {
        self.0.push(Piece::Name(cut(name)));
        self
    }

    /// A party as the network named it.
    #[must_use]
    pub fn party(mut self, party: &Party) -> Text {
        if let Some(name) = &party.display_name {
            self = self.plain("\"").name(name).plain("\" ");
        }
        let address = party.uri.as_deref().or(party.user.as_deref());
        self = match address {
            Some(address) => self.address(address),
            None => self.plain("(nobody)"),
        };
        if party.withheld { self.plain(" (asks not to be named)") } else { self }
    }

    /// As people read it; without a mask in full.
    pub fn shown(&self, mask: Option<&Mask<'_>>) -> String {
        let pieces = self.0.iter().map(|piece| match (piece, mask) {
            (Piece::Address(address), Some(mask)) => mask.address(address),
            (Piece::Name(_), Some(mask)) => mask.name(),
            (piece, _) => piece.words().to_owned(),
        });
        pieces.collect::<String>().replace(char::is_control, " ")
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringpost_lookup::Subscribers;

    #[test]
    fn the_newest_notes_are_kept_within_the_bound() {
        let notes = Notes::new(20_000);
        for number in 0..1000 {
            let (id, call_id) = (format!("id{number}"), format!("{number}@example.com"));
            notes.add_under(&id, &call_id, || Text::new("x".repeat(300)));
            assert!(notes.ring().weight <= 20_000);
        }
        let weight: usize = notes.ring().notes.iter().map(Note::weight).sum();
        assert_eq!(notes.ring().weight, weight);
        assert_eq!(notes.call_id("id3"), None);
        assert_eq!(notes.call_id("id999").as_deref(), Some("999@example.com"));
        assert_eq!(notes.call_id("999@example.com").as_deref(), Some("999@example.com"));
        assert_eq!(notes.of("999@example.com").len(), 1);
        assert_eq!(notes.beginning_with("id999"), ["999@example.com"]);
        assert!(notes.beginning_with("id99").len() > 1);
    }

    #[test]
    fn off_nothing_is_written() {
        let notes = Notes::new(0);
        notes.add_under("1", "1", || panic!("nobody keeps it"));
        assert!(notes.of("1").is_empty());
    }

    #[test]
    fn names_and_numbers_are_masked_unless_asked_for() {
        let nobody = Subscribers::new(Vec::new()).unwrap();
        let mask = Mask::new(&nobody);
        let party = Party {
            display_name: Some("Bob\u{1b} Example".into()),
            uri: Some("sip:+14255550142@example.com".into()),
            ..Party::default()
        };
        let text = Text::new("from ").party(&party);
        assert_eq!(text.shown(None), "from \"Bob  Example\" sip:+14255550142@example.com");
        assert_eq!(text.shown(Some(&mask)), "from \"***\" sip:+1********42@example.com");
    }
}
