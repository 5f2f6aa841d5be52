//! Who may send us requests, and what is believed of each.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Network;

/// One peer: a phone system, a border controller, a front end. A request is of
/// the first peer that its source and its client certificate fit.
#[derive(Debug, Clone)]
pub struct Peer {
    /// What logs, metrics and the ledger call it.
    pub name: String,
    /// Where its requests come from, and where its sound may go to and come from.
    pub networks: Vec<Network>,
    /// Where not empty: only over TLS, with a client certificate that names one
    /// of these (RFC 5922).
    pub certificate_names: Vec<String>,
    /// Where given: every request but ACK and CANCEL has to authenticate itself
    /// by digest (RFC 3261 §22, RFC 8760).
    pub digest: Option<Credentials>,
    /// The hashes it may use for that.
    pub digest_hashes: DigestHashes,
    /// Which headers of it are believed.
    pub believed: Believed,
    /// May it report missed calls (INFO)? Else 403.
    pub reports: bool,
    /// It sits behind address translation: sound is taken from any source.
    pub nat: bool,
    /// Encrypted sound.
    pub srtp: SrtpPolicy,
    /// Its calls at once; one more gets 486. 0: no limit of its own.
    pub calls: usize,
    /// How often it is asked by OPTIONS whether it is there, and by which URI.
    pub ping: Option<Ping>,
}

impl Peer {
    /// A peer in these networks with everything believed, as the networks of
    /// `sip.peers` are.
    pub fn trusted(name: impl Into<String>, networks: Vec<Network>) -> Peer {
        Peer {
            name: name.into(),
            networks,
            certificate_names: Vec::new(),
            digest: None,
            digest_hashes: DigestHashes::ALL,
            believed: Believed::ALL,
            reports: true,
            nat: false,
            srtp: SrtpPolicy::Optional,
            calls: 0,
            ping: None,
        }
    }
}

/// How it stands with one peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerState {
    /// As configured.
    pub name: Arc<str>,
    /// Calls of it that came in and are not over.
    pub live_calls: u64,
    /// Requests received of it and admitted; repeats are not counted again.
    pub requests: u64,
    /// It answers OPTIONS; `None`: it is not asked, or was not yet.
    pub reachable: Option<bool>,
    /// Since when that is so.
    pub changed: Option<Instant>,
    /// From its last OPTIONS to the answer.
    pub round_trip: Option<Duration>,
}

/// Headers that name caller and called party, and whether they are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Believed {
    /// P-Asserted-Identity (RFC 3325).
    pub asserted_identity: bool,
    /// Remote-Party-ID (draft-ietf-sip-privacy-04), which came before it.
    pub remote_party_id: bool,
    /// Diversion (RFC 5806).
    pub diversion: bool,
    /// History-Info (RFC 7044).
    pub history_info: bool,
}

impl Believed {
    /// All of them.
    pub const ALL: Believed = Believed {
        asserted_identity: true,
        remote_party_id: true,
        diversion: true,
        history_info: true,
    };
    /// None: From and Request-URI only.
    pub const NONE: Believed = Believed {
        asserted_identity: false,
        remote_party_id: false,
        diversion: false,
        history_info: false,
    };
}

/// Hashes that a peer is asked to prove itself by, SHA-256 first (RFC 8760). Some
/// phone systems give up at a challenge for a hash that they do not know, wherever
/// among the others it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DigestHashes {
    /// SHA-256.
    pub sha_256: bool,
    /// MD5.
    pub md5: bool,
}

impl DigestHashes {
    /// Both.
    pub const ALL: DigestHashes = DigestHashes { sha_256: true, md5: true };
}

/// Encrypted sound with keys in SDP (RFC 4568, RFC 3711).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SrtpPolicy {
    /// Plain RTP only; an offer of nothing else gets 488.
    Off,
    /// As offered: encrypted where keys are offered (RFC 8643), plain where not.
    #[default]
    Optional,
    /// Encrypted only; a plain offer gets 488.
    Required,
}

/// OPTIONS sent to a peer to learn whether it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping {
    /// Request-URI, and by RFC 3263 the way.
    pub uri: String,
    /// From the end of one to the next.
    pub every: Duration,
}

/// What somebody outside of every peer's networks hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strangers {
    /// 403.
    #[default]
    Refused,
    /// Nothing at all.
    Ignored,
}

/// User and password for digest authentication.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}
