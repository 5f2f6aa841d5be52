//! TLS of SIP as plain settings.

use std::path::PathBuf;

/// Certificates for listeners and for connections of ours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsFiles {
    /// PEM file with our certificate and its chain; needed to listen, shown to
    /// peers that ask for it when we connect.
    pub certificate: Option<PathBuf>,
    /// PEM file with its key.
    pub key: Option<PathBuf>,
    /// PEM file with the authorities to trust in place of the system's.
    pub ca: Option<PathBuf>,
    /// Whether callers over TLS show a certificate.
    pub client_certificate: ClientCertificate,
}

/// Mutual TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientCertificate {
    /// Not asked for.
    None,
    /// Asked for; one that is shown must be valid.
    #[default]
    Optional,
    /// No connection without a valid one.
    Required,
}
