//! The scripted caller: SIP as raw text over UDP, TCP or TLS, RTP beside it.

#[cfg(test)]
pub(crate) mod answering;
mod call;
mod digest;
mod line;
mod message;
mod request;
mod rtp;
#[cfg(test)]
mod tests;
mod way;
mod wire;

pub use call::{Call, Greeting};
pub use digest::{Algorithm, Digest};
pub use line::Line;
pub use message::Message;
pub use request::{Invite, Report, info, options, try_options};
pub use rtp::{Packet, Rtp};
pub use way::{Client, Way};
