//! A worker's side of a recording: sound laid in place, batches for the writer.

use crate::clock::Samples;
use crate::riff::PCM_HEADER;
use crate::session::Outbox;
use crate::timeline::{AHEAD, HOLD};
use crate::voice::{self, Activity, Change, Said};
use crate::wav;
use crate::window::Window;
use crate::writer::{Job, Key};

/// Samples of a batch: 512 ms, two pages of the file. With the time that sound
/// is held, no more than a second of it is lost with the process.
const BATCH: usize = 4096;
/// The header goes before the first batch: a file that grows by whole pages costs
/// the system half of what others cost.
const FIRST: usize = BATCH - PCM_HEADER / 2;

/// One recording that goes on.
#[derive(Debug)]
pub struct Recording {
    key: Key,
    window: Window,
    activity: Activity,
    /// A key's sound, not to be recorded.
    muted: Option<(Samples, Samples)>,
    start: Samples,
    /// Samples of the next batch.
    batch: usize,
    /// Samples before it that the writer had no room for.
    lost: usize,
    said: Said,
}

impl Recording {
    /// Begins at `start`; the writer has been told of `key`.
    pub fn new(key: Key, start: Samples) -> Self {
        Self {
            key,
            window: Window::new(start),
            activity: Activity::default(),
            muted: None,
            start,
            batch: FIRST,
            lost: 0,
            said: Said::default(),
        }
    }

    /// Where it began.
    pub fn start(&self) -> Samples {
        self.start
    }

    /// Everything before this is closed.
    pub fn written(&self) -> Samples {
        self.window.open()
    }

    /// Lays sound at its place.
    pub fn write(&mut self, position: Samples, sound: &[i16], now: Samples) -> Option<Change> {
        self.window.write(position, sound);
        if let Some((from, to)) = self.muted {
            let end = position + Samples::try_from(sound.len()).unwrap_or(0);
            if position < to && end > from {
                self.window.silence(from.max(position), to.min(end));
                return None;
            }
        }
        if voice::is_loud(sound) { self.activity.heard(now) } else { None }
    }

    /// The sound from `from` to `to` is that of a key.
    pub fn mute(&mut self, from: Samples, to: Samples) {
        self.window.silence(from, to);
        self.muted = Some((from, to));
    }

    /// Time passes: closes what waited long enough, and hands it to the writer
    /// where it makes a batch.
    pub fn pass(&mut self, now: Samples, out: &mut Outbox) -> Option<Change> {
        self.window.close(now - HOLD);
        while self.window.closed() >= self.batch {
            self.hand_over(self.batch, out);
            self.batch = BATCH;
        }
        self.activity.tick(now)
    }

    /// Ends at `stop`, or with sound that already came and lies a little ahead.
    pub fn finish(mut self, stop: Samples, end: Option<Samples>, out: &mut Outbox) {
        let end = end.map_or(stop, |end| end.clamp(stop, stop + AHEAD));
        self.window.close(end);
        self.hand_over(self.window.closed(), out);
        if self.lost > 0 {
            out.jobs.push(Job::Write { key: self.key, silence: self.lost, sound: Vec::new() });
        }
        out.jobs.push(Job::Close { key: self.key, said: self.said.total() });
    }

    /// Ends with what the writer has.
    pub fn abandon(self, out: &mut Outbox) {
        out.jobs.push(Job::Close { key: self.key, said: self.said.total() });
    }

    /// What finds no room with the writer becomes silence of its length.
    fn hand_over(&mut self, count: usize, out: &mut Outbox) {
        if count == 0 {
            return;
        }
        let samples = self.window.front(count);
        self.said.add(samples);
        if out.backlog.admit(count) {
            let (silence, sound) = (std::mem::take(&mut self.lost), wav::octets(samples));
            out.jobs.push(Job::Write { key: self.key, silence, sound });
        } else {
            self.lost += count;
            out.counters.unwritten += count as u64;
        }
        self.window.skip(count);
    }
}
