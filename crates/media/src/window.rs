//! The last moments of a recording, still open for packets that were overtaken.

use crate::clock::Samples;

/// Samples kept open: the hold time, what may lie ahead, and one long packet.
const ROOM: usize = 4800;

/// A ring of samples that starts out as silence.
#[derive(Debug)]
pub struct Window {
    ring: Box<[i16]>,
    /// Index in `ring` of the sample at `start`.
    head: usize,
    /// The first moment still open.
    start: Samples,
}

impl Window {
    /// Nothing before `start` is kept.
    pub fn new(start: Samples) -> Self {
        Self { ring: vec![0; ROOM].into_boxed_slice(), head: 0, start }
    }

    /// The first moment still open.
    pub fn start(&self) -> Samples {
        self.start
    }

    /// Lays sound at its place. What lies before the window is lost; for what
    /// lies behind it the window moves on, its front going to `out`.
    pub fn write(&mut self, position: Samples, samples: &[i16], out: &mut Vec<i16>) {
        let end = position.saturating_add(length(samples.len()));
        self.advance(end - length(ROOM), out);
        let skip = usize::try_from(self.start - position).unwrap_or(0);
        let Some(samples) = samples.get(skip..) else { return };
        let Ok(offset) = usize::try_from(position.max(self.start) - self.start) else { return };
        self.spans(offset, samples.len(), |at, span| {
            if let Some(sound) = samples.get(at..at + span.len()) {
                span.copy_from_slice(sound);
            }
        });
    }

    /// Takes the sound out of `from..to`, where the window still has it.
    pub fn silence(&mut self, from: Samples, to: Samples) {
        let from = from.max(self.start);
        let to = to.min(self.start + length(ROOM));
        let (Ok(offset), Ok(count)) =
            (usize::try_from(from - self.start), usize::try_from(to - from))
        else {
            return;
        };
        self.spans(offset, count, |_, span| span.fill(0));
    }

    /// Closes everything before `to` and appends it to `out`. Where no sound
    /// came, there is silence, however long.
    pub fn advance(&mut self, to: Samples, out: &mut Vec<i16>) {
        let Ok(count) = usize::try_from(to - self.start) else { return };
        if count == 0 {
            return;
        }
        let kept = count.min(ROOM);
        out.reserve(count);
        self.spans(0, kept, |_, span| {
            out.extend_from_slice(span);
            span.fill(0);
        });
        out.extend(std::iter::repeat_n(0, count - kept));
        self.head = (self.head + kept) % ROOM;
        self.start = to;
    }

    /// Runs over `count` samples from `offset` on, in at most two spans, each
    /// with its distance from `offset`.
    fn spans(&mut self, offset: usize, count: usize, mut visit: impl FnMut(usize, &mut [i16])) {
        let count = count.min(ROOM.saturating_sub(offset));
        let from = (self.head + offset) % ROOM;
        let first = count.min(ROOM - from);
        if let Some(span) = self.ring.get_mut(from..from + first) {
            visit(0, span);
        }
        if let Some(span) = self.ring.get_mut(..count - first)
            && !span.is_empty()
        {
            visit(first, span);
        }
    }
}

fn length(count: usize) -> Samples {
    Samples::try_from(count).unwrap_or(Samples::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_comes_out_where_it_was_laid_across_the_seam() {
        let mut window = Window::new(1000);
        let mut out = Vec::new();
        for step in 0..40_i16 {
            let at = 1000 + Samples::from(step) * 400;
            window.write(at, &[step + 1; 200], &mut out);
        }
        window.advance(1000 + 40 * 400, &mut out);
        assert_eq!(out.len(), 40 * 400);
        for (step, part) in out.chunks(400).enumerate() {
            assert!(part[..200].iter().all(|s| usize::try_from(*s) == Ok(step + 1)), "{step}");
            assert!(part[200..].iter().all(|s| *s == 0), "{step}");
        }
    }

    #[test]
    fn what_is_too_early_is_cut_and_long_pauses_are_silence() {
        let mut window = Window::new(1000);
        let mut out = Vec::new();
        window.write(900, &[7; 160], &mut out);
        window.write(0, &[7; 160], &mut out);
        window.advance(21_000, &mut out);
        assert_eq!(out.len(), 20_000);
        assert!(out[..60].iter().all(|s| *s == 7) && out[60..].iter().all(|s| *s == 0));
        window.advance(20_000, &mut out);
        assert_eq!((out.len(), window.start()), (20_000, 21_000), "never goes back");
    }

    #[test]
    fn silence_takes_sound_out() {
        let mut window = Window::new(0);
        let mut out = Vec::new();
        window.write(0, &[7; 480], &mut out);
        window.silence(-50, 100);
        window.silence(400, 99_999);
        window.advance(480, &mut out);
        assert_eq!(out.iter().filter(|s| **s == 7).count(), 300);
    }
}
