//! The headers of a message, in their order.

use super::{names, text};

/// rsip's headers, in their order. Names are compared without regard to case and
/// compact names are known by their long form; list headers such as `Via`
/// stand here one value at a time. `Content-Length` is never among them: it
/// belongs to the framing and is written from the body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Headers(Vec<rsip::Header>);

impl Headers {
    /// The first value of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let name = names::long(name);
        let mut headers = self.0.iter();
        headers.find(|header| names::is(names::name(header), name)).map(names::value)
    }

    /// Every value of that name, from top to bottom.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        let name = names::long(name);
        self.0.iter().filter(move |header| names::is(names::name(header), name)).map(names::value)
    }

    /// Every header as name and value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|header| (names::name(header), names::value(header)))
    }

    /// Adds at the bottom. Line breaks in the value become blanks, so that a
    /// value never turns into a header of its own; a name that is no token is
    /// left out for the same reason.
    pub(crate) fn push(&mut self, name: &str, value: impl AsRef<str>) {
        let name = names::long(name);
        if text::is_token(name) && !names::is(name, "Content-Length") {
            self.push_long(name, &text::one_line(value.as_ref()));
        }
    }

    /// The same for a name that is known to be one, in its long form, and a value
    /// without line breaks and blanks around it.
    pub(super) fn push_long(&mut self, name: &str, value: &str) {
        if text::split_once(value, b',').is_none() || !names::is_list(name) {
            self.0.push(names::header(name, value.to_owned()));
            return;
        }
        for item in text::split_outside(value, b',').map(str::trim).filter(|item| !item.is_empty())
        {
            self.0.push(names::header(name, item.to_owned()));
        }
    }

    /// Adds every value that another message has under that name.
    pub(crate) fn copy(&mut self, from: &Headers, name: &str) {
        let named = from.0.iter().filter(|header| names::is(names::name(header), name));
        named.for_each(|header| self.0.push(header.clone()));
    }

    /// Adds the first of them, where there is one.
    pub(super) fn copy_first(&mut self, from: &Headers, name: &str) {
        let mut headers = from.0.iter();
        self.0.extend(headers.find(|header| names::is(names::name(header), name)).cloned());
    }

    /// None, with room for so many.
    pub(super) fn with_room(count: usize) -> Headers {
        Headers(Vec::with_capacity(count))
    }

    /// Puts this value in place of all that have the name.
    pub(crate) fn set(&mut self, name: &str, value: impl AsRef<str>) {
        self.remove(name);
        self.push(name, value);
    }

    /// Removes all of that name.
    pub(crate) fn remove(&mut self, name: &str) {
        let name = names::long(name);
        self.0.retain(|header| !names::is(names::name(header), name));
    }
}
