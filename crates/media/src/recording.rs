//! A worker's side of a recording: sound laid in place, batches for the writer.

use crate::clock::Samples;
use crate::timeline::{AHEAD, HOLD};
use crate::voice::{self, Activity, Change};
use crate::window::Window;
use crate::writer::{Job, Key};

/// One recording that goes on.
#[derive(Debug)]
pub struct Recording {
    key: Key,
    window: Window,
    /// Closed samples that the writer has not got yet.
    block: Vec<i16>,
    activity: Activity,
    /// A key's sound, not to be recorded.
    muted: Option<(Samples, Samples)>,
    start: Samples,
}

impl Recording {
    /// Begins at `start`; the writer has been told of `key`.
    pub fn new(key: Key, start: Samples) -> Self {
        Self {
            key,
            window: Window::new(start),
            block: Vec::new(),
            activity: Activity::default(),
            muted: None,
            start,
        }
    }

    /// Where it began.
    pub fn start(&self) -> Samples {
        self.start
    }

    /// Everything before this is closed.
    pub fn written(&self) -> Samples {
        self.window.start()
    }

    /// The recording's name between worker and writer.
    pub fn key(&self) -> Key {
        self.key
    }

    /// Lays sound at its place.
    pub fn write(&mut self, position: Samples, sound: &[i16], now: Samples) -> Option<Change> {
        self.window.write(position, sound, &mut self.block);
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

    /// Time passes: closes what waited long enough.
    pub fn tick(&mut self, now: Samples) -> Option<Change> {
        self.window.advance(now - HOLD, &mut self.block);
        self.activity.tick(now)
    }

    /// Hands the closed samples to the writer.
    pub fn harvest(&mut self, jobs: &mut Vec<Job>) {
        if !self.block.is_empty() {
            let room = Vec::with_capacity(self.block.len());
            let samples = std::mem::replace(&mut self.block, room);
            jobs.push(Job::Write { key: self.key, samples });
        }
    }

    /// Ends at `stop`, or with sound that already came and lies a little ahead.
    pub fn finish(mut self, stop: Samples, end: Option<Samples>, jobs: &mut Vec<Job>) {
        let end = end.map_or(stop, |end| end.clamp(stop, stop + AHEAD));
        self.window.advance(end, &mut self.block);
        self.harvest(jobs);
        jobs.push(Job::Close { key: self.key });
    }
}
