//! Dialogs (RFC 3261 §12): what two sides remember of each other between
//! INVITE and BYE, and the 200 that is repeated until its ACK (§13.3.1.4).

mod state;
mod tag;
mod two_hundred;

pub(crate) use state::Dialog;
pub(crate) use tag::Tag;
pub(crate) use two_hundred::{Due, TwoHundred};
