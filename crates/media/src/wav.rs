//! A recording's file: 16 bit, 8000 Hz, mono.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use hound::{SampleFormat, WavSpec};

use crate::clock::{self, RATE};
use crate::riff;

/// The one format of recordings.
pub const SPEC: WavSpec = WavSpec {
    channels: 1,
    sample_rate: RATE,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

/// Octets of silence written in one go.
const SILENCE: usize = 8192;

/// A file that grows. Its header says that it is empty, until it is ended: one
/// that a crash cut off is known by that.
#[derive(Debug)]
pub struct Wav {
    file: File,
    /// Octets of sound.
    length: u64,
}

/// A file that is whole, but not yet synced.
#[derive(Debug)]
pub struct Whole {
    /// For the sync.
    pub file: File,
    /// Length of the sound.
    pub duration: Duration,
    /// How much of it is above -45 dBFS.
    pub said: Duration,
}

impl Wav {
    /// Creates the file, without an octet in it; one that exists is never
    /// written over.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        Ok(Self { file, length: 0 })
    }

    /// Appends [`octets`], in one write; the first one takes the header along.
    ///
    /// # Errors
    /// What the system says; the file may then end anywhere.
    pub fn append(&mut self, sound: &[u8]) -> io::Result<()> {
        if self.length == 0 {
            self.file.write_all(&[&riff::pcm_header(0), sound].concat())?;
        } else {
            self.file.write_all(sound)?;
        }
        self.length += sound.len() as u64;
        Ok(())
    }

    /// Appends so many samples of silence.
    ///
    /// # Errors
    /// As [`Wav::append`].
    pub fn append_silence(&mut self, samples: usize) -> io::Result<()> {
        let mut left = samples * 2;
        while left > 0 {
            let part = left.min(SILENCE);
            self.append([0; SILENCE].get(..part).unwrap_or_default())?;
            left -= part;
        }
        Ok(())
    }

    /// Ends the file, of which so much is above -45 dBFS.
    ///
    /// # Errors
    /// What the system says.
    pub fn finalize(self, said: Duration) -> io::Result<Whole> {
        let octets = u32::try_from(self.length).unwrap_or(u32::MAX);
        self.file.write_all_at(&riff::pcm_header(octets), 0)?;
        Ok(Whole { file: self.file, duration: clock::duration(self.length / 2), said })
    }
}

/// Samples as they stand in the file.
pub fn octets(samples: &[i16]) -> Vec<u8> {
    let mut octets = vec![0; samples.len() * 2];
    for (pair, sample) in octets.as_chunks_mut().0.iter_mut().zip(samples) {
        *pair = sample.to_le_bytes();
    }
    octets
}

/// hound's error as the system's.
pub fn as_io(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_is_what_a_reader_finds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let mut wav = Wav::create(&path).unwrap();
        let sound: Vec<i16> = (0..10_000).map(|n| (n * 7 % 60_000 - 30_000) as i16).collect();
        wav.append(&octets(&sound[..4074])).unwrap();
        wav.append_silence(9000).unwrap();
        wav.append(&octets(&sound[4074..])).unwrap();
        assert!(Wav::create(&path).is_err(), "never written over");
        let whole = wav.finalize(Duration::ZERO).unwrap();
        assert_eq!(whole.duration, Duration::from_micros(19_000 * 125));
        let mut reader = hound::WavReader::open(&path).unwrap();
        assert_eq!(reader.spec(), SPEC);
        let read: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert!(read[..4074] == sound[..4074] && read[13_074..] == sound[4074..]);
        assert_eq!(read[4074..13_074], [0; 9000]);
    }

    #[test]
    fn a_recording_without_sound_has_its_header() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        drop(Wav::create(&path).unwrap().finalize(Duration::ZERO).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), riff::pcm_header(0));
    }
}
