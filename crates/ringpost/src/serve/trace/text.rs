//! A sentence in pieces, so that numbers and names in it can be masked.

use std::fmt::Display;
use std::io::Write as _;

use ringpost_model::Party;

use super::Mask;

/// A text of a peer that is longer is cut.
const LONGEST: usize = 300;

const PLAIN: u8 = b'p';
const ADDRESS: u8 = b'a';
const NAME: u8 = b'n';

/// A sentence that is being written, as octets: of each piece its kind, its length
/// (two octets, little-endian) and its words.
#[derive(Debug)]
pub struct Draft<'a>(&'a mut Vec<u8>);

impl<'a> Draft<'a> {
    /// Writes behind what is there.
    pub fn new(octets: &'a mut Vec<u8>) -> Draft<'a> {
        Draft(octets)
    }

    /// Words of ours.
    pub fn plain(&mut self, words: impl Display) -> &mut Self {
        self.piece(PLAIN, words)
    }

    /// A number, a user part or a URI.
    pub fn address(&mut self, address: &str) -> &mut Self {
        self.piece(ADDRESS, cut(address))
    }

    /// Somebody's name, or a text in which names may stand.
    pub fn name(&mut self, name: &str) -> &mut Self {
        self.piece(NAME, cut(name))
    }

    /// A party as the network named it.
    pub fn party(&mut self, party: &Party) -> &mut Self {
        if let Some(name) = &party.display_name {
            self.plain("\"").name(name).plain("\" ");
        }
        match party.uri.as_deref().or(party.user.as_deref()) {
            Some(address) => self.address(address),
            None => self.plain("(nobody)"),
        };
        if party.withheld { self.plain(" (asks not to be named)") } else { self }
    }

    fn piece(&mut self, kind: u8, words: impl Display) -> &mut Self {
        let start = self.0.len();
        self.0.extend([kind, 0, 0]);
        // Writing to a vector cannot fail.
        let _ = write!(self.0, "{words}");
        let most = start + 3 + usize::from(u16::MAX);
        self.0.truncate(most);
        let length = u16::try_from(self.0.len() - start - 3).unwrap_or(u16::MAX);
        if let Some(place) = self.0.get_mut(start + 1..start + 3) {
            place.copy_from_slice(&length.to_le_bytes());
        }
        self
    }
}

/// A sentence as it was written.
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

impl Text {
    /// Reads what a [`Draft`] wrote.
    pub fn read(mut octets: &[u8]) -> Text {
        let mut pieces = Vec::new();
        while let Some((&[kind, low, high], rest)) = octets.split_first_chunk::<3>() {
            let length = usize::from(u16::from_le_bytes([low, high]));
            let (words, rest) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            let words = String::from_utf8_lossy(words).into_owned();
            pieces.push(match kind {
                ADDRESS => Piece::Address(words),
                NAME => Piece::Name(words),
                _ => Piece::Plain(words),
            });
            octets = rest;
        }
        Text(pieces)
    }

    /// As people read it; without a mask in full.
    pub fn shown(&self, mask: Option<&Mask<'_>>) -> String {
        let pieces = self.0.iter().map(|piece| match (piece, mask) {
            (Piece::Address(address), Some(mask)) => mask.address(address),
            (Piece::Name(_), Some(mask)) => mask.name(),
            (Piece::Plain(words) | Piece::Address(words) | Piece::Name(words), _) => words.clone(),
        });
        pieces.collect::<String>().replace(char::is_control, " ")
    }
}

fn cut(text: &str) -> &str {
    if text.len() <= LONGEST {
        return text;
    }
    let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringpost_lookup::Subscribers;

    fn written(write: impl FnOnce(&mut Draft<'_>)) -> Text {
        let mut octets = Vec::new();
        write(&mut Draft::new(&mut octets));
        Text::read(&octets)
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
        let text = written(|text| {
            text.plain("from ").party(&party);
        });
        assert_eq!(text.shown(None), "from \"Bob  Example\" sip:+14255550142@example.com");
        assert_eq!(text.shown(Some(&mask)), "from \"***\" sip:+1********42@example.com");
    }

    #[test]
    fn what_a_peer_says_is_cut_and_what_is_longer_than_can_be_is_too() {
        let long = "ä".repeat(70_000);
        let text = written(|text| {
            text.name(&long).plain(&long).plain("!");
        });
        let shown = text.shown(None);
        assert!(shown.starts_with(&"ä".repeat(300)) && shown.ends_with('!'));
        assert!(shown.len() < 600 + 65_540, "{}", shown.len());
    }
}
