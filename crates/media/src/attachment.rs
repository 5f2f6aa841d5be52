//! A recording as it goes into the mail.

use std::io::BufReader;
use std::path::Path;

use hound::WavReader;
use ringpost_model::Codec;

use crate::{MediaError, g711, riff, wav};

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
/// The file is not there, or is no recording ended in order.
pub fn attachment(path: &Path, sound: Sound) -> Result<Vec<u8>, MediaError> {
    let at = |source| MediaError::File { path: path.to_owned(), source };
    match sound {
        Sound::PcmWav => std::fs::read(path).map_err(at),
        Sound::G711Wav => {
            let file = std::fs::File::open(path).map_err(at)?;
            let reader = BufReader::with_capacity(1 << 16, file);
            let reader = WavReader::new(reader).map_err(|error| at(wav::as_io(error)))?;
            let samples: Result<Vec<i16>, _> = reader.into_samples::<i16>().collect();
            let samples = samples.map_err(|error| at(wav::as_io(error)))?;
            Ok(riff::mulaw_file(&g711::encode(Codec::Pcmu, &samples)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Prompt, wav::Wav};

    #[test]
    fn both_forms_hold_the_same_sound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let sound: Vec<i16> = (0..8001).map(|n| ((n % 80) * 300 - 12_000) as i16).collect();
        let mut file = Wav::create(&path).unwrap();
        file.append(&sound).unwrap();
        drop(file.finalize().unwrap());
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
        assert!(attachment(&folder.path().join("b.wav"), Sound::G711Wav).is_err());
    }
}
