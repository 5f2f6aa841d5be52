//! Transactions (RFC 3261 §17, RFC 6026): four machines without sockets and
//! clocks. Each takes an event and the time, and pushes what is to be done.
//!
//! The machines work on serialised messages, because a retransmission is the
//! same bytes again. Which message belongs to which machine is the business of
//! [`Key`]; the transaction user (TU) of the RFC is the endpoint.

mod invite_client;
mod invite_server;
mod key;
mod non_invite_client;
mod non_invite_server;
mod timer;

use bytes::Bytes;

pub(crate) use invite_client::{InviteClient, InviteClientEvent};
pub(crate) use invite_server::{InviteServer, InviteServerEvent};
pub(crate) use key::{Key, MAGIC_COOKIE};
pub(crate) use non_invite_client::{NonInviteClient, NonInviteClientEvent};
pub(crate) use non_invite_server::{NonInviteServer, NonInviteServerEvent};
pub(crate) use timer::{T1, T2, TIMER_B, TIMER_H};

/// What a machine asks of its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Put these bytes on the wire.
    Send(Bytes),
    /// Put these bytes on the wire once more.
    Resend(Bytes),
    /// Hand the message that came with this event to the transaction user.
    Deliver,
    /// Nobody answered: timer B or F, or no ACK within timer H.
    TimedOut,
    /// The message could not be sent at all (§17.1.4).
    Unreachable,
    /// The machine is in its Terminated state: forget it.
    Terminated,
}
