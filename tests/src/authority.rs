//! A certificate authority of a test's own, and what it vouches for: servers
//! and clients of SIP with the names they need (RFC 5922), valid or expired.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    SanType, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// The authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

/// A certificate and its key.
pub struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

/// Where an [`Identity`] was written to, as PEM.
#[derive(Debug, Clone)]
pub struct Files {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Authority {
    /// One that nobody else knows.
    pub fn new(name: &str) -> Self {
        let mut params = params(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// Its own certificate, written to `folder` as PEM.
    pub fn write(&self, folder: &Path) -> PathBuf {
        let name = format!("authority-{}.pem", crate::sip::Line::token("a"));
        let file = folder.join(name);
        fs::write(&file, self.certificate.pem()).unwrap();
        file
    }

    /// Its own certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        self.certificate.der()
    }

    /// A certificate for these names: host names, addresses, or `sip:` URIs.
    pub fn vouches_for(&self, names: &[&str]) -> Identity {
        self.sign(params(names[0], names))
    }

    /// The same, but it was valid in 2020 only.
    pub fn vouched_for(&self, names: &[&str]) -> Identity {
        let mut params = params(names[0], names);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2020, 12, 31);
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { certificate, key }
    }
}

impl Identity {
    /// Writes both files into `folder`, over those that are there under `name`.
    /// Each takes its place at once, so that no reader sees half a file.
    pub fn write(&self, folder: &Path, name: &str) -> Files {
        let put = |end: &str, text: String| {
            let (file, draft) = (folder.join(format!("{name}{end}")), folder.join("draft.pem"));
            fs::write(&draft, text).unwrap();
            fs::rename(&draft, &file).unwrap();
            file
        };
        let key = put(".key", self.key.serialize_pem());
        Files { certificate: put(".pem", self.certificate.pem()), key }
    }

    /// The certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        self.certificate.der()
    }

    /// The key.
    pub fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }
}

fn params(common_name: &str, names: &[&str]) -> CertificateParams {
    let (uris, hosts): (Vec<&str>, Vec<&str>) =
        names.iter().copied().partition(|name| name.starts_with("sip:"));
    let hosts: Vec<String> = hosts.into_iter().map(str::to_owned).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    for uri in uris {
        params.subject_alt_names.push(SanType::URI(uri.try_into().unwrap()));
    }
    params.distinguished_name.push(DnType::CommonName, common_name);
    let usages = [ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.extended_key_usages = if names.is_empty() { Vec::new() } else { usages.to_vec() };
    params
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::run;

    #[test]
    fn another_program_finds_what_is_vouched_for() {
        crate::packages::need(&["openssl"]);
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("Test Authority");
        let identity =
            authority.vouches_for(&["proxy.example.com", "127.0.0.1", "sip:example.com"]);
        let files = identity.write(folder.path(), "proxy");
        let ca = authority.write(folder.path());
        let path = |path: &Path| path.display().to_string();
        let words = ["verify", "-verify_ip", "127.0.0.1", "-CAfile"].map(str::to_owned);
        let said = run("openssl", words.into_iter().chain([path(&ca), path(&files.certificate)]));
        assert!(said.contains("OK"), "{said}");
        let text = ["x509", "-noout", "-text", "-in"].map(str::to_owned);
        let said = run("openssl", text.into_iter().chain([path(&files.certificate)]));
        assert!(said.contains("DNS:proxy.example.com") && said.contains("URI:sip:example.com"));
    }
}
