//! The last moments of a recording, still open for packets that were overtaken.

use crate::clock::Samples;

/// Room for a batch, for what is still open, and for what may lie ahead.
const ROOM: usize = 9600;

/// Sound that the writer has not got yet.
#[derive(Debug)]
pub struct Window {
    /// From `start` on, as far as sound came. Where none came, there is silence.
    sound: Vec<i16>,
    start: Samples,
    open: Samples,
}

impl Window {
    /// Nothing before `start` is kept.
    pub fn new(start: Samples) -> Self {
        Self { sound: Vec::with_capacity(ROOM), start, open: start }
    }

    /// The first moment still open.
    pub fn open(&self) -> Samples {
        self.open
    }

    /// Closes everything before `to`, whether sound came or not.
    pub fn close(&mut self, to: Samples) {
        self.open = self.open.max(to);
    }

    /// Samples that are closed and were not taken.
    pub fn closed(&self) -> usize {
        usize::try_from(self.open - self.start).unwrap_or(0)
    }

    /// Lays sound at its place. What would lie before the open moments is lost.
    pub fn write(&mut self, position: Samples, samples: &[i16]) {
        let skip = usize::try_from(self.open - position).unwrap_or(0);
        let Some(samples) = samples.get(skip..) else { return };
        let Ok(offset) = usize::try_from(position.max(self.open) - self.start) else { return };
        if self.sound.len() < offset {
            self.sound.resize(offset, 0);
        }
        let known = samples.len().min(self.sound.len() - offset);
        let (over, beyond) = samples.split_at(known);
        if let Some(place) = self.sound.get_mut(offset..offset + known) {
            place.copy_from_slice(over);
        }
        self.sound.extend_from_slice(beyond);
    }

    /// Takes the sound out of `from..to`, where the window still has it.
    pub fn silence(&mut self, from: Samples, to: Samples) {
        let offset = |at: Samples| {
            let offset = usize::try_from(at.max(self.open) - self.start).unwrap_or(0);
            offset.min(self.sound.len())
        };
        let (from, to) = (offset(from), offset(to));
        if let Some(place) = self.sound.get_mut(from..to) {
            place.fill(0);
        }
    }

    /// So many closed samples from the front, or all that there are.
    pub fn front(&mut self, count: usize) -> &[i16] {
        let count = count.min(self.closed());
        if self.sound.len() < count {
            self.sound.resize(count, 0);
        }
        self.sound.get(..count).unwrap_or_default()
    }

    /// Drops so many of them.
    pub fn skip(&mut self, count: usize) {
        let count = count.min(self.closed());
        self.sound.drain(..count.min(self.sound.len()));
        self.start += Samples::try_from(count).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(window: &mut Window, count: usize) -> Vec<i16> {
        let taken = window.front(count).to_vec();
        window.skip(count);
        taken
    }

    #[test]
    fn sound_comes_out_where_it_was_laid() {
        let mut window = Window::new(1000);
        let mut out = Vec::new();
        for step in 0..40_i16 {
            let at = 1000 + Samples::from(step) * 400;
            window.write(at + 200, &[step + 101; 200]);
            window.write(at, &[step + 1; 200]);
            window.close(at + 200);
            out.extend(take(&mut window, 300));
        }
        window.close(1000 + 40 * 400);
        out.extend(take(&mut window, 99_999));
        assert_eq!(out.len(), 40 * 400);
        for (step, part) in out.chunks(400).enumerate() {
            assert!(part[..200].iter().all(|s| usize::try_from(*s) == Ok(step + 1)), "{step}");
            assert!(part[200..].iter().all(|s| usize::try_from(*s) == Ok(step + 101)), "{step}");
        }
        assert!(window.sound.capacity() <= ROOM);
    }

    #[test]
    fn what_is_too_early_is_cut_and_long_pauses_are_silence() {
        let mut window = Window::new(1000);
        window.write(900, &[7; 160]);
        window.write(0, &[7; 160]);
        window.close(21_000);
        window.close(20_000);
        assert_eq!((window.closed(), window.open()), (20_000, 21_000), "never goes back");
        let out = take(&mut window, 20_000);
        assert_eq!(out.len(), 20_000);
        assert!(out[..60].iter().all(|s| *s == 7) && out[60..].iter().all(|s| *s == 0));
        window.write(20_900, &[7; 200]);
        window.close(21_100);
        assert_eq!(take(&mut window, 9999), [7; 100], "what is closed does not change");
    }

    #[test]
    fn silence_takes_sound_out_and_skipping_keeps_the_time() {
        let mut window = Window::new(0);
        window.write(0, &[7; 480]);
        window.silence(-50, 100);
        window.silence(400, 99_999);
        window.close(480);
        window.skip(100);
        assert_eq!(take(&mut window, 480), [[7; 300].as_slice(), &[0; 80]].concat());
        window.close(1000);
        window.skip(520);
        window.write(1000, &[9]);
        window.close(1001);
        assert_eq!(take(&mut window, 1), [9]);
    }
}
