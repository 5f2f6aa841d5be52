//! TLS as plain settings; each edge makes its own connection of them.

use std::path::PathBuf;

/// When a connection that can be encrypted is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TlsPolicy {
    /// Not without it.
    Required,
    /// Where the peer offers it, without verifying the peer (RFC 7435).
    #[default]
    Opportunistic,
    /// Never.
    Never,
}

/// What a client trusts and shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsSettings {
    /// PEM file with certificate authorities to trust in place of the system's.
    pub ca_file: Option<PathBuf>,
}
