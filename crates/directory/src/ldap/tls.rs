//! Whose certificates are trusted, as rustls wants it.

use std::path::Path;
use std::sync::Arc;

use ringpost_model::TlsSettings;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::DirectoryError;

/// The client side of TLS with ring's provider, whatever the process installed.
///
/// # Errors
/// [`DirectoryError::Authorities`] when there is nobody to trust.
pub(super) fn client(settings: &TlsSettings) -> Result<Arc<ClientConfig>, DirectoryError> {
    let roots = match &settings.ca_file {
        Some(path) => from_file(path)?,
        None => from_system()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable("this build", error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn from_file(path: &Path) -> Result<RootCertStore, DirectoryError> {
    let place = path.display().to_string();
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| unusable(&place, error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(&place, error))?;
        roots.add(certificate).map_err(|error| unusable(&place, error))?;
    }
    if roots.is_empty() {
        return Err(unusable(&place, "there is no certificate in it"));
    }
    Ok(roots)
}

/// What of the system's store can be read; one bad certificate there is not ours
/// to complain of.
fn from_system() -> Result<RootCertStore, DirectoryError> {
    let loaded = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(loaded.certs);
    if roots.is_empty() {
        let why =
            loaded.errors.first().map_or_else(|| "there are none".into(), ToString::to_string);
        return Err(unusable("the system's store", why));
    }
    Ok(roots)
}

fn unusable(place: &str, why: impl ToString) -> DirectoryError {
    DirectoryError::Authorities { place: place.to_owned(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "no certificate\n").unwrap();
        for (path, says) in
            [(empty, "no certificate in it"), (folder.path().join("none.pem"), "none.pem")]
        {
            let said = client(&TlsSettings { ca_file: Some(path) }).unwrap_err().to_string();
            assert!(said.contains(says) && said.contains("give a PEM file"), "{said}");
        }
    }
}
