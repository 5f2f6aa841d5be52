//! WAV files of other people: any usual format to 8000 Hz mono.

use std::io::Cursor;

use hound::{SampleFormat, WavReader};
use ringpost_model::Codec;
use rubato::audioadapter_buffers::owned::InterleavedOwned;
use rubato::{Fft, FixedSync, Resampler};

use crate::clock::RATE;
use crate::{MediaError, g711, riff, wav};

/// The longest prompt: 10 minutes.
const LONGEST_SECONDS: usize = 600;
/// Rates that sound is really recorded at.
const RATES: std::ops::RangeInclusive<u32> = 4000..=384_000;

/// Sound of several channels, as read.
struct Raw {
    samples: Vec<f32>,
    channels: usize,
    rate: u32,
}

/// Reads a whole file.
///
/// # Errors
/// [`MediaError::Wav`] says in a sentence what does not fit.
pub fn read(bytes: &[u8]) -> Result<Vec<i16>, MediaError> {
    let format = riff::chunk(bytes, b"fmt ").and_then(riff::format).ok_or_else(|| {
        MediaError::Wav("this is no WAV file: it does not begin with RIFF, WAVE and fmt".into())
    })?;
    let raw = match format {
        (riff::MULAW, channels, rate) => compressed(bytes, Codec::Pcmu, channels, rate),
        (riff::ALAW, channels, rate) => compressed(bytes, Codec::Pcma, channels, rate),
        (tag, ..) => plain(bytes, tag)?,
    };
    if raw.channels == 0 || !RATES.contains(&raw.rate) {
        return Err(MediaError::Wav(format!(
            "the WAV file has {} channels at {} Hz; give one or two at {} to {} Hz",
            raw.channels,
            raw.rate,
            RATES.start(),
            RATES.end()
        )));
    }
    if raw.samples.len() < raw.channels {
        return Err(MediaError::Wav("the WAV file has no sound in it".into()));
    }
    let seconds = raw.samples.len() / raw.channels / raw.rate as usize;
    if seconds >= LONGEST_SECONDS {
        return Err(MediaError::Wav(format!(
            "the WAV file is {seconds} s long; a prompt has less than {LONGEST_SECONDS} s"
        )));
    }
    let mono = mix(&raw);
    let sound = if raw.rate == RATE { mono } else { resample(mono, raw.rate)? };
    Ok(sound.into_iter().map(|sample| (sample * 32768.0).round() as i16).collect())
}

fn compressed(bytes: &[u8], codec: Codec, channels: u16, rate: u32) -> Raw {
    let octets = riff::chunk(bytes, b"data").unwrap_or_default();
    let mut room = vec![0; octets.len()];
    let samples = g711::decode(codec, octets, &mut room);
    let samples = samples.iter().map(|sample| f32::from(*sample) / 32768.0).collect();
    Raw { samples, channels: usize::from(channels), rate }
}

fn plain(bytes: &[u8], tag: u16) -> Result<Raw, MediaError> {
    let mut reader = WavReader::new(Cursor::new(bytes)).map_err(|error| unreadable(error, tag))?;
    let spec = reader.spec();
    let samples = match spec.sample_format {
        SampleFormat::Float => gather(reader.samples::<f32>()),
        SampleFormat::Int => {
            let full_scale = 2_f32.powi(i32::from(spec.bits_per_sample) - 1);
            gather(reader.samples::<i32>().map(|s| s.map(|s| s as f32 / full_scale)))
        }
    };
    let samples = samples.map_err(|error| unreadable(error, tag))?;
    Ok(Raw { samples, channels: usize::from(spec.channels), rate: spec.sample_rate })
}

