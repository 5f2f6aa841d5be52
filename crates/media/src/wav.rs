//! A recording's file: 16 bit, 8000 Hz, mono, written by hound.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hound::{SampleFormat, WavSpec, WavWriter};

use crate::clock::{self, RATE};
use crate::voice::Said;

/// The one format of recordings.
pub const SPEC: WavSpec = WavSpec {
    channels: 1,
    sample_rate: RATE,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

/// hound owns its writer; this one leaves us the file for the sync.
#[derive(Debug)]
struct Shared(Arc<File>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.0).flush()
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        (&*self.0).seek(to)
    }
}

/// A file that grows.
pub struct Wav {
    writer: WavWriter<Shared>,
    file: Arc<File>,
    /// Samples since the header last told the truth.
    unflushed: usize,
    said: Said,
}

/// A file that is whole, but not yet synced.
#[derive(Debug)]
pub struct Whole {
    /// For the sync.
    pub file: Arc<File>,
    /// Length of the sound.
    pub duration: Duration,
    /// How much of it is above -45 dBFS.
    pub said: Duration,
}

impl Wav {
    /// Creates the file; one that exists is never written over.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = Arc::new(OpenOptions::new().write(true).create_new(true).open(path)?);
        let writer = WavWriter::new(Shared(Arc::clone(&file)), SPEC).map_err(as_io)?;
        Ok(Self { writer, file, unflushed: 0, said: Said::default() })
    }

    /// Appends, and each second brings the header up to date, so that a file
    /// cut off by a crash can be played.
    ///
    /// # Errors
    /// What the system says; the file may then end anywhere.
    pub fn append(&mut self, samples: &[i16]) -> io::Result<()> {
        self.said.add(samples);
        let count = u32::try_from(samples.len()).map_err(io::Error::other)?;
        let mut batch = self.writer.get_i16_writer(count);
        for sample in samples {
            batch.write_sample(*sample);
        }
        batch.flush().map_err(as_io)?;
        self.unflushed += samples.len();
        if self.unflushed >= RATE as usize {
            self.unflushed = 0;
            self.writer.flush().map_err(as_io)?;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// What the system says.
    pub fn finalize(self) -> io::Result<Whole> {
        let duration = clock::duration(u64::from(self.writer.duration()));
        self.writer.finalize().map_err(as_io)?;
        Ok(Whole { file: self.file, duration, said: self.said.total() })
    }
}

/// hound's error as the system's.
pub fn as_io(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}
