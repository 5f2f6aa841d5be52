//! Whom a certificate names (RFC 5922 §7.1).

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

/// More than any certificate of a phone system names; the rest is not kept.
const NAMES: usize = 256;

/// The domains of a certificate, in small letters: those of its `sip:` URIs, or
/// where there are none its DNS names.
pub(super) fn domains(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok(certificate) = EndEntityCert::try_from(certificate) else { return Vec::new() };
    let uris: Vec<String> =
        certificate.valid_uri_names().filter_map(sip_domain).take(NAMES).collect();
    if !uris.is_empty() {
        return uris;
    }
    certificate.valid_dns_names().map(str::to_ascii_lowercase).take(NAMES).collect()
}

/// Does one of its `sip:` URIs stand for this domain?
pub(super) fn has_sip_uri(certificate: &CertificateDer<'_>, domain: &str) -> bool {
    EndEntityCert::try_from(certificate).is_ok_and(|certificate| {
        let mut domains = certificate.valid_uri_names().filter_map(sip_domain);
        domains.any(|known| known.eq_ignore_ascii_case(domain))
    })
}

/// `sip:example.com`; one with a user names a person and no domain.
fn sip_domain(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once(':')?;
    let sip = scheme.eq_ignore_ascii_case("sip") && !rest.contains('@');
    let host = rest.split([';', '?', ':']).next().unwrap_or_default();
    (sip && !host.is_empty()).then(|| host.to_ascii_lowercase())
}
