//! `;name=value` parameters of URIs, addresses and Vias.

use std::borrow::Cow;
use std::fmt;

use super::text;

/// Parameters in their order, as they were written: they are taken apart when
/// one is asked for. Names are compared without regard to case.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Params<'a>(&'a str);

impl<'a> Params<'a> {
    /// Of `;a=1;b`; the semicolon in front may be missing. Blanks around the signs
    /// are allowed (RFC 3261 §25.1, SEMI and EQUAL).
    pub(crate) fn read(text: &'a str) -> Params<'a> {
        Params(text)
    }

    /// Names and values; a parameter may stand without a value.
    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        let pieces =
            text::split_outside(self.0, b';').map(|piece| match text::split_once(piece, b'=') {
                Some((name, value)) => (name.trim_ascii(), Some(value.trim_ascii())),
                None => (piece.trim_ascii(), None),
            });
        pieces.filter(|(name, _)| !name.is_empty())
    }

    /// The value, unquoted; empty for a parameter that stands alone.
    pub(crate) fn get(self, name: &str) -> Option<Cow<'a, str>> {
        let mut params = self.iter();
        let (_, value) = params.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.map_or(Cow::Borrowed(""), text::unquote))
    }

    /// Is it there, with a value or without?
    pub(crate) fn has(self, name: &str) -> bool {
        self.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }
}

/// Without regard to blanks.
impl PartialEq for Params<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Display for Params<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|param| write_param(f, param))
    }
}

/// One parameter as it stands on the wire.
pub(super) fn write_param(
    to: &mut impl fmt::Write,
    (name, value): (&str, Option<&str>),
) -> fmt::Result {
    to.write_char(';')?;
    to.write_str(name)?;
    let Some(value) = value else { return Ok(()) };
    to.write_char('=')?;
    to.write_str(value)
}
