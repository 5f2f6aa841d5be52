//! The frame of WAV files: headers written, chunks found.

use crate::clock::RATE;

/// Octets of the header that hound writes before 16-bit mono sound.
pub const PCM_HEADER: usize = 44;
/// Format tag of integer PCM.
const PCM: u16 = 1;
/// Format tag of G.711 A-law.
pub const ALAW: u16 = 6;
/// Format tag of G.711 µ-law.
pub const MULAW: u16 = 7;

/// What [`format()`] says of a recording.
pub const RECORDING: (u16, u16, u32) = (PCM, 1, RATE);

/// The header of a recording with so many octets of sound.
pub fn pcm_header(octets: u32) -> [u8; PCM_HEADER] {
    let mut header = [0; PCM_HEADER];
    let fields: [&[u8]; 13] = [
        b"RIFF",
        &octets.saturating_add(36).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16_u32.to_le_bytes(),
        &PCM.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &RATE.to_le_bytes(),
        &(RATE * 2).to_le_bytes(),
        &2_u16.to_le_bytes(),
        &16_u16.to_le_bytes(),
        b"data",
        &octets.to_le_bytes(),
    ];
    for (to, octet) in header.iter_mut().zip(fields.into_iter().flatten()) {
        *to = *octet;
    }
    header
}

/// A whole WAV file of µ-law octets: the format chunk of 18 octets and the fact
/// chunk that formats other than PCM have.
pub fn mulaw_file(sound: &[u8]) -> Vec<u8> {
    let octets = u32::try_from(sound.len()).unwrap_or(u32::MAX);
    let padding = sound.len() % 2;
    let mut file = Vec::with_capacity(58 + sound.len() + padding);
    let riff = octets.saturating_add(50 + u32::from(padding == 1));
    let fields: [&[u8]; 17] = [
        b"RIFF",
        &riff.to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &18_u32.to_le_bytes(),
        &MULAW.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &RATE.to_le_bytes(),
        &RATE.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &8_u16.to_le_bytes(),
        &0_u16.to_le_bytes(),
        b"fact",
        &4_u32.to_le_bytes(),
        &octets.to_le_bytes(),
        b"data",
        &octets.to_le_bytes(),
    ];
    fields.into_iter().for_each(|field| file.extend_from_slice(field));
    file.extend_from_slice(sound);
    file.resize(file.len() + padding, 0);
    file
}

/// The body of the first chunk of that kind, as far as the file goes.
pub fn chunk<'a>(file: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    let (head, mut rest) = file.split_first_chunk::<12>()?;
    if !head.starts_with(b"RIFF") || !head.ends_with(b"WAVE") {
        return None;
    }
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        let [k0, k1, k2, k3, l0, l1, l2, l3] = *head;
        let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).ok()?;
        if [k0, k1, k2, k3] == *kind {
            return Some(after.get(..length).unwrap_or(after));
        }
        // Chunks are padded to an even length.
        rest = after.get(length.checked_add(length % 2)?..)?;
    }
    None
}

/// Tag, channels and rate of a format chunk.
pub fn format(body: &[u8]) -> Option<(u16, u16, u32)> {
    let [t0, t1, c0, c1, r0, r1, r2, r3] = *body.first_chunk::<8>()?;
    let tag = u16::from_le_bytes([t0, t1]);
    Some((tag, u16::from_le_bytes([c0, c1]), u32::from_le_bytes([r0, r1, r2, r3])))
}
