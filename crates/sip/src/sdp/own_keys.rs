//! What an offer of ours says of encryption, and which answer fits it.

use ringpost_model::{Srtp, SrtpSuite};

use super::crypto::{Crypto, fitted, new_key};
use super::offer::Media;
use crate::SrtpPolicy;

/// In the order in which we like them; the first is the one that every
/// implementation has (RFC 4568 §6.2).
const SUITES: [SrtpSuite; 3] =
    [SrtpSuite::AesCm128Sha1_80, SrtpSuite::AesCm256Sha1_80, SrtpSuite::AesCm128Sha1_32];

/// The keys in an offer of ours, to be kept until its answer comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnKeys {
    pub(super) protocol: &'static str,
    pub(super) lines: Vec<Crypto>,
}

impl OwnKeys {
    /// Fresh ones for a call that begins. [`SrtpPolicy::Optional`] offers plain
    /// RTP with keys beside it (RFC 8643), [`SrtpPolicy::Required`] RTP/SAVP.
    pub(crate) fn fresh(policy: SrtpPolicy) -> OwnKeys {
        let lines = || {
            let line = |(tag, suite)| Self::line(tag, suite, fitted(new_key(), suite));
            (1..).zip(SUITES).map(line).collect()
        };
        match policy {
            SrtpPolicy::Off => OwnKeys { protocol: "RTP/AVP", lines: Vec::new() },
            SrtpPolicy::Optional => OwnKeys { protocol: "RTP/AVP", lines: lines() },
            SrtpPolicy::Required => OwnKeys { protocol: "RTP/SAVP", lines: lines() },
        }
    }

    /// Those of a call that stands: a new offer changes nothing.
    pub(crate) fn current(srtp: Option<Srtp>) -> OwnKeys {
        match srtp {
            Some(srtp) => {
                OwnKeys { protocol: "RTP/SAVP", lines: vec![Self::line(1, srtp.suite, srtp.local)] }
            }
            None => Self::fresh(SrtpPolicy::Off),
        }
    }

    /// The keys of both sides, where the peer's answer took one of ours up, or
    /// none where there need not be any. `None`: the answer does not fit.
    pub(super) fn settle(&self, answer: &Media) -> Option<Option<Srtp>> {
        let agreed = answer.crypto.iter().find_map(|theirs| {
            let ours = |ours: &&Crypto| (ours.tag, ours.suite) == (theirs.tag, theirs.suite);
            let ours = self.lines.iter().find(ours)?;
            Some(Srtp { suite: ours.suite, local: ours.key, remote: theirs.key })
        });
        if agreed.is_some() {
            return Some(agreed);
        }
        let may_be_plain = self.protocol == "RTP/AVP" && answer.is_plain();
        // Keys that fit none of ours: what follows would be noise.
        (may_be_plain && (self.lines.is_empty() || !answer.has_keys)).then_some(None)
    }

    fn line(tag: u32, suite: SrtpSuite, key: ringpost_model::SrtpKey) -> Crypto {
        Crypto { tag, suite, name: suite.name(), key }
    }
}
