//! Whether somebody speaks: a level over -45 dBFS in a frame of 20 ms.

use std::time::Duration;

use crate::clock::{self, FRAME, Samples};

/// Mean square of -45 dBFS, where 0 dBFS is the level of a square wave at full
/// scale: (32768 · 10^(-45/20))².
const THRESHOLD: i64 = 33_954;
/// Voice ends this long after the last loud frame: 200 ms.
const HANG_OVER: Samples = 1600;

/// Sums of one frame of [`FRAME`] samples at most, from which its level follows.
#[derive(Debug, Default, Clone, Copy)]
struct Frame {
    count: usize,
    sum: i32,
    /// In units of 64: so they fit 32 bits, and the processor adds several at once.
    squares: u32,
}

impl Frame {
    fn add(&mut self, samples: &[i16]) {
        for sample in samples {
            let sample = i32::from(*sample);
            self.sum += sample;
            self.squares += (sample * sample).cast_unsigned() >> 6;
        }
        self.count += samples.len();
    }

    /// The level without its constant part: gateways add an offset to silence.
    fn is_loud(&self) -> bool {
        let count = i64::try_from(self.count).unwrap_or(0);
        let (sum, squares) = (i64::from(self.sum), i64::from(self.squares) << 6);
        count > 0 && squares - sum * sum / count > THRESHOLD * count
    }
}

/// Whether any 20 ms of a packet are loud.
pub fn is_loud(samples: &[i16]) -> bool {
    samples.chunks(FRAME).any(|part| {
        let mut frame = Frame::default();
        frame.add(part);
        frame.is_loud()
    })
}

/// A change of voice activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Somebody speaks.
    Started,
    /// Nobody speaks any more.
    Stopped,
}

/// Follows voice through time; packets that stop are silence.
#[derive(Debug, Default)]
pub struct Activity {
    loud_at: Option<Samples>,
}

impl Activity {
    /// A loud frame came in.
    pub fn heard(&mut self, now: Samples) -> Option<Change> {
        self.loud_at.replace(now).is_none().then_some(Change::Started)
    }

    /// Time passes.
    pub fn tick(&mut self, now: Samples) -> Option<Change> {
        if self.loud_at.is_some_and(|loud| now - loud >= HANG_OVER) {
            self.loud_at = None;
            return Some(Change::Stopped);
        }
        None
    }
}

/// Counts how much of a recording is said, in frames from its start.
#[derive(Debug, Default)]
pub struct Said {
    frame: Frame,
    loud: u64,
}

impl Said {
    /// The next samples of the recording.
    pub fn add(&mut self, mut samples: &[i16]) {
        while !samples.is_empty() {
            let (part, rest) = samples.split_at(samples.len().min(FRAME - self.frame.count));
            self.frame.add(part);
            if self.frame.count == FRAME {
                self.loud += u64::from(self.frame.is_loud());
                self.frame = Frame::default();
            }
            samples = rest;
        }
    }

    /// How much was above -45 dBFS. A last frame that is not whole does not count.
    pub fn total(&self) -> Duration {
        clock::duration(self.loud * FRAME as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(level_dbfs: f64, offset: f64, samples: usize) -> Vec<i16> {
        let peak = 32768.0 * 10_f64.powf(level_dbfs / 20.0) * std::f64::consts::SQRT_2;
        let wave = |n: usize| peak * (n as f64 * 0.7).sin() + offset;
        (0..samples).map(|n| wave(n) as i16).collect()
    }

    #[test]
    fn the_border_is_at_45_dbfs() {
        for (level, offset, loud) in
            [(-44.0, 0.0, true), (-46.0, 0.0, false), (-60.0, 900.0, false), (-20.0, 900.0, true)]
        {
            assert_eq!(is_loud(&tone(level, offset, 160)), loud, "{level} dBFS, offset {offset}");
        }
        assert!(!is_loud(&[]));
        assert!(is_loud(&[[0; 160], [i16::MIN; 160]].concat()[80..240]), "loudest of all");
    }

    #[test]
    fn voice_stops_by_the_clock() {
        let mut activity = Activity::default();
        assert_eq!(activity.tick(0), None);
        assert_eq!(activity.heard(160), Some(Change::Started));
        assert_eq!(activity.heard(320), None);
        assert_eq!(activity.tick(320 + 1440), None);
        assert_eq!(activity.tick(320 + 1600), Some(Change::Stopped));
        assert_eq!(activity.tick(320 + 3200), None);
        assert_eq!(activity.heard(9000), Some(Change::Started));
    }

    #[test]
    fn said_does_not_depend_on_how_the_sound_is_cut() {
        let sound = [tone(-20.0, 0.0, 1600), tone(-60.0, 0.0, 800), tone(-20.0, 0.0, 850)].concat();
        for size in [1, 7, 160, 161, 2000] {
            let mut said = Said::default();
            sound.chunks(size).for_each(|part| said.add(part));
            assert_eq!(said.total(), Duration::from_millis(300), "pieces of {size}");
        }
    }
}