/// All samples. A file that ends before its header says so is taken as it is:
/// programs that write to a pipe cannot know the length.
fn gather(
    samples: impl Iterator<Item = Result<f32, hound::Error>>,
) -> Result<Vec<f32>, hound::Error> {
    let mut all = Vec::new();
    for sample in samples {
        match sample {
            Ok(sample) => all.push(if sample.is_finite() { sample } else { 0.0 }),
            Err(hound::Error::IoError(_)) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

fn unreadable(error: hound::Error, tag: u16) -> MediaError {
    MediaError::Wav(match error {
        hound::Error::Unsupported => format!(
            "the WAV file has a format that is not known here (tag {tag}); save it as PCM, 16 bit"
        ),
        error => format!("the WAV file cannot be read: {}", wav::as_io(error)),
    })
}

fn mix(raw: &Raw) -> Vec<f32> {
    let share = 1.0 / raw.channels as f32;
    raw.samples.chunks_exact(raw.channels).map(|frame| frame.iter().sum::<f32>() * share).collect()
}

fn resample(mono: Vec<f32>, rate: u32) -> Result<Vec<f32>, MediaError> {
    let refused = |why: &dyn std::fmt::Display| {
        MediaError::Wav(format!("the WAV file cannot be brought from {rate} to {RATE} Hz: {why}"))
    };
    let frames = mono.len();
    let sound = InterleavedOwned::new_from(mono, 1, frames).map_err(|e| refused(&e))?;
    let mut resampler = Fft::<f32>::new(rate as usize, RATE as usize, 1024, 1, FixedSync::Both)
        .map_err(|e| refused(&e))?;
    let sound = resampler.process_all(&sound, frames, None).map_err(|e| refused(&e))?;
    Ok(sound.take_data())
}

#[cfg(test)]
mod tests {
    use hound::{WavSpec, WavWriter};

    use super::*;

    fn wave(rate: u32, frames: usize) -> impl Iterator<Item = f64> {
        let step = std::f64::consts::TAU * 300.0 / f64::from(rate);
        (0..frames).map(move |n| 0.5 * (n as f64 * step).sin())
    }

    fn file(rate: u32, channels: u16, bits: u16, format: SampleFormat) -> Vec<u8> {
        let spec =
            WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format: format };
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
        for sample in wave(rate, rate as usize) {
            for _ in 0..channels {
                match format {
                    SampleFormat::Float => writer.write_sample(sample as f32).unwrap(),
                    SampleFormat::Int => {
                        let full_scale = 2_f64.powi(i32::from(bits) - 1);
                        writer.write_sample((sample * full_scale) as i32).unwrap();
                    }
                }
            }
        }
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    fn correlation(sound: &[i16]) -> f64 {
        let (mut both, mut ours, mut theirs) = (0.0, 0.0, 0.0);
        for (a, b) in sound.iter().map(|s| f64::from(*s)).zip(wave(RATE, sound.len())) {
            both += a * b;
            ours += a * a;
            theirs += b * b;
        }
        both / (ours * theirs).sqrt()
    }

    #[test]
    fn every_usual_format_sounds_the_same() {
        let (int, float) = (SampleFormat::Int, SampleFormat::Float);
        for (rate, channels, bits, format) in [
            (8000, 1, 8, int),
            (8000, 2, 16, int),
            (11_025, 1, 16, int),
            (16_000, 1, 24, int),
            (22_050, 1, 16, int),
            (44_100, 2, 16, int),
            (48_000, 2, 32, int),
            (48_000, 6, 24, int),
            (96_000, 1, 32, float),
        ] {
            let sound = read(&file(rate, channels, bits, format)).unwrap();
            let name = format!("{rate} Hz, {channels} channels, {bits} bit {format:?}");
            assert!(sound.len().abs_diff(8000) <= 2, "{name}: {}", sound.len());
            assert!(correlation(&sound) > 0.99, "{name}: {}", correlation(&sound));
            let peak = sound.iter().map(|s| s.unsigned_abs()).max().unwrap();
            assert!((15_000..17_500).contains(&peak), "{name}: peak {peak}");
        }
    }

    #[test]
    fn high_tones_do_not_come_back_as_others() {
        let spec = WavSpec {
            channels: 1,
            sample_rate: 48_000,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
        for n in 0..48_000 {
            let angle = f64::from(n) * std::f64::consts::TAU * 6000.0 / 48_000.0;
            writer.write_sample((angle.sin() * 16_000.0) as i16).unwrap();
        }
        writer.finalize().unwrap();
        let sound = read(&bytes.into_inner()).unwrap();
        assert!(!crate::voice::is_loud(&sound[1000..7000]));
    }

    #[test]
    fn g711_files_and_files_of_unknown_length_are_read() {
        let sound: Vec<i16> = wave(RATE, 4000).map(|s| (s * 32768.0) as i16).collect();
        let mut mulaw = riff::mulaw_file(&g711::encode(Codec::Pcmu, &sound));
        assert!(correlation(&read(&mulaw).unwrap()) > 0.99);
        mulaw[20] = 6;
        assert!(correlation(&read(&mulaw).unwrap()) < 0.9, "A-law is another codec");
        let mut piped = file(8000, 1, 16, SampleFormat::Int);
        piped[40..44].copy_from_slice(&0x7fff_fffe_u32.to_le_bytes());
        assert_eq!(read(&piped).unwrap().len(), 8000);
    }

    #[test]
    fn what_cannot_be_played_is_refused_in_a_sentence() {
        let whole = file(8000, 1, 16, SampleFormat::Int);
        let mut adpcm = whole.clone();
        adpcm[20] = 2;
        let mut slow = whole.clone();
        slow[24..28].copy_from_slice(&100_u32.to_le_bytes());
        slow[28..32].copy_from_slice(&200_u32.to_le_bytes());
        let long = riff::mulaw_file(&vec![0xff; 8000 * LONGEST_SECONDS]);
        let table: [(&str, &[u8], &str); 6] = [
            ("empty", b"", "no WAV file"),
            ("MP3", b"ID3\x04 and so on and so on", "no WAV file"),
            ("ADPCM", &adpcm, "tag 2"),
            ("100 Hz", &slow, "100 Hz"),
            ("nothing in it", &whole[..44], "no sound"),
            ("ten minutes", &long, "600 s"),
        ];
        for (name, bytes, words) in table {
            let error = read(bytes).unwrap_err().to_string();
            assert!(error.contains(words), "{name}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn damaged_files_are_read_or_refused(
            changes in proptest::collection::vec((0..200_usize, proptest::num::u8::ANY), 1..6),
            cut in 0..400_usize,
        ) {
            let mut bytes = riff::pcm_header(300).to_vec();
            bytes.extend_from_slice(&[1; 300]);
            for (at, octet) in changes {
                bytes[at] = octet;
            }
            bytes.truncate(cut);
            let _ = read(&bytes);
        }
    }
}
