//! Recordings that a crash cut off, made whole by their length.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use hound::WavReader;

use crate::event::Recorded;
use crate::voice::Said;
use crate::{MediaError, clock, riff, wav};

/// Repairs, measures and syncs every recording of the folder that was not ended
/// in order, in the order of their names. To be called before the engine starts.
///
/// One that was cut off before any sound was in it may look as if it had been
/// ended in order, and is not among them: of a call that is known to have been
/// cut off, ask by [`recover_file`].
///
/// # Errors
/// The folder cannot be read or synced. A single file that cannot be repaired
/// is logged and left out.
pub fn recover(recordings: &Path) -> Result<Vec<Recorded>, MediaError> {
    let at = |source| MediaError::File { path: recordings.to_owned(), source };
    let mut paths = Vec::<PathBuf>::new();
    for entry in std::fs::read_dir(recordings).map_err(at)? {
        let path = entry.map_err(at)?.path();
        if path.extension() == Some(OsStr::new("wav")) && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    let mut recovered = Vec::new();
    for path in paths {
        match repair(&path) {
            Ok(false) => {}
            Ok(true) => match measure(&path) {
                Ok(recorded) => recovered.push(recorded),
                Err(error) => tracing::error!(%error, "a recording stays as it is"),
            },
            Err(error) => tracing::error!(%error, "a recording stays as it is"),
        }
    }
    if !recovered.is_empty() {
        sync_folder(recordings)?;
    }
    Ok(recovered)
}

/// The same for one recording, ended in order or not: when this returns, it is
/// whole and on stable storage.
///
/// # Errors
/// It is not there, is no recording, or cannot be written.
pub fn recover_file(path: &Path) -> Result<Recorded, MediaError> {
    if !repair(path)? {
        let file = File::open(path).and_then(|file| file.sync_all());
        file.map_err(|source| MediaError::File { path: path.to_owned(), source })?;
    }
    if let Some(folder) = path.parent() {
        sync_folder(folder)?;
    }
    measure(path)
}

/// Length and speech of a recording; reads all of it and changes nothing.
///
/// # Errors
/// It is not there, or is no recording ended in order.
pub fn measure(path: &Path) -> Result<Recorded, MediaError> {
    let at = |source| MediaError::File { path: path.to_owned(), source };
    let mut reader = WavReader::open(path).map_err(|error| at(wav::as_io(error)))?;
    if reader.spec() != wav::SPEC {
        return Err(MediaError::Wav(format!(
            "{} is no recording: it is not 16 bit, 8000 Hz, mono",
            path.display()
        )));
    }
    let duration = clock::duration(u64::from(reader.duration()));
    let mut said = Said::default();
    let mut batch = Vec::with_capacity(4096);
    let mut samples = reader.samples::<i16>();
    loop {
        batch.clear();
        for sample in samples.by_ref().take(4096) {
            batch.push(sample.map_err(|error| at(wav::as_io(error)))?);
        }
        if batch.is_empty() {
            break;
        }
        said.add(&batch);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(Recorded { file: name.into_owned(), duration, said: said.total() })
}

/// Makes the names in a folder durable.
///
/// # Errors
/// What the system says.
pub fn sync_folder(folder: &Path) -> Result<(), MediaError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| MediaError::File { path: folder.to_owned(), source })
}

/// Brings the header of a cut off recording in line with its length and syncs
/// the file. `false`: there was nothing to do.
fn repair(path: &Path) -> Result<bool, MediaError> {
    let at = |source| MediaError::File { path: path.to_owned(), source };
    let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(at)?;
    let length = file.metadata().map_err(at)?.len();
    let mut header = Vec::with_capacity(riff::PCM_HEADER);
    let room = riff::PCM_HEADER as u64;
    (&mut file).take(room).read_to_end(&mut header).map_err(at)?;
    let sound = length.saturating_sub(room) & !1;
    let octets = u32::try_from(sound).map_err(|error| at(io::Error::other(error)))?;
    let right = riff::pcm_header(octets);
    if header == right && length == room + sound {
        return Ok(false);
    }
    if is_foreign(&header) {
        return Ok(false);
    }
    file.set_len(room + sound).map_err(at)?;
    file.seek(SeekFrom::Start(0)).map_err(at)?;
    file.write_all(&right).map_err(at)?;
    file.sync_all().map_err(at)?;
    Ok(true)
}

