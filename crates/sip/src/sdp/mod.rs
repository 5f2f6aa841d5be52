//! Session descriptions (RFC 8866) in offer and answer (RFC 3264): one stream
//! of telephone sound, PCMU or PCMA, with telephone-event where offered.

mod offer;
mod repair;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use offer::{Offer, read_answer, read_offer};
pub(crate) use write::write_offer;
