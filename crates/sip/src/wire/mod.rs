//! The wire: from the bytes of a datagram to a [`Message`] and back.
//!
//! rsip's types hold what they can: the headers are its header enum, a known
//! method is its method. What it refuses or loses (compact names, folded lines,
//! IPv6, `tel:` URIs, Latin-1, unknown methods, binary bodies) is read here, so
//! that no call fails for a header that a library cannot read.

mod headers;
mod malformed;
mod message;
mod method;
mod multipart;
mod name_addr;
mod names;
mod params;
#[cfg(test)]
mod properties;
mod read;
mod response;
mod status;
#[cfg(test)]
pub(crate) mod tests;
mod text;
mod uri;
mod via;

pub(crate) use headers::Headers;
pub(crate) use malformed::Malformed;
pub(crate) use message::{Message, Request, Response};
pub(crate) use method::Method;
pub(crate) use multipart::part;
pub(crate) use name_addr::NameAddr;
pub(crate) use names::long as long_name;
pub(crate) use params::Params;
pub(crate) use read::{content_length, read_datagram};
pub(crate) use response::response_to;
pub(crate) use status::phrase;
pub(crate) use text::{printable, split_once, unquote};
pub(crate) use uri::Uri;
pub(crate) use via::Via;
