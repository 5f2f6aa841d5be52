//! Notes one behind the other in one piece of memory, so that one more costs no
//! allocation and the oldest go without being looked at.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use super::text::{Draft, Text};

/// What was decided about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Our id of the call.
    pub call: String,
    /// Its SIP Call-ID.
    pub call_id: String,
    /// When.
    pub at: SystemTime,
    /// What.
    pub text: Text,
}

/// The ring. A note is the length of what follows (four octets), its moment in
/// microseconds (eight), id and Call-ID with two octets of length each, and its
/// text; numbers are little-endian.
#[derive(Debug)]
pub struct Ring {
    most: usize,
    octets: VecDeque<u8>,
    /// The note that is being written.
    draft: Vec<u8>,
}

impl Ring {
    /// With room for so many octets.
    pub fn new(most: usize) -> Ring {
        // Memory that was never written to costs none.
        Ring { most, octets: VecDeque::with_capacity(most), draft: Vec::new() }
    }

    /// Keeps one note; the oldest go where there is no room.
    pub fn push(
        &mut self,
        at: SystemTime,
        call: &str,
        call_id: &str,
        text: impl FnOnce(&mut Draft<'_>),
    ) {
        let draft = &mut self.draft;
        draft.clear();
        draft.extend([0; 4]);
        let at = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        draft.extend(u64::try_from(at.as_micros()).unwrap_or(u64::MAX).to_le_bytes());
        for name in [call, call_id] {
            let name = name.as_bytes().get(..usize::from(u16::MAX)).unwrap_or(name.as_bytes());
            draft.extend(u16::try_from(name.len()).unwrap_or(0).to_le_bytes());
            draft.extend(name);
        }
        text(&mut Draft::new(draft));
        let length = u32::try_from(draft.len() - 4).unwrap_or(0);
        if let Some(place) = draft.get_mut(..4) {
            place.copy_from_slice(&length.to_le_bytes());
        }
        if draft.len() > self.most {
            return;
        }
        while self.octets.len() + draft.len() > self.most {
            let mut first = self.octets.iter().copied();
            let length = [(); 4].map(|()| first.next().unwrap_or_default());
            let whole = 4 + usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX - 4);
            self.octets.drain(..whole.min(self.octets.len()));
        }
        self.octets.extend(draft.iter());
    }

    /// A copy of all.
    pub fn copied(&self) -> Copied {
        let (front, back) = self.octets.as_slices();
        Copied([front, back].concat())
    }
}

/// The notes as they stood at one moment.
#[derive(Debug, Default)]
pub struct Copied(Vec<u8>);

impl Copied {
    /// All of them, oldest first.
    pub fn notes(&self) -> impl DoubleEndedIterator<Item = Kept<'_>> {
        let mut rest = self.0.as_slice();
        let mut notes = Vec::new();
        while let Some((note, after)) = taken::<4>(rest) {
            notes.extend(Kept::read(note));
            rest = after;
        }
        notes.into_iter()
    }
}

/// One note, not taken apart yet.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a> {
    /// Our id of the call.
    pub call: &'a str,
    /// Its SIP Call-ID.
    pub call_id: &'a str,
    micros: u64,
    text: &'a [u8],
}

impl<'a> Kept<'a> {
    fn read(octets: &'a [u8]) -> Option<Kept<'a>> {
        let (micros, rest) = octets.split_first_chunk::<8>()?;
        let (call, rest) = taken::<2>(rest)?;
        let (call_id, text) = taken::<2>(rest)?;
        Some(Kept {
            call: std::str::from_utf8(call).ok()?,
            call_id: std::str::from_utf8(call_id).ok()?,
            micros: u64::from_le_bytes(*micros),
            text,
        })
    }

    /// With all its parts.
    pub fn note(self) -> Note {
        Note {
            call: self.call.to_owned(),
            call_id: self.call_id.to_owned(),
            at: SystemTime::UNIX_EPOCH + Duration::from_micros(self.micros),
            text: Text::read(self.text),
        }
    }
}

/// What stands behind a length of so many octets, and what follows.
fn taken<const N: usize>(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = octets.split_first_chunk::<N>()?;
    let length = length.iter().rev().fold(0, |sum, octet| sum << 8 | usize::from(*octet));
    rest.split_at_checked(length)
}
