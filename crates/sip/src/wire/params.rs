//! `;name=value` parameters of URIs, addresses and Vias.

use std::borrow::Cow;
use std::fmt;

use super::text;

/// Parameters in their order; names are compared without regard to case,
/// values are kept as they were written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Params(Vec<(String, Option<String>)>);

impl Params {
    /// Reads `;a=1;b`; the semicolon in front may be missing. Blanks around
    /// the signs are allowed (RFC 3261 §25.1, SEMI and EQUAL).
    pub(crate) fn read(text: &str) -> Params {
        let mut params = Vec::new();
        for piece in text::split_outside(text, ';') {
            let (name, value) = match piece.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim().to_owned())),
                None => (piece.trim(), None),
            };
            if !name.is_empty() {
                params.push((name.to_owned(), value));
            }
        }
        Params(params)
    }

    /// The value, unquoted; empty for a parameter that stands alone.
    pub(crate) fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_deref().map_or(Cow::Borrowed(""), text::unquote))
    }

    /// Is it there, with a value or without?
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// Gives it this value, in its old place or at the end.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = Some(value.into());
        match self.0.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some(param) => param.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Removes it.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.0 {
            match value {
                Some(value) => write!(f, ";{name}={value}")?,
                None => write!(f, ";{name}")?,
            }
        }
        Ok(())
    }
}
