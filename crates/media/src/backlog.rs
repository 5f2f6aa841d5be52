//! How much sound may wait for the writer, so that a disk that hangs does not
//! take all memory.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The sound on its way to the writer, in samples.
#[derive(Debug)]
pub struct Backlog {
    most: usize,
    waiting: AtomicUsize,
    full: AtomicBool,
}

impl Default for Backlog {
    /// 256 MB: two hundred calls may wait for 80 s, a thousand for 16 s.
    fn default() -> Self {
        Self::new(128 << 20)
    }
}

impl Backlog {
    /// With room for `most` samples.
    pub fn new(most: usize) -> Self {
        Self { most, waiting: AtomicUsize::new(0), full: AtomicBool::new(false) }
    }

    /// Asks for room. Without it the sound is lost, and the first time that is said.
    pub fn admit(&self, samples: usize) -> bool {
        let before = self.waiting.fetch_add(samples, Ordering::Relaxed);
        if before + samples <= self.most {
            return true;
        }
        self.waiting.fetch_sub(samples, Ordering::Relaxed);
        if !self.full.swap(true, Ordering::Relaxed) {
            tracing::error!(
                "recordings cannot be written as fast as calls are heard, and no more may wait: \
                 sound is lost until the disk answers"
            );
        }
        false
    }

    /// So much was written, or given up.
    pub fn release(&self, samples: usize) {
        let before = self.waiting.fetch_sub(samples, Ordering::Relaxed);
        if before.saturating_sub(samples) < self.most / 2 {
            self.full.store(false, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_takes_no_room() {
        let backlog = Backlog::new(1000);
        assert!(backlog.admit(600) && !backlog.admit(401) && backlog.admit(400));
        assert!(!backlog.admit(1));
        backlog.release(400);
        assert!(backlog.full.load(Ordering::Relaxed), "said once until there is room again");
        backlog.release(600);
        assert!(!backlog.full.load(Ordering::Relaxed));
        assert!(backlog.admit(1000));
    }
}
