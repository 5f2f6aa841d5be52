//! Sound that can be measured: a signal like speech, G.711, levels, and how
//! well a recording matches what was sent.

mod alignment;
mod g711;
mod speech;
mod wav;

pub use alignment::{Alignment, align};
pub use g711::{Law, decode, encode};
pub use speech::speech;
pub use wav::{Wav, read_wav, write_wav};

/// Samples a second everywhere here.
pub const RATE: usize = 8000;

/// Mean level in dBFS (0 dB is a square wave at full scale); quiet as the grave
/// is -120.
pub fn level(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return -120.0;
    }
    let energy: f64 = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    let mean = energy / samples.len() as f64 / f64::from(i16::MAX).powi(2);
    (10.0 * mean.max(1e-12).log10()).max(-120.0)
}

/// Length in seconds.
pub fn seconds(samples: &[i16]) -> f64 {
    samples.len() as f64 / RATE as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_known_levels() {
        assert!(level(&[i16::MAX, -i16::MAX, i16::MAX]).abs() < 0.01);
        assert!((level(&[3277; 100]) + 20.0).abs() < 0.01);
        assert!(level(&[0; 100]) <= -119.0);
    }

    #[test]
    fn a_late_quieter_copy_is_found_where_it_is() {
        let said = speech(2.0, 1);
        let mut heard = vec![3_i16; 5000];
        heard.extend(decode(Law::Mu, &encode(Law::Mu, &said)).iter().map(|&s| s / 2));
        heard.extend([0; 800]);
        let found = align(&said, &heard);
        assert_eq!(found.lag, 5000);
        assert_eq!(found.overlap, said.len());
        assert!(found.correlation > 0.995, "{found:?}");
    }

    #[test]
    fn other_speech_and_damaged_speech_do_not_match() {
        let said = speech(2.0, 1);
        assert!(align(&said, &speech(2.0, 2)).correlation < 0.6);
        // A packet in ten lost and not filled: the rest slides forward.
        let lossy: Vec<i16> = said
            .chunks(160)
            .enumerate()
            .filter(|(packet, _)| packet % 10 != 9)
            .flat_map(|(_, chunk)| chunk.to_vec())
            .collect();
        assert!(align(&said, &lossy).correlation < 0.9);
    }

    #[test]
    fn a_cut_recording_shows_its_overlap() {
        let said = speech(3.0, 1);
        let found = align(&said, &said[..16_000]);
        assert_eq!((found.lag, found.overlap), (0, 16_000));
        let late = align(&said, &said[800..]);
        assert_eq!((late.lag, late.overlap), (-800, said.len() - 800));
    }
}
