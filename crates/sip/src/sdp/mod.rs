//! Session descriptions (RFC 8866) in offer and answer (RFC 3264): one stream
//! of telephone sound, PCMU or PCMA, with telephone-event where offered, plain or
//! encrypted by keys in the description (RFC 4568).

mod choice;
mod crypto;
mod offer;
mod own_keys;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use crypto::kept;
pub(crate) use offer::Offer;
pub(crate) use own_keys::OwnKeys;
pub(crate) use read::{read_answer, read_offer};
pub(crate) use write::write_offer;
