//! What can be wrong with the files of TLS, in sentences for the operator.

use std::path::PathBuf;

/// Files that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is no PEM.
    #[error("{}: {why}; give a PEM file that the server may read", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// What the system or the reader says.
        why: String,
    },
    /// There is no certificate in it.
    #[error("{}: there is no certificate in it; a part \"BEGIN CERTIFICATE\" is wanted", file.display())]
    NoCertificate {
        /// Which file.
        file: PathBuf,
    },
    /// A certificate in it cannot be used.
    #[error("{}: a certificate in it cannot be used ({why}); have it issued anew", file.display())]
    BadCertificate {
        /// Which file.
        file: PathBuf,
        /// What the reader says.
        why: String,
    },
    /// The key is none that can be used.
    #[error("{}: the key cannot be used ({why}); an unencrypted RSA, ECDSA or Ed25519 key is wanted", file.display())]
    BadKey {
        /// Which file.
        file: PathBuf,
        /// What the reader says.
        why: String,
    },
    /// Key and certificate are of different pairs.
    #[error(
        "{} is not the key of the certificate in {}; give the two files that were made together, \
         the server's own certificate first",
        key.display(),
        certificate.display()
    )]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// One of the two is not given.
    #[error("a certificate and its key are wanted together; only {} is given", given.display())]
    Half {
        /// The file that is given.
        given: PathBuf,
    },
    /// The certificate has expired.
    #[error("{}: the certificate expired {days} day(s) ago; have it renewed", file.display())]
    Expired {
        /// Which file.
        file: PathBuf,
        /// Since when.
        days: u64,
    },
    /// Nobody is trusted.
    #[error("the system's store has no authorities to trust ({why}); give a file of them as ca")]
    NoAuthorities {
        /// What the store says.
        why: String,
    },
    /// The library refuses, though the files are good.
    #[error("TLS cannot be set up: {why}")]
    Refused {
        /// What the library says.
        why: String,
    },
}
