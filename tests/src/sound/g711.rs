//! ITU-T G.711, both laws, written from the recommendation's segment rules.

/// Which law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// PCMU, RTP payload type 0.
    Mu,
    /// PCMA, RTP payload type 8.
    A,
}

/// One byte for each sample.
pub fn encode(law: Law, samples: &[i16]) -> Vec<u8> {
    let one = match law {
        Law::Mu => mu_from_linear,
        Law::A => a_from_linear,
    };
    samples.iter().map(|&sample| one(sample)).collect()
}

/// One sample for each byte.
pub fn decode(law: Law, bytes: &[u8]) -> Vec<i16> {
    let one = match law {
        Law::Mu => linear_from_mu,
        Law::A => linear_from_a,
    };
    bytes.iter().map(|&byte| one(byte)).collect()
}

fn mu_from_linear(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(32_635) + 132;
    // The highest set bit of the biased 15-bit value names the segment.
    let segment = (31 - magnitude.leading_zeros() as i32) - 7;
    let step = (magnitude >> (segment + 3)) & 0x0f;
    !(sign | (segment << 4) | step) as u8
}

fn linear_from_mu(byte: u8) -> i16 {
    let byte = i32::from(!byte);
    let magnitude = ((((byte & 0x0f) << 3) + 132) << ((byte >> 4) & 7)) - 132;
    (if byte & 0x80 == 0 { magnitude } else { -magnitude }) as i16
}

fn a_from_linear(sample: i16) -> u8 {
    let sign = if sample >= 0 { 0x80 } else { 0 };
    let magnitude = if sample >= 0 { i32::from(sample) } else { -i32::from(sample) - 1 } >> 4;
    let coded = if magnitude < 32 {
        // Segments 0 and 1 have the same step.
        magnitude
    } else {
        let shift = (31 - magnitude.leading_zeros() as i32) - 4;
        ((shift + 1) << 4) | ((magnitude >> shift) & 0x0f)
    };
    ((sign | coded) ^ 0x55) as u8
}

fn linear_from_a(byte: u8) -> i16 {
    let byte = i32::from(byte ^ 0x55);
    let segment = (byte >> 4) & 7;
    let step = ((byte & 0x0f) << 4) + 8;
    let magnitude = if segment == 0 { step } else { (step + 256) << (segment - 1) };
    (if byte & 0x80 == 0 { -magnitude } else { magnitude }) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_of_the_recommendation() {
        // ITU-T G.711 tables 1 and 2: ends and middle of the ranges.
        assert_eq!(decode(Law::Mu, &[0xff, 0x7f, 0x80, 0x00]), [0, 0, 32_124, -32_124]);
        assert_eq!(decode(Law::A, &[0xd5, 0x55, 0xaa, 0x2a]), [8, -8, 32_256, -32_256]);
    }

    #[test]
    fn every_code_survives_the_round_trip() {
        for law in [Law::Mu, Law::A] {
            for byte in 0..=255_u8 {
                let sample = decode(law, &[byte]);
                // Two codes of µ-law mean zero.
                if law == Law::Mu && byte == 0x7f {
                    continue;
                }
                assert_eq!(encode(law, &sample), [byte], "{law:?} {byte:#04x}");
            }
        }
    }

    #[test]
    fn the_error_stays_within_a_segment_step() {
        for law in [Law::Mu, Law::A] {
            for sample in (-32_000..32_000).step_by(7) {
                let back = i32::from(decode(law, &encode(law, &[sample as i16]))[0]);
                let error = (back - sample).abs();
                assert!(error <= 16.max(sample.abs() / 16), "{law:?} {sample} came back {back}");
            }
        }
    }
}
