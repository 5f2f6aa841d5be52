//! Keys of `[sip]`, `[sip.tls]`, `[[sip.peer]]` and `[[sip.registration]]`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Seconds;

/// `[sip]`: where calls come in and from whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SipKeys {
    /// Transport and address of each listener.
    pub listen: Vec<String>,
    /// Networks whose hosts may send requests.
    pub peers: Vec<String>,
    /// Which of several called parties a diverted call is for.
    pub called_party: String,
    /// What requests from elsewhere get: `refuse` (403) or `ignore`.
    pub strangers: String,
    /// Session interval that is asked for where a peer asks for none.
    pub session_expires_seconds: Seconds,
    /// Memory for the trace of the last messages, in megabytes; 0: no trace.
    pub trace_megabytes: u16,
    /// `[sip.tls]`
    pub tls: SipTlsKeys,
    /// `[[sip.peer]]`, one table each.
    pub peer: Vec<PeerKeys>,
    /// `[[sip.registration]]`, one table each.
    pub registration: Vec<RegistrationKeys>,
}

impl Default for SipKeys {
    fn default() -> Self {
        Self {
            listen: vec!["udp:127.0.0.1:5060".into(), "tcp:127.0.0.1:5060".into()],
            peers: vec!["127.0.0.0/8".into(), "::1/128".into()],
            called_party: "first-known".into(),
            strangers: "refuse".into(),
            session_expires_seconds: Seconds(1800.0),
            trace_megabytes: 8,
            tls: SipTlsKeys::default(),
            peer: Vec::new(),
            registration: Vec::new(),
        }
    }
}

/// `[sip.tls]`: certificates for SIP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SipTlsKeys {
    /// PEM file with our certificate and its chain.
    pub certificate: Option<PathBuf>,
    /// PEM file with its key.
    pub key: Option<PathBuf>,
    /// PEM file with the certificate authorities to trust in place of the system's.
    pub ca: Option<PathBuf>,
    /// `none`, `optional` or `required`.
    pub client_certificate: String,
}

impl Default for SipTlsKeys {
    fn default() -> Self {
        Self { certificate: None, key: None, ca: None, client_certificate: "optional".into() }
    }
}

/// `[[sip.peer]]`: a phone system that needs settings of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeerKeys {
    /// What the log calls it.
    pub name: String,
    /// Where its requests come from.
    pub networks: Vec<String>,
    /// One of these its certificate must name; left empty: none is needed.
    pub certificate_names: Vec<String>,
    /// User of digest authentication; left out: it need not authenticate itself.
    pub user: Option<String>,
    /// File with the password for that.
    pub password_file: Option<PathBuf>,
    /// Hashes of digest authentication that are asked for: `sha-256`, `md5`.
    pub digest: Vec<String>,
    /// Headers that are believed.
    pub believe: Vec<String>,
    /// Whether it may report missed calls.
    pub reports: bool,
    /// Take its sound from any source.
    pub nat: bool,
    /// `off`, `optional` or `required`.
    pub srtp: String,
    /// Its calls at once; one more gets 486; 0: no limit.
    pub calls: usize,
    /// Whom to ask by OPTIONS whether it is there; left out: nobody.
    pub ping_uri: Option<String>,
    /// How often.
    pub ping_seconds: Seconds,
}

impl Default for PeerKeys {
    fn default() -> Self {
        let believe = ["asserted-identity", "remote-party-id", "diversion", "history-info"];
        Self {
            name: String::new(),
            networks: Vec::new(),
            certificate_names: Vec::new(),
            user: None,
            password_file: None,
            digest: ["sha-256", "md5"].map(str::to_owned).to_vec(),
            believe: believe.map(str::to_owned).to_vec(),
            reports: true,
            nat: false,
            srtp: "optional".into(),
            calls: 0,
            ping_uri: None,
            ping_seconds: Seconds(60.0),
        }
    }
}

/// `[[sip.registration]]`: Ringpost as an endpoint of a phone system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegistrationKeys {
    /// URI of the registrar.
    pub registrar: String,
    /// The address that calls for us are sent to there.
    pub address_of_record: String,
    /// User of digest authentication.
    pub user: Option<String>,
    /// File with the password for that.
    pub password_file: Option<PathBuf>,
    /// How long a registration is asked to last.
    pub expires_seconds: Seconds,
}

impl Default for RegistrationKeys {
    fn default() -> Self {
        Self {
            registrar: String::new(),
            address_of_record: String::new(),
            user: None,
            password_file: None,
            expires_seconds: Seconds(3600.0),
        }
    }
}
