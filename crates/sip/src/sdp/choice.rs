//! Which stream of an offer is taken, and whether it is encrypted.

use ringpost_model::{RemoteAudio, Srtp};

use super::crypto::{Crypto, fitted};
use super::offer::{Media, Offer};
use crate::SrtpPolicy;

impl Offer {
    /// The first audio stream with PCMU or PCMA in it that the policy allows, an
    /// encrypted one before a plain one, and of the codecs and of the keys those
    /// that the peer names first. `None`: nothing we speak. Our own key is made
    /// once for each offer.
    pub(crate) fn audio(&self, policy: SrtpPolicy) -> Option<RemoteAudio> {
        let plain = || self.media.iter().find_map(Media::plain);
        match policy {
            SrtpPolicy::Off => plain(),
            SrtpPolicy::Optional => self.secure().or_else(plain),
            SrtpPolicy::Required => self.secure(),
        }
    }

    fn secure(&self) -> Option<RemoteAudio> {
        self.media.iter().find_map(|media| {
            // RTP/AVP with keys is offered to be encrypted, too (RFC 8643).
            let (audio, crypto) = (media.audio()?, media.crypto.first()?);
            let local = fitted(self.local, crypto.suite);
            let srtp = Srtp { suite: crypto.suite, local, remote: crypto.key };
            Some(RemoteAudio { srtp: Some(srtp), ..audio })
        })
    }

    /// Which `m=` line [`Offer::audio`] chose, counted from 0, and which keys in it.
    pub(super) fn accepted(&self, chosen: &RemoteAudio) -> Option<(usize, Option<&Crypto>)> {
        let mut lines = self.media.iter().enumerate();
        lines.find_map(|(index, media)| match chosen.srtp {
            None => media.plain().map(|_| (index, None)),
            Some(srtp) => {
                media.audio()?;
                let is_chosen =
                    |crypto: &&Crypto| (crypto.suite, crypto.key) == (srtp.suite, srtp.remote);
                media.crypto.iter().find(is_chosen).map(|crypto| (index, Some(crypto)))
            }
        })
    }
}

impl Media {
    fn plain(&self) -> Option<RemoteAudio> {
        self.audio().filter(|_| self.is_plain())
    }
}
