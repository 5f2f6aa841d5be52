//! An authority of a test's own, and the certificate of one server on loopback.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::packages;
use crate::process::run;

/// Files in PEM.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// Certificate of the authority.
    pub authority: PathBuf,
    /// Certificate of the server: `name`, `localhost` and 127.0.0.1.
    pub certificate: PathBuf,
    /// The server's key.
    pub key: PathBuf,
}

impl Certificates {
    /// Makes them in `folder`.
    pub fn make(folder: &Path, name: &str) -> Self {
        packages::need(&["openssl"]);
        let file = |name: &str| folder.join(name);
        let made = Self {
            authority: file("authority.pem"),
            certificate: file("certificate.pem"),
            key: file("key.pem"),
        };
        let (authority_key, request) = (file("authority-key.pem"), file("request.pem"));
        let names = format!("subjectAltName=DNS:{name},DNS:localhost,IP:127.0.0.1\n");
        fs::write(file("names"), format!("{names}basicConstraints=CA:FALSE\n")).unwrap();
        let path = |path: &Path| path.display().to_string();
        let openssl = |words: &str, files: &[&Path]| {
            let mut files = files.iter();
            let word = |word: &str| match word {
                "@" => path(files.next().expect("a file for each @")),
                word => word.to_owned(),
            };
            run("openssl", words.split(' ').map(word).collect::<Vec<_>>());
        };
        openssl(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=Test-Authority -keyout @ -out @",
            &[&authority_key, &made.authority],
        );
        openssl(
            &format!("req -newkey rsa:2048 -nodes -subj /CN={name} -keyout @ -out @"),
            &[&made.key, &request],
        );
        openssl(
            "x509 -req -days 2 -CAcreateserial -in @ -CA @ -CAkey @ -extfile @ -out @",
            &[&request, &made.authority, &authority_key, &file("names"), &made.certificate],
        );
        // Servers that change to a user of their own read it too.
        fs::set_permissions(&made.key, fs::Permissions::from_mode(0o644)).unwrap();
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_vouches_for_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let made = Certificates::make(folder.path(), "mail.example.com");
        let file = |path: &Path| path.display().to_string();
        let verify = ["verify", "-verify_ip", "127.0.0.1", "-CAfile"].map(str::to_owned);
        let words = run(
            "openssl",
            verify.into_iter().chain([file(&made.authority), file(&made.certificate)]),
        );
        assert!(words.contains("OK"), "{words}");
    }
}
