//! SIP and SDP on the wire, server and client side; call events inside.

mod wire;
