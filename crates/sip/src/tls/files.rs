//! From files to the two configurations of rustls.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::validity::Expiry;
use super::verifier::SipServer;
use super::{ClientCertificate, TlsError, TlsFiles};

/// What handshakes are made with.
#[derive(Debug)]
pub(super) struct Configs {
    /// `None`: no certificate, so nobody can be listened to.
    pub(super) server: Option<Arc<ServerConfig>>,
    pub(super) client: Arc<ClientConfig>,
    /// Of our certificate.
    pub(super) expiry: Option<Expiry>,
}

impl Configs {
    /// Reads all files anew.
    pub(super) fn read(files: &TlsFiles) -> Result<Configs, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = Arc::new(match &files.ca {
            Some(file) => authorities(file)?,
            None => system_authorities()?,
        });
        let ours = match (&files.certificate, &files.key) {
            (Some(certificate), Some(key)) => Some(our_certificate(certificate, key, &provider)?),
            (None, None) => None,
            (Some(given), None) | (None, Some(given)) => {
                return Err(TlsError::Half { given: given.clone() });
            }
        };
        let (ours, expiry) = ours.unzip();
        let server = match &ours {
            Some(ours) => Some(server(ours.clone(), files, roots.clone(), provider.clone())?),
            None => None,
        };
        Ok(Configs { server, client: client(ours, roots, provider)?, expiry: expiry.flatten() })
    }
}

fn server(
    ours: Arc<CertifiedKey>,
    files: &TlsFiles,
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(refused)?;
    // Which authorities we trust is nobody's business, and the system's list
    // would fill ten packets of each handshake.
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots, provider).clear_root_hint_subjects();
    let builder = match files.client_certificate {
        ClientCertificate::None => builder.with_no_client_auth(),
        ClientCertificate::Optional => builder
            .with_client_cert_verifier(verifier.allow_unauthenticated().build().map_err(refused)?),
        ClientCertificate::Required => {
            builder.with_client_cert_verifier(verifier.build().map_err(refused)?)
        }
    };
    Ok(Arc::new(builder.with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(ours)))))
}

fn client(
    ours: Option<Arc<CertifiedKey>>,
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<ClientConfig>, TlsError> {
    let verifier = SipServer::trusting(roots, provider.clone()).map_err(refused)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(refused)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    Ok(Arc::new(match ours {
        Some(ours) => {
            builder.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(ours)))
        }
        None => builder.with_no_client_auth(),
    }))
}

fn our_certificate(
    certificate: &Path,
    key: &Path,
    provider: &CryptoProvider,
) -> Result<(Arc<CertifiedKey>, Option<Expiry>), TlsError> {
    let chain = certificates(certificate)?;
    let first = chain.first().ok_or(TlsError::NoCertificate { file: certificate.to_owned() })?;
    let expiry = Expiry::of(first, certificate);
    let bad_key = |why: String| TlsError::BadKey { file: key.to_owned(), why };
    let private = match PrivateKeyDer::from_pem_file(key) {
        Ok(private) => private,
        Err(rustls::pki_types::pem::Error::NoItemsFound) => {
            return Err(bad_key("there is no private key in it".to_owned()));
        }
        Err(error) => return Err(unreadable(key, &error)),
    };
    let private = provider.key_provider.load_private_key(private);
    let ours = CertifiedKey::new(chain, private.map_err(|error| bad_key(error.to_string()))?);
    match ours.keys_match() {
        Ok(()) => Ok((Arc::new(ours), expiry)),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(TlsError::Mismatch { certificate: certificate.to_owned(), key: key.to_owned() })
        }
        Err(error) => {
            Err(TlsError::BadCertificate { file: certificate.to_owned(), why: error.to_string() })
        }
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(file, &error))?;
    let all: Result<Vec<_>, _> = all.collect();
    let all = all.map_err(|error| unreadable(file, &error))?;
    if all.is_empty() { Err(TlsError::NoCertificate { file: file.to_owned() }) } else { Ok(all) }
}

fn authorities(file: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|error| TlsError::BadCertificate {
            file: file.to_owned(),
            why: error.to_string(),
        })?;
    }
    Ok(roots)
}

/// What of the system's store can be read; one bad certificate there is not ours
/// to complain of.
fn system_authorities() -> Result<RootCertStore, TlsError> {
    let loaded = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(loaded.certs);
    if roots.is_empty() {
        let why =
            loaded.errors.first().map_or_else(|| "there are none".into(), ToString::to_string);
        return Err(TlsError::NoAuthorities { why });
    }
    Ok(roots)
}

fn unreadable(file: &Path, why: &rustls::pki_types::pem::Error) -> TlsError {
    TlsError::Unreadable { file: file.to_owned(), why: why.to_string() }
}

fn refused(why: impl ToString) -> TlsError {
    TlsError::Refused { why: why.to_string() }
}
