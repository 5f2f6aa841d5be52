//! The words of the mails: one module for each language, all with the same
//! constants and functions. Whatever a reader sees comes from here; the rest of
//! the crate knows only what to say and where it stands.

mod english;

pub(crate) use english::*;

/// A name among other words. After a name that is written from right to left, a
/// mark (U+200E) keeps what follows, such as a number in brackets, in its place.
fn among_words(name: &str) -> String {
    if crate::clean::is_right_to_left(name) { format!("{name}\u{200E}") } else { name.to_owned() }
}
