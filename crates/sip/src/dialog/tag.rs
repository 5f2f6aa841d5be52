//! Our tags of From and To.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A tag that we made: 64 random bits (RFC 3261 §19.3 asks for 32). It is at the
/// same time the name of the call within the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Tag(u64);

impl Tag {
    pub(crate) fn random() -> Self {
        Self(rand::random())
    }

    /// The same tag for the same request, for answers that nothing is kept of
    /// (RFC 3261 §8.2.7).
    pub(crate) fn of(request: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        request.hash(&mut hasher);
        Self(hasher.finish())
    }

    /// Reads a tag back; `None`: none of ours.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let shaped =
            text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if shaped { u64::from_str_radix(text, 16).ok().map(Self) } else { None }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_back_and_nothing_else_is() {
        for tag in [Tag(0), Tag(u64::MAX), Tag::random(), Tag::of("a request")] {
            assert_eq!(Tag::read(&tag.to_string()), Some(tag));
        }
        for text in ["", "1", "+000000000000001", "000000000000000G", "000000000000000A"] {
            assert_eq!(Tag::read(text), None, "{text}");
        }
    }
}
