//! Sound that can be told apart and measured.

use std::f64::consts::TAU;

use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::{PcmuDecoder, PcmuEncoder};
use audio_codec::{Decoder, Encoder};
use ringpost_model::Codec;

pub fn encode(codec: Codec, sound: &[i16]) -> Vec<u8> {
    let mut octets = vec![0; sound.len()];
    match codec {
        Codec::Pcmu => PcmuEncoder::new().encode_into(sound, &mut octets).unwrap(),
        Codec::Pcma => PcmaEncoder::new().encode_into(sound, &mut octets).unwrap(),
    };
    octets
}

pub fn decode(codec: Codec, octets: &[u8]) -> Vec<i16> {
    let mut sound = vec![0; octets.len()];
    match codec {
        Codec::Pcmu => PcmuDecoder::new().decode_into(octets, &mut sound).unwrap(),
        Codec::Pcma => PcmaDecoder::new().decode_into(octets, &mut sound).unwrap(),
    };
    sound
}

/// A tone that rises, so that it fits itself at one place only.
pub fn tone(milliseconds: usize) -> Vec<i16> {
    let hertz = |n: usize| 300.0 + n as f64 * 0.05;
    let wave = |n: usize| 8000.0 * (TAU * hertz(n) * n as f64 / 8000.0).sin();
    (0..milliseconds * 8).map(|n| wave(n) as i16).collect()
}

pub fn wav(sound: &[i16]) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    sound.iter().for_each(|sample| writer.write_sample(*sample).unwrap());
    writer.finalize().unwrap();
    bytes.into_inner()
}

pub fn correlation(a: &[i16], b: &[i16]) -> f64 {
    let (mut both, mut left, mut right) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().map(|s| f64::from(*s)).zip(b.iter().map(|s| f64::from(*s))) {
        both += a * b;
        left += a * a;
        right += b * b;
    }
    both / (left * right).sqrt()
}

/// Where `sound` begins in `recording`, near its first loud sample, and how
/// well all of it fits there.
pub fn align(recording: &[i16], sound: &[i16]) -> (usize, f64) {
    let loud = recording.iter().position(|sample| sample.abs() > 500).unwrap();
    let begins = |at: &usize| correlation(&recording[*at..], &sound[..800]);
    let places = loud.saturating_sub(200)..loud + 200;
    let at = places.max_by(|a, b| begins(a).total_cmp(&begins(b))).unwrap();
    (at, correlation(&recording[at..], sound))
}
