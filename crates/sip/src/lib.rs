//! SIP and SDP on the wire, server and client side; call events inside.

mod network;
mod party;
mod sdp;
mod wire;

pub use network::{InvalidNetwork, Network};
