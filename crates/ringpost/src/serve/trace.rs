//! The trace of one call: the messages that SIP keeps, and beside them what the
//! house decided and why.

mod mask;
mod notes;
mod ring;
mod story;
mod text;
mod told;

pub use mask::Mask;
pub use notes::Notes;
pub use story::{Missing, of};
