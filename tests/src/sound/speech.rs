//! A deterministic signal like speech: voiced bursts with gliding pitch and
//! formants, band-limited to the telephone's 300 to 3400 Hz, with short gaps.

use std::f64::consts::TAU;

use super::RATE;

/// `seconds` of speech-like sound at about -20 dBFS while it speaks. It begins
/// and ends with voice, no gap is longer than 0.25 s, and another `voice` says
/// something else.
pub fn speech(seconds: f64, voice: u64) -> Vec<i16> {
    let total = (seconds * RATE as f64) as usize;
    let mut chance = Chance(voice.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut samples = Vec::with_capacity(total);
    while samples.len() < total {
        let left = total - samples.len();
        let mut length = chance.between(0.25, 0.7, RATE);
        // What would be left after this burst is too short for another one.
        if left < length + RATE / 2 {
            length = left;
        }
        burst(&mut samples, length, &mut chance);
        let gap = chance.between(0.08, 0.25, RATE).min(total - samples.len());
        samples.extend(std::iter::repeat_n(0.0, gap));
    }
    let loudest = samples.iter().fold(0.0_f64, |peak, sample| peak.max(sample.abs()));
    let gain = 0.5 * f64::from(i16::MAX) / loudest.max(1e-9);
    samples.iter().map(|sample| (sample * gain) as i16).collect()
}

fn burst(samples: &mut Vec<f64>, length: usize, chance: &mut Chance) {
    let pitch = 105.0 + 90.0 * chance.next();
    let glide = 0.85 + 0.3 * chance.next();
    let formants = [
        (300.0 + 500.0 * chance.next(), 90.0),
        (900.0 + 1300.0 * chance.next(), 120.0),
        (2300.0 + 600.0 * chance.next(), 180.0),
    ];
    let fade = RATE / 50;
    let mut phase = 0.0;
    for at in 0..length {
        let progress = at as f64 / length as f64;
        let frequency = pitch * (1.0 + (glide - 1.0) * progress);
        phase = (phase + frequency / RATE as f64).fract();
        let mut sample = 0.0;
        let mut harmonic = 1.0;
        while harmonic * frequency < 3300.0 {
            let strength = shape(harmonic * frequency, &formants);
            if strength > 0.01 {
                sample += strength * (TAU * phase * harmonic + harmonic * harmonic).sin();
            }
            harmonic += 1.0;
        }
        sample += 0.05 * (chance.next() - 0.5);
        let edge = at.min(length - 1 - at);
        let envelope = if edge < fade { (edge + 1) as f64 / fade as f64 } else { 1.0 };
        samples.push(sample * envelope);
    }
}

/// How loud a partial is under these formants (resonance, bandwidth in Hz).
fn shape(frequency: f64, formants: &[(f64, f64)]) -> f64 {
    if frequency < 200.0 {
        return 0.05;
    }
    formants
        .iter()
        .map(|(centre, width)| 1.0 / (1.0 + ((frequency - centre) / width).powi(2)))
        .sum::<f64>()
}

/// xorshift64*: the same sequence for ever.
struct Chance(u64);

impl Chance {
    /// 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64, rate: usize) -> usize {
        ((low + (high - low) * self.next()) * rate as f64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::level;

    #[test]
    fn it_speaks_all_the_time_and_loud_enough() {
        let said = speech(8.0, 7);
        assert_eq!(said.len(), 8 * RATE);
        assert!((-30.0..-10.0).contains(&level(&said)), "{}", level(&said));
        for (at, quarter) in said.chunks(RATE * 2 / 5).enumerate() {
            assert!(level(quarter) > -45.0, "0.4 s from {at} are silent");
        }
        assert!(level(&said[said.len() - RATE / 5..]) > -35.0, "it ends with voice");
        assert_eq!(said, speech(8.0, 7));
    }
}
