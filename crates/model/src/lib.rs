//! Plain values that every room of Ringpost speaks in: numbers, subscribers,
//! parties, calls, outcomes, identities, mails and faults.
//!
//! Layer 0 of the house: no vendor library, no clock, no file, no socket.
//! A time is always an argument ([`Timestamp`] for the wall, [`std::time::Instant`]
//! for deadlines).

mod audio;
mod call;
mod fault;
mod identity;
mod mail;
mod number;
mod party;
mod subscriber;
mod timestamp;
mod tls;

pub use audio::{Codec, RemoteAudio, Srtp, SrtpKey, SrtpSuite};
pub use call::{CallRecord, Ear, Outcome, Recording, Stage, Why};
pub use fault::{Fault, Healing, Whose};
pub use identity::{CallerIdentity, CallerName, Card, NameOrigin, Person, Phone, PhoneKind};
pub use mail::{Envelope, Mail, Verdict};
pub use number::{E164, InvalidNumber};
pub use party::Party;
pub use subscriber::{Notify, Subscriber, UnknownNotify};
pub use timestamp::Timestamp;
pub use tls::{TlsPolicy, TlsSettings};