/// Somebody else's WAV file: another layout than that of our recordings, yet a
/// header and not the zeros that a power cut may leave.
fn is_foreign(header: &[u8]) -> bool {
    let ours = riff::pcm_header(0);
    let differs = |range: std::ops::Range<usize>| header.get(range.clone()) != ours.get(range);
    header.len() == ours.len()
        && header.iter().any(|octet| *octet != 0)
        && (differs(0..4) || differs(8..40))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::wav::Wav;

    /// A second and a half of sound that the header does not know of.
    fn cut_off(folder: &Path) -> Vec<u8> {
        let path = folder.join("whole.wav");
        let mut wav = Wav::create(&path).unwrap();
        wav.append(&[0; 8000]).unwrap();
        let square: Vec<i16> = (0..4000).map(|n| if n % 20 < 10 { 9000 } else { -9000 }).collect();
        wav.append(&wav::octets(&square)).unwrap();
        wav.append(&wav::octets(&square)).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        drop(wav);
        std::fs::remove_file(path).unwrap();
        assert_eq!(bytes.len(), 44 + 24_000);
        bytes
    }

    #[test]
    fn a_file_cut_anywhere_is_made_whole() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = cut_off(folder.path());
        let path = folder.path().join("a.wav");
        let cuts =
            (0..=48).chain([8044, 8045, 15_999, 16_043, 16_044, 16_045, 20_001, 24_043, 24_044]);
        for cut in cuts {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let recovered = recover(folder.path()).unwrap();
            let samples = cut.saturating_sub(44) / 2;
            if cut == 44 {
                assert_eq!(recovered, [], "an empty recording, as far as anybody can tell");
                continue;
            }
            let duration = clock::duration(samples as u64);
            assert_eq!(recovered.len(), 1, "cut at {cut}");
            assert_eq!(recovered[0].file, "a.wav");
            assert_eq!(recovered[0].duration, duration, "cut at {cut}");
            let loud = samples.saturating_sub(4000) / 160;
            assert_eq!(recovered[0].said, Duration::from_millis(20 * loud as u64), "cut at {cut}");
            assert_eq!(measure(&path).unwrap(), recovered[0]);
            assert_eq!(std::fs::metadata(&path).unwrap().len(), 44 + 2 * samples as u64);
            assert_eq!(recover(folder.path()).unwrap(), [], "nothing is left to do");
        }
    }

    #[test]
    fn a_header_of_zeros_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = cut_off(folder.path());
        bytes[..44].fill(0);
        std::fs::write(folder.path().join("a.wav"), &bytes).unwrap();
        let recovered = recover(folder.path()).unwrap();
        assert_eq!(recovered[0].duration, Duration::from_millis(1500));
    }

    #[test]
    fn what_is_whole_or_foreign_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("whole.wav");
        let mut wav = Wav::create(&path).unwrap();
        wav.append(&wav::octets(&[5000; 1234])).unwrap();
        drop(wav.finalize(Duration::ZERO).unwrap());
        let stereo = hound::WavSpec { channels: 2, ..wav::SPEC };
        let foreign = folder.path().join("foreign.wav");
        let mut writer = hound::WavWriter::create(&foreign, stereo).unwrap();
        writer.write_sample(1_i16).unwrap();
        writer.write_sample(1_i16).unwrap();
        writer.finalize().unwrap();
        std::fs::write(folder.path().join("text.txt"), "no sound").unwrap();
        let before = [std::fs::read(&path).unwrap(), std::fs::read(&foreign).unwrap()];
        assert_eq!(recover(folder.path()).unwrap(), []);
        assert_eq!(before, [std::fs::read(&path).unwrap(), std::fs::read(&foreign).unwrap()]);
        assert_eq!(recover_file(&path).unwrap().duration, clock::duration(1234));
        assert!(measure(&foreign).unwrap_err().to_string().contains("no recording"));
        assert!(recover_file(&folder.path().join("none.wav")).is_err());
        assert!(recover(&folder.path().join("none")).is_err());
    }
}
