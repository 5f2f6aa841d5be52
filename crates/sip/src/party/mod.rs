//! Who rang and who was called, as the headers say it.

mod address;
mod caller;
mod diversion;
mod identifiers;
mod reason;
mod remote_party_id;
#[cfg(test)]
mod tests;

pub(crate) use address::{addressed, straight_to_voice_mail};
pub(crate) use caller::caller;
pub(crate) use diversion::diversions;
pub(crate) use identifiers::identifiers;
pub(crate) use reason::answered_elsewhere;
