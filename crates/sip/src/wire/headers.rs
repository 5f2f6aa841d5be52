//! The headers of a message, in their order.

use super::{names, text};

/// Headers as rsip holds them. Names are compared without regard to case and
/// compact names are known by their long form; list headers such as `Via`
/// stand here one value at a time. `Content-Length` is never among them: it
/// belongs to the framing and is written from the body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Headers(rsip::Headers);

impl Headers {
    /// The first value of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let name = names::long(name);
        let mut headers = self.0.iter();
        headers.find(|header| names::name(header).eq_ignore_ascii_case(name)).map(names::value)
    }

    /// Every value of that name, from top to bottom.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        let name = names::long(name);
        self.0
            .iter()
            .filter(move |header| names::name(header).eq_ignore_ascii_case(name))
            .map(names::value)
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
        if !text::is_token(name) || name.eq_ignore_ascii_case("Content-Length") {
            return;
        }
        let value = text::one_line(value.as_ref());
        if !names::is_list(name) || !value.contains(',') {
            self.0.push(names::header(name, value.into_owned()));
            return;
        }
        for item in text::split_outside(&value, ',').map(str::trim).filter(|item| !item.is_empty())
        {
            self.0.push(names::header(name, item.to_owned()));
        }
    }

    /// Puts this value in place of all that have the name.
    pub(crate) fn set(&mut self, name: &str, value: impl AsRef<str>) {
        self.remove(name);
        self.push(name, value);
    }

    /// Removes all of that name.
    pub(crate) fn remove(&mut self, name: &str) {
        let name = names::long(name);
        self.0.retain(|header| !names::name(header).eq_ignore_ascii_case(name));
    }
}
