//! When a certificate ends.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, Error, KeyUsage};

use super::TlsError;

/// Certificates that end earlier are warned of: time enough to renew by hand.
const SOON: Duration = Duration::from_secs(30 * 86_400);
/// The year 9999, the last one that a certificate can name.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// The last moment of our certificate.
#[derive(Debug, Clone)]
pub(super) struct Expiry {
    file: PathBuf,
    at: Duration,
}

impl Expiry {
    /// Asks for a verdict at the end of all days, which names the day that it
    /// ended; a certificate without end has none.
    pub(super) fn of(certificate: &CertificateDer<'_>, file: &Path) -> Option<Expiry> {
        let certificate = EndEntityCert::try_from(certificate).ok()?;
        let verdict = certificate.verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &[],
            &[],
            UnixTime::since_unix_epoch(LAST),
            KeyUsage::server_auth(),
            None,
            None,
        );
        match verdict {
            Err(Error::CertExpired { not_after, .. }) => {
                let at = Duration::from_secs(not_after.as_secs());
                Some(Expiry { file: file.to_owned(), at })
            }
            _ => None,
        }
    }

    /// # Errors
    /// It has ended.
    pub(super) fn check(&self, now: SystemTime) -> Result<(), TlsError> {
        match since_1970(now).checked_sub(self.at) {
            Some(past) if !past.is_zero() => {
                Err(TlsError::Expired { file: self.file.clone(), days: past.as_secs() / 86_400 })
            }
            _ => Ok(()),
        }
    }

    /// A sentence where it ends soon.
    pub(super) fn warning(&self, now: SystemTime) -> Option<String> {
        let left = self.at.checked_sub(since_1970(now))?;
        let days = left.as_secs() / 86_400;
        let file = self.file.display();
        (left < SOON).then(|| format!("{file}: the certificate ends in {days} day(s); renew it"))
    }
}

fn since_1970(now: SystemTime) -> Duration {
    now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
