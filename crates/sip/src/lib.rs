//! SIP and SDP on the wire, server and client side; call events inside.
//!
//! [`Endpoint::bind`] opens the sockets and gives a stream of [`Arrival`]s.
//! A call comes as an [`Invitation`] with [`Signal`]s to hear and a
//! [`CallControl`] to answer, refuse and hang up; a report or an OPTIONS comes
//! with a [`Responder`]. [`Endpoint::place`] and [`Endpoint::request_info`] go the
//! other way. What SIP itself has an answer to never reaches the house: repeats,
//! CANCEL, ACK, BYE, re-INVITE, strangers, malformed and merged requests.
//!
//! Inside, `wire` reads and writes messages, `sdp` offers and answers, `party`
//! who rang whom; `digest` asks for passwords and answers; `transaction` and
//! `dialog` are machines of RFC 3261 without sockets and clocks; `transport` has
//! the sockets and connections; `endpoint` is the one task that owns sockets and
//! machines.
//! No type of a vendor library leaves this crate.

mod dialog;
mod digest;
mod endpoint;
#[cfg(test)]
mod fuzz;
mod hop;
mod network;
mod party;
mod peer;
mod resolve;
mod sdp;
mod tls;
mod trace;
mod transaction;
mod transport;
mod wire;

pub use endpoint::{
    Answer, Arrival, BindError, CallControl, Door, Endpoint, EndpointConfig, IncomingCall,
    IncomingOptions, IncomingReport, Invitation, MessageWaiting, OutgoingCall, OutgoingControl,
    OutgoingInfo, OutgoingInvite, Progress, Registration, RegistrationHandle, RegistrationState,
    RequestError, Requests, Responder, Responses, Signal, Statistics,
};
pub use hop::{Hop, InvalidHop, Transport};
pub use network::{InvalidNetwork, Network};
pub use peer::{Believed, Credentials, DigestHashes, Peer, PeerState, Ping, SrtpPolicy, Strangers};
pub use resolve::{ResolveError, check_uri, locate};
pub use tls::{ClientCertificate, TlsError, TlsFiles};
pub use trace::{Direction, Traced};
