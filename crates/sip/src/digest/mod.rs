//! Digest authentication (RFC 3261 §22, RFC 7616, RFC 8760): what is asked,
//! answered and verified. Neither clock nor chance in here; both are arguments.
//!
//! The client reads [`challenges`] from a 401 or 407, [`choose`]s one and
//! [`authorize`]s its request by it. The server keeps a [`Verifier`]: it needs
//! no store to know a nonce of its own and the nonce's age, and a bounded one so
//! that no answer counts twice.

mod algorithm;
mod challenge;
mod client;
mod counts;
mod header;
mod nonce;
mod response;
mod server;
#[cfg(test)]
mod tests;

pub(crate) use challenge::{Challenge, challenges, choose};
pub(crate) use client::authorize;
pub(crate) use server::{Verdict, Verifier};
