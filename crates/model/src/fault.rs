//! Errors as a classification: whose fault it is, and whether time heals it.

use std::fmt;

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    /// The peer's: bad input.
    Peer,
    /// The operator's: configuration, permissions, a full disk.
    Operator,
    /// A service that Ringpost needs: mail server, directory.
    Service,
    /// Ringpost's own.
    Ours,
}

/// Whether time heals it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Healing {
    /// The same again later may work.
    Later,
    /// The same again never works.
    Never,
}

/// An error with one text for the peer and one for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Whose fault.
    pub whose: Whose,
    /// Does waiting help?
    pub healing: Healing,
    /// For the peer: short, nothing of the inside.
    pub to_peer: String,
    /// For the operator: a sentence that says what to do next.
    pub to_operator: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_operator)
    }
}

impl std::error::Error for Fault {}
