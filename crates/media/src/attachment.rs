//! A recording as it goes into the mail.

use std::io::{self, ErrorKind};
use std::path::Path;

use ringpost_model::Codec;

use crate::{MediaError, g711, riff};

/// How many samples are turned into µ-law at a time: a long recording does not lie
/// in memory once more.
const BLOCK: usize = 8192;

/// The sound of a voice mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sound {
    /// WAV with G.711 µ-law, as MS-OXOUM lists it; half the size.
    #[default]
    G711Wav,
    /// WAV with PCM of 16 bit.
    PcmWav,
}

/// Reads a recording and returns the bytes of the WAV file for the mail.
///
/// # Errors
/// The file cannot be read, or it is no recording.
pub fn attachment(path: &Path, sound: Sound) -> Result<Vec<u8>, MediaError> {
    let at = |source| MediaError::File { path: path.to_owned(), source };
    let file = std::fs::read(path).map_err(at)?;
    match sound {
        Sound::PcmWav => Ok(file),
        Sound::G711Wav => {
            let no_recording =
                || at(io::Error::new(ErrorKind::InvalidData, "no recording of 16 bit"));
            Ok(riff::mulaw_file(&mulaw(&file).ok_or_else(no_recording)?))
        }
    }
}

/// The sound of a recording in µ-law, one octet a sample.
fn mulaw(file: &[u8]) -> Option<Vec<u8>> {
    riff::format(riff::chunk(file, b"fmt ")?).filter(|format| *format == riff::RECORDING)?;
    let (samples, _) = riff::chunk(file, b"data")?.as_chunks::<2>();
    let mut octets = Vec::with_capacity(samples.len());
    let mut block = Vec::with_capacity(samples.len().min(BLOCK));
    for part in samples.chunks(BLOCK) {
        block.clear();
        block.extend(part.iter().map(|sample| i16::from_le_bytes(*sample)));
        octets.extend_from_slice(&g711::encode(Codec::Pcmu, &block));
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Prompt;
    use crate::wav::{self, Wav};

    #[test]
    fn both_forms_hold_the_same_sound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let sound: Vec<i16> = (0..8001).map(|n| ((n % 80) * 300 - 12_000) as i16).collect();
        let mut file = Wav::create(&path).unwrap();
        file.append(&wav::octets(&sound)).unwrap();
        drop(file.finalize(Duration::ZERO).unwrap());
        let pcm = attachment(&path, Sound::PcmWav).unwrap();
        let g711 = attachment(&path, Sound::G711Wav).unwrap();
        assert_eq!((pcm.len(), g711.len()), (44 + 16_002, 58 + 8001 + 1));
        let octets = |prompt: Prompt| prompt.octets(Codec::Pcmu).to_vec();
        let read = Prompt::from_wav(&g711).unwrap();
        assert_eq!(octets(read), octets(Prompt::from_samples(&sound)));
        assert_eq!(
            g711[20..38],
            [7, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x40, 0x1f, 0, 0, 1, 0, 8, 0, 0, 0]
        );
        assert_eq!(g711[38..50], [&b"fact"[..], &[4, 0, 0, 0], &8001_u32.to_le_bytes()].concat());
        for file in [&pcm, &g711] {
            let says = u32::from_le_bytes(file[4..8].try_into().unwrap());
            assert_eq!(says as usize, file.len() - 8);
        }
        let gone = folder.path().join("b.wav");
        assert!(attachment(&gone, Sound::G711Wav).is_err());
        // Something else under its name is no sound that is sent under a false flag.
        for other in [&b""[..], b"RIFF", &g711, &pcm[..20]] {
            std::fs::write(&gone, other).unwrap();
            let error = attachment(&gone, Sound::G711Wav).unwrap_err();
            assert!(error.to_string().contains("no recording"), "{error}");
        }
    }
}
