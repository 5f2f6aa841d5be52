//! TLS of SIP (RFC 3261 §26.3, RFC 5922): its settings as plain values, and what
//! is made from the files they name.

mod current;
mod error;
mod files;
mod names;
#[cfg(test)]
pub(crate) mod tests;
mod validity;
mod verifier;

use std::path::PathBuf;
use std::time::SystemTime;

pub(crate) use current::{Tls, watch};
pub use error::TlsError;

use files::Configs;

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

impl TlsFiles {
    /// Reads the files as a start or a reload would, and says what is wrong with
    /// them at that time.
    ///
    /// # Errors
    /// The first file that cannot be used, an expired certificate among them.
    pub fn check(&self, now: SystemTime) -> Result<(), TlsError> {
        let configs = Configs::read(self)?;
        configs.expiry.as_ref().map_or(Ok(()), |expiry| expiry.check(now))
    }

    /// A sentence where our certificate ends within 30 days.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn expiry_warning(&self, now: SystemTime) -> Result<Option<String>, TlsError> {
        Ok(Configs::read(self)?.expiry.and_then(|expiry| expiry.warning(now)))
    }

    /// Is there a certificate to listen with?
    pub const fn can_listen(&self) -> bool {
        self.certificate.is_some() && self.key.is_some()
    }
}
