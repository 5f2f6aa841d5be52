//! Sound that says which frame of which call it is.
//!
//! A frame is 20 ms of speech as µ-law whose first samples spell the number of
//! the call and of the frame, so that a recording can be checked whole, frame by
//! frame, wherever in a frame it begins.

use std::sync::OnceLock;

use crate::sound::{Law, RATE, Wav, encode, speech};

/// Octets and samples of a frame.
pub const SIZE: usize = 160;
/// Two loud samples, six digits of the call, four of the frame.
const MARK: usize = 12;
const SYNC: [u8; 2] = [0x80, 0x00];
/// Frames of speech from which all calls speak, each from another place on.
const VOICE: usize = 601;

/// Fills the payload of one RTP packet. Of the number of the call 24 bits count.
pub fn fill(call: u32, frame: u16, payload: &mut [u8]) {
    let voice = voice();
    let place = (call as usize * 37 + usize::from(frame)) % VOICE;
    payload.copy_from_slice(&voice[place * SIZE..][..SIZE]);
    payload[..MARK].copy_from_slice(&mark(call, frame));
}

/// What all calls say. It takes a while to make: before anything is measured.
pub(super) fn voice() -> &'static [u8] {
    static SPEECH: OnceLock<Vec<u8>> = OnceLock::new();
    SPEECH.get_or_init(|| {
        let samples = speech(VOICE as f64 * SIZE as f64 / RATE as f64, 4);
        encode(Law::Mu, &samples)
    })
}

fn mark(call: u32, frame: u16) -> [u8; MARK] {
    let mut mark = [0; MARK];
    mark[..2].copy_from_slice(&SYNC);
    let number = u64::from(call & 0xff_ffff) << 16 | u64::from(frame);
    for (place, octet) in mark[2..].iter_mut().enumerate() {
        // Sixteen levels that no other code of µ-law sounds like.
        *octet = 0x80 | ((number >> (36 - 4 * place)) as u8 & 0x0f) << 3;
    }
    mark
}

/// The frame whose mark that is, where it is one of this call.
fn marked(call: u32, octets: &[u8]) -> Option<u16> {
    let mark_of = |frame| mark(call, frame) == octets[..MARK];
    if octets[..2] != SYNC {
        return None;
    }
    let digit = |octet: &u8| u16::from((octet & 0x78) >> 3);
    let frame = octets[8..MARK].iter().fold(0, |number, octet| number << 4 | digit(octet));
    mark_of(frame).then_some(frame)
}

/// What a recording holds of a call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recorded {
    /// The first whole frame.
    pub first: Option<u16>,
    /// The last whole frame.
    pub last: Option<u16>,
    /// Whole frames.
    pub frames: usize,
    /// Frames between the first and the last that are not there, or not whole, or
    /// not in their place.
    pub missing: Vec<u16>,
    /// Samples before the first whole frame.
    pub before: usize,
    /// Samples between two whole frames: nothing where all is well.
    pub between: usize,
    /// Samples behind the last whole frame.
    pub behind: usize,
    /// Samples in all.
    pub samples: usize,
}

impl Recorded {
    /// Frames that are missing up to the last one that was sent, in the middle or
    /// at the end.
    pub fn lost(&self, sent: u16) -> usize {
        let end = sent.saturating_sub(1);
        self.missing.len() + self.last.map_or(0, |last| usize::from(end.saturating_sub(last)))
    }
}

/// Finds the frames of `call` in a recording, in the form of the mail or of the
/// state folder.
pub fn check(wav: &Wav, call: u32) -> Recorded {
    // Two codes of µ-law mean zero; both are read as the one that is written.
    let octets = encode(Law::Mu, &wav.samples);
    let mut found = Recorded { samples: octets.len(), ..Recorded::default() };
    let mut whole = [0; SIZE];
    let mut at = 0;
    while let Some(octets) = octets.get(at..at + SIZE) {
        let frame = marked(call, octets).filter(|frame| {
            fill(call, *frame, &mut whole);
            let same = |(a, b): (&u8, &u8)| a == b || (*a | 0x80) == 0xff && (*b | 0x80) == 0xff;
            octets.iter().zip(&whole).all(same)
        });
        let Some(frame) = frame else {
            at += 1;
            found.behind += 1;
            continue;
        };
        at += SIZE;
        match found.first {
            None => found.before = found.behind,
            Some(_) => found.between += found.behind,
        }
        found.behind = 0;
        found.frames += 1;
        found.first.get_or_insert(frame);
        if let Some(last) = found.last {
            if frame <= last {
                found.missing.push(frame);
                continue;
            }
            found.missing.extend(last + 1..frame);
        }
        found.last = Some(frame);
    }
    found.behind += octets.len() - at;
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::decode;

    fn spoken(call: u32, frames: impl Iterator<Item = u16>) -> Vec<u8> {
        let mut octets = Vec::new();
        for frame in frames {
            let mut payload = [0; SIZE];
            fill(call, frame, &mut payload);
            octets.extend_from_slice(&payload);
        }
        octets
    }

    fn wav(octets: &[u8]) -> Wav {
        Wav { format: 1, rate: 8000, channels: 1, samples: decode(Law::Mu, octets) }
    }

    #[test]
    fn a_whole_recording_is_whole_wherever_it_begins() {
        let octets = spoken(70_000, 0..600);
        let found = check(&wav(&octets[130 * SIZE + 77..]), 70_000);
        assert_eq!((found.first, found.last), (Some(131), Some(599)));
        assert_eq!((found.frames, found.before, found.behind), (469, SIZE - 77, 0));
        assert_eq!((found.lost(600), found.lost(603)), (0, 3));
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut octets = spoken(5, (0..100).filter(|frame| *frame != 40));
        octets[60 * SIZE + 100] ^= 1;
        let found = check(&wav(&octets), 5);
        assert_eq!(found.missing, [40, 61]);
        assert_eq!(found.between, SIZE);
        assert_eq!(found.lost(100), 2);
    }

    #[test]
    fn silence_for_a_lost_frame_is_a_lost_frame() {
        let mut octets = spoken(5, 0..100);
        octets[7 * SIZE..8 * SIZE].fill(0xff);
        assert_eq!(check(&wav(&octets), 5).missing, [7]);
    }

    #[test]
    fn frames_that_changed_places_are_not_whole() {
        let found = check(&wav(&spoken(9, [0, 1, 3, 2, 4].into_iter())), 9);
        assert_eq!(found.missing, [2, 2]);
    }

    #[test]
    fn the_sound_of_another_call_is_nothing() {
        let found = check(&wav(&spoken(6, 0..50)), 5);
        assert_eq!((found.frames, found.behind), (0, 50 * SIZE));
        assert_eq!(found.first, None);
    }
}
