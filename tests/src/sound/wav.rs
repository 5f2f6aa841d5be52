//! WAV read chunk by chunk: PCM 16 bit, and G.711 which most readers refuse.

use super::{Law, decode};

/// A WAV file as samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wav {
    /// The format tag: 1 PCM, 6 A-law, 7 µ-law.
    pub format: u16,
    /// Samples a second.
    pub rate: u32,
    /// Channels.
    pub channels: u16,
    /// The sound.
    pub samples: Vec<i16>,
}

/// Reads a whole file; an error says what is wrong with it.
pub fn read_wav(bytes: &[u8]) -> Result<Wav, String> {
    if bytes.get(0..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        return Err("no RIFF WAVE header".into());
    }
    let size = number(bytes, 4)? as usize;
    if size + 8 != bytes.len() {
        return Err(format!("RIFF says {size} bytes, the file has {}", bytes.len() - 8));
    }
    let mut at = 12;
    let mut head = None;
    while at + 8 <= bytes.len() {
        let length = number(bytes, at + 4)? as usize;
        let name = &bytes[at..at + 4];
        let body = bytes.get(at + 8..at + 8 + length).ok_or("a chunk is cut off")?;
        match name {
            b"fmt " => {
                let word = |place: usize| u16::from_le_bytes([body[place], body[place + 1]]);
                head = Some((word(0), word(2), number(body, 4)?, word(14)));
            }
            b"data" => {
                let (format, channels, rate, bits) = head.ok_or("data before fmt")?;
                let samples = match (format, bits) {
                    (1, 16) => body
                        .chunks_exact(2)
                        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
                        .collect(),
                    (6, 8) => decode(Law::A, body),
                    (7, 8) => decode(Law::Mu, body),
                    other => return Err(format!("format and bits {other:?} are not known here")),
                };
                return Ok(Wav { format, rate, channels, samples });
            }
            _ => {}
        }
        at += 8 + length + length % 2;
    }
    Err("no data chunk".into())
}

/// A PCM file of 16 bit, mono, 8000 Hz.
pub fn write_wav(samples: &[i16]) -> Vec<u8> {
    let length = (samples.len() * 2) as u32;
    let mut bytes = Vec::with_capacity(samples.len() * 2 + 44);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(length + 36).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    for word in [16_u32, 1 | 1 << 16, 8000, 16_000, 2 | 16 << 16] {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    bytes
}

fn number(bytes: &[u8], at: usize) -> Result<u32, String> {
    let four = bytes.get(at..at + 4).ok_or("cut off")?;
    Ok(u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn what_another_library_wrote_is_read() {
        let mut file = Cursor::new(Vec::new());
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
        for sample in [1_i16, -2, 300] {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
        let wav = read_wav(file.get_ref()).unwrap();
        assert_eq!((wav.format, wav.rate, wav.channels), (1, 8000, 1));
        assert_eq!(wav.samples, [1, -2, 300]);
        assert!(read_wav(&file.get_ref()[..40]).is_err());
        assert_eq!(read_wav(&write_wav(&[1, -2, 300])).unwrap(), wav);
        let mut other = hound::WavReader::new(Cursor::new(write_wav(&[5, -6]))).unwrap();
        assert_eq!(other.samples::<i16>().map(Result::unwrap).collect::<Vec<_>>(), [5, -6]);
    }
}
