//! Certificates of a test's own authority, and what is said of bad files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType, date_time_ymd,
};
use tempfile::TempDir;

use super::*;

/// An authority with a folder for what it issues.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) folder: TempDir,
    pub(crate) ca: PathBuf,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        fs::write(&ca, params.self_signed(&key).unwrap().pem()).unwrap();
        Self { issuer: Issuer::new(params, key), folder, ca }
    }

    /// A certificate for these host names, addresses and URIs under that file
    /// name, and this authority to trust.
    pub(crate) fn issues(&self, file: &str, names: &[&str]) -> TlsFiles {
        self.issues_until(file, names, 2100)
    }

    /// One that ends with that year's first day.
    pub(crate) fn issues_until(&self, file: &str, names: &[&str], year: i32) -> TlsFiles {
        let (uris, hosts): (Vec<&str>, Vec<&str>) =
            names.iter().partition(|name| name.contains(':') && !name.starts_with(':'));
        let mut params =
            CertificateParams::new(hosts.into_iter().map(str::to_owned).collect::<Vec<_>>())
                .unwrap();
        for uri in uris {
            params.subject_alt_names.push(SanType::URI(uri.try_into().unwrap()));
        }
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let path = |end: &str| self.folder.path().join(format!("{file}{end}"));
        fs::write(path(".pem"), certificate.pem()).unwrap();
        fs::write(path(".key"), key.serialize_pem()).unwrap();
        TlsFiles {
            certificate: Some(path(".pem")),
            key: Some(path(".key")),
            ca: Some(self.ca.clone()),
            client_certificate: ClientCertificate::Optional,
        }
    }
}

/// Nothing to show, but this authority to trust.
pub(crate) fn trusting(ca: &Path) -> TlsFiles {
    TlsFiles { ca: Some(ca.to_owned()), ..TlsFiles::default() }
}

fn year(year: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs((year - 1970) * 31_556_952)
}

#[test]
fn bad_files_are_named_with_what_is_wrong() {
    let authority = Authority::new("test");
    let good = authority.issues("good", &["sip.example.com"]);
    let other = authority.issues("other", &["sip.example.com"]);
    let file = |name: &str, text: &str| {
        let path = authority.folder.path().join(name);
        fs::write(&path, text).unwrap();
        Some(path)
    };
    let certificate = fs::read_to_string(good.certificate.as_ref().unwrap()).unwrap();
    let missing = Some(authority.folder.path().join("missing.pem"));
    let empty = file("empty.pem", "nothing\n");
    let garbage =
        file("garbage.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    for (files, says) in [
        (TlsFiles { certificate: missing.clone(), ..good.clone() }, "missing.pem: "),
        (
            TlsFiles { certificate: empty.clone(), ..good.clone() },
            "empty.pem: there is no certificate in it",
        ),
        (
            TlsFiles { certificate: garbage.clone(), ..good.clone() },
            "garbage.pem: a certificate in it cannot be used",
        ),
        (TlsFiles { key: missing, ..good.clone() }, "missing.pem: "),
        (
            TlsFiles { key: file("no.key", &certificate), ..good.clone() },
            "no.key: the key cannot be used",
        ),
        (
            TlsFiles { key: other.key, ..good.clone() },
            "other.key is not the key of the certificate in ",
        ),
        (TlsFiles { key: None, ..good.clone() }, "wanted together"),
        (TlsFiles { ca: empty, ..good.clone() }, "empty.pem: there is no certificate in it"),
        (
            TlsFiles { ca: garbage, ..good.clone() },
            "garbage.pem: a certificate in it cannot be used",
        ),
    ] {
        let said = files.check(year(2030)).unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
    }
    good.check(year(2030)).unwrap();
}

#[test]
fn the_end_of_a_certificate_is_told_before_and_after() {
    let authority = Authority::new("test");
    let files = authority.issues_until("short", &["sip.example.com"], 2030);
    files.check(year(2029)).unwrap();
    assert_eq!(files.expiry_warning(year(2029)).unwrap(), None);
    let day = Duration::from_secs(86_400);
    let warning = files.expiry_warning(year(2030) - day * 11).unwrap().unwrap();
    assert!(warning.contains("short.pem: the certificate ends in 1"), "{warning}");
    let said = files.check(year(2030) + day * 11).unwrap_err().to_string();
    assert!(said.contains("short.pem: the certificate expired 1"), "{said}");
}

#[test]
fn a_changed_file_is_read_once_and_a_broken_one_changes_nothing() {
    let authority = Authority::new("test");
    let files = authority.issues("sip", &["sip.example.com"]);
    let tls = Tls::read(files.clone(), None).unwrap();
    let server = || tls.configs().unwrap().server.clone().unwrap();
    let first = server();
    assert!(tls.reload_if_changed().is_none());
    fs::write(files.certificate.as_ref().unwrap(), "broken").unwrap();
    assert!(tls.reload_if_changed().unwrap().is_err());
    assert!(tls.reload_if_changed().is_none());
    assert!(std::sync::Arc::ptr_eq(&server(), &first));
    authority.issues("sip", &["a-longer-name.example.com"]);
    tls.reload_if_changed().unwrap().unwrap();
    assert!(!std::sync::Arc::ptr_eq(&server(), &first));
}
