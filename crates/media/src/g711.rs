//! G.711 µ-law and A-law (ITU-T G.711), sample by sample.

use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::{PcmuDecoder, PcmuEncoder};
use audio_codec::{Decoder, Encoder};
use ringpost_model::Codec;

/// The octet that says nothing.
pub const fn silence(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0xff,
        Codec::Pcma => 0xd5,
    }
}

/// Decodes into `out` and returns the part that was filled; octets beyond the
/// room of `out` are left.
pub fn decode<'a>(codec: Codec, octets: &[u8], out: &'a mut [i16]) -> &'a [i16] {
    let octets = octets.get(..out.len()).unwrap_or(octets);
    let decoded = match codec {
        Codec::Pcmu => PcmuDecoder::new().decode_into(octets, out),
        Codec::Pcma => PcmaDecoder::new().decode_into(octets, out),
    };
    out.get(..decoded.unwrap_or(0)).unwrap_or_default()
}

/// Encodes all samples, one octet each.
pub fn encode(codec: Codec, samples: &[i16]) -> Vec<u8> {
    let mut octets = vec![silence(codec); samples.len()];
    // The room is exact, so there is nothing that could fail.
    let _ = match codec {
        Codec::Pcmu => PcmuEncoder::new().encode_into(samples, &mut octets),
        Codec::Pcma => PcmaEncoder::new().encode_into(samples, &mut octets),
    };
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_survives_decoding_and_encoding() {
        for codec in [Codec::Pcmu, Codec::Pcma] {
            let octets: Vec<u8> = (0..=255).collect();
            let mut room = [0; 256];
            let samples = decode(codec, &octets, &mut room).to_vec();
            let mut again = [0; 256];
            let twice = decode(codec, &encode(codec, &samples), &mut again);
            // The two codes next to zero may become one.
            for (once, twice) in samples.iter().zip(twice) {
                assert!(once.abs_diff(*twice) <= 16, "{}: {once} {twice}", codec.name());
                assert!(once == twice || once.abs() <= 8, "{}: {once} {twice}", codec.name());
            }
        }
    }

    #[test]
    fn silence_is_silent_and_the_loudest_sample_is_safe() {
        for codec in [Codec::Pcmu, Codec::Pcma] {
            let mut room = [1; 4];
            for sample in decode(codec, &[silence(codec); 4], &mut room) {
                assert!(sample.abs() <= 8, "{}", codec.name());
            }
            let octets = encode(codec, &[i16::MIN, i16::MAX]);
            let loud = decode(codec, &octets, &mut room);
            assert!(loud[0] < -32_000 && loud[1] > 32_000, "{}: {loud:?}", codec.name());
        }
    }

    #[test]
    fn more_octets_than_room_are_left() {
        assert_eq!(decode(Codec::Pcmu, &[0xff; 9], &mut [0; 4]).len(), 4);
    }
}
