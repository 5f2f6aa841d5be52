//! What is played to the caller, encoded once for each codec.

use std::fmt;
use std::time::Duration;

use ringpost_model::Codec;

use crate::{MediaError, clock, g711, import};

/// Spoken by `prompts/make-prompts`.
const GREETING: &[u8] = include_bytes!("../prompts/greeting.wav");
/// The tone at which to speak.
const BEEP: &[u8] = include_bytes!("../prompts/beep.wav");

/// A greeting or another sound to play.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Prompt {
    pcmu: Vec<u8>,
    pcma: Vec<u8>,
}

impl Prompt {
    /// The greeting inside the binary, its tone included.
    pub fn default_greeting() -> Self {
        // A test proves that the embedded files can be read.
        Self::from_wav(GREETING).unwrap_or_default().then_beep()
    }

    /// Reads a WAV file: PCM of 8, 16, 24 or 32 bit, float, or G.711; any rate;
    /// several channels are mixed into one.
    ///
    /// # Errors
    /// [`MediaError::Wav`] says in a sentence what does not fit.
    pub fn from_wav(bytes: &[u8]) -> Result<Self, MediaError> {
        Ok(Self::from_samples(&import::read(bytes)?))
    }

    /// The same with the tone after it at which the caller shall speak.
    #[must_use]
    pub fn then_beep(mut self) -> Self {
        let beep = Self::from_wav(BEEP).unwrap_or_default();
        self.pcmu.extend_from_slice(&beep.pcmu);
        self.pcma.extend_from_slice(&beep.pcma);
        self
    }

    /// How long it plays.
    pub fn duration(&self) -> Duration {
        clock::duration(self.pcmu.len() as u64)
    }

    /// From samples at 8000 Hz.
    pub(crate) fn from_samples(samples: &[i16]) -> Self {
        Self { pcmu: g711::encode(Codec::Pcmu, samples), pcma: g711::encode(Codec::Pcma, samples) }
    }

    /// All of it, one octet a sample.
    pub(crate) fn octets(&self, codec: Codec) -> &[u8] {
        match codec {
            Codec::Pcmu => &self.pcmu,
            Codec::Pcma => &self.pcma,
        }
    }
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prompt").field("duration", &self.duration()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FRAME;
    use crate::voice::is_loud;

    #[test]
    fn the_default_greeting_keeps_the_quiet_rule() {
        assert!(GREETING.len() + BEEP.len() < 150_000);
        let greeting = Prompt::default_greeting();
        assert!(greeting.duration() >= Duration::from_secs(2), "{greeting:?}");
        assert!(greeting.duration() <= Duration::from_secs(6), "{greeting:?}");
        let beep = Prompt::from_wav(BEEP).unwrap();
        assert!(beep.duration() >= Duration::from_millis(200));
        assert!(greeting.duration() > beep.duration() + Duration::from_secs(1), "says something");
        for codec in [Codec::Pcmu, Codec::Pcma] {
            assert!(greeting.octets(codec).ends_with(beep.octets(codec)));
            let mut room = vec![0; greeting.octets(codec).len()];
            let sound = g711::decode(codec, greeting.octets(codec), &mut room);
            // Frames at every offset of 5 ms, so that no pause hides behind the cut.
            for offset in [0, 40, 80, 120] {
                let frames: Vec<bool> = sound[offset..].chunks_exact(FRAME).map(is_loud).collect();
                assert!(frames[..10].contains(&true), "begins within 0.2 s");
                let first = frames.iter().position(|loud| *loud).unwrap();
                let quiet = frames[first..].split(|loud| *loud).map(<[bool]>::len).max().unwrap();
                assert!(quiet <= 14, "{} ms of quiet", quiet * 20);
                assert!(frames[frames.len() - 3..].contains(&true), "ends with the tone");
            }
        }
    }

    #[test]
    fn the_tone_comes_last() {
        let spoken = Prompt::from_samples(&[1000; 800]);
        let both = spoken.clone().then_beep();
        assert!(both.octets(Codec::Pcmu).starts_with(spoken.octets(Codec::Pcmu)));
        assert!(both.duration() > spoken.duration());
    }
}
