//! TLS parameters, made once for a courier.

use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use ringpost_model::TlsPolicy;

use super::SmtpSettings;
use super::failure::{Failure, Stage};

/// Made at the first use, kept for all further connections.
#[derive(Default)]
pub(super) struct Tls(Option<TlsParameters>);

impl Tls {
    /// Opportunistic encryption does not verify the server (RFC 7435): it is
    /// better than none, and who wants more sets `required`.
    pub(super) async fn parameters(
        &mut self,
        settings: &SmtpSettings,
    ) -> Result<TlsParameters, Failure> {
        if let Some(made) = &self.0 {
            return Ok(made.clone());
        }
        let verified = settings.implicit_tls || settings.starttls == TlsPolicy::Required;
        let (host, ca_file) = (settings.host.clone(), settings.tls.ca_file.clone());
        // Certificates are files: the system's are many.
        let made = tokio::task::spawn_blocking(move || {
            let builder = TlsParameters::builder(host);
            if !verified {
                return builder
                    .certificate_store(CertificateStore::None)
                    .dangerous_accept_invalid_certs(true)
                    .dangerous_accept_invalid_hostnames(true)
                    .build()
                    .map_err(|error| error.to_string());
            }
            let Some(file) = ca_file else { return builder.build().map_err(|e| e.to_string()) };
            let shown = file.display();
            let pem =
                std::fs::read(&file).map_err(|error| format!("cannot read {shown}: {error}"))?;
            let authority =
                Certificate::from_pem(&pem).map_err(|error| format!("in {shown}: {error}"))?;
            builder
                .certificate_store(CertificateStore::None)
                .add_root_certificate(authority)
                .build()
                .map_err(|error| format!("in {shown}: {error}"))
        })
        .await
        .unwrap_or_else(|error| Err(error.to_string()))
        .map_err(|reason| Failure::broken(Stage::StartTls, reason))?;
        self.0 = Some(made.clone());
        Ok(made)
    }
}
