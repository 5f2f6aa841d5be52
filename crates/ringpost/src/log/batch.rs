//! Lines are collected for a moment and written together: at a thousand calls a
//! second a write for each line costs more than the line.
//!
//! Errors, and with them whatever stands before them, are written before the log
//! call returns; anything else at the latest after [`LATEST`], by a thread that
//! sleeps while there is nothing. [`Batch::flush`] writes what waits, at the end of
//! the process. What kills the process at once (`kill -9`) takes the lines of that
//! moment with it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits for others, at most.
const LATEST: Duration = Duration::from_millis(20);
/// Octets that wait; whoever adds more writes them out himself.
const MOST: usize = 256 * 1024;

/// Collects lines. Clones are the same collection.
pub struct Batch<W>(Arc<Inner<W>>);

struct Inner<W> {
    waiting: Mutex<Vec<u8>>,
    /// Held while writing, so that lines keep their order.
    out: Mutex<Out<W>>,
    writer: Mutex<Option<Thread>>,
}

struct Out<W> {
    to: W,
    /// The lines in hand; their memory is used again.
    lines: Vec<u8>,
}

impl<W> Clone for Batch<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W: Write + Send + 'static> Batch<W> {
    /// Starts the thread that writes; without one, every line is written at once.
    pub fn start(to: W) -> Self {
        let inner = Inner {
            waiting: Mutex::default(),
            out: Mutex::new(Out { to, lines: Vec::new() }),
            writer: Mutex::default(),
        };
        let batch = Self(Arc::new(inner));
        let lines = batch.clone();
        let thread = thread::Builder::new().name("log".to_owned()).spawn(move || lines.serve());
        *locked(&batch.0.writer) = thread.ok().map(|thread| thread.thread().clone());
        batch
    }

    fn serve(&self) {
        loop {
            while locked(&self.0.waiting).is_empty() {
                thread::park();
            }
            let until = Instant::now() + LATEST;
            while let Some(left) = until.checked_duration_since(Instant::now()) {
                thread::park_timeout(left);
            }
            self.flush();
        }
    }

    fn add(&self, line: &[u8], urgent: bool) {
        let mut waiting = locked(&self.0.waiting);
        let first = waiting.is_empty();
        waiting.extend_from_slice(line);
        let full = waiting.len() > MOST;
        drop(waiting);
        if urgent || full {
            self.flush();
        } else if first {
            match &*locked(&self.0.writer) {
                Some(writer) => writer.unpark(),
                None => self.flush(),
            }
        }
    }

    /// Writes what waits, and returns once that is done.
    pub fn flush(&self) {
        let mut out = locked(&self.0.out);
        let Out { to, lines } = &mut *out;
        std::mem::swap(lines, &mut *locked(&self.0.waiting));
        // There is nobody to tell that the log cannot be written.
        let _ = to.write_all(lines).and_then(|()| to.flush());
        lines.clear();
    }
}

/// What is behind the lock is whole after every statement.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes one line.
pub struct Line<W> {
    batch: Batch<W>,
    urgent: bool,
}

impl<W: Write + Send + 'static> Write for Line<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.batch.add(line, self.urgent);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write + Send + 'static> MakeWriter<'_> for Batch<W> {
    type Writer = Line<W>;

    fn make_writer(&self) -> Line<W> {
        Line { batch: self.clone(), urgent: false }
    }

    fn make_writer_for(&self, line: &Metadata<'_>) -> Line<W> {
        Line { batch: self.clone(), urgent: *line.level() == Level::ERROR }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Gives away each piece as it is written.
    struct Pieces(Sender<String>);

    impl Write for Pieces {
        fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
            let _gone = self.0.send(String::from_utf8(piece.to_vec()).unwrap());
            Ok(piece.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn batch() -> (Batch<Pieces>, Receiver<String>) {
        let (pieces, written) = channel();
        (Batch::start(Pieces(pieces)), written)
    }

    #[test]
    fn an_error_is_written_at_once_with_all_that_stands_before_it() {
        let (batch, written) = batch();
        for number in 0..100 {
            batch.add(format!("{number}\n").as_bytes(), false);
        }
        batch.add(b"error\n", true);
        let lines: String = written.try_iter().collect();
        let expected: String = (0..100).map(|number| format!("{number}\n")).collect();
        assert_eq!(lines, expected + "error\n");
    }

    #[test]
    fn a_line_alone_is_written_too_and_soon() {
        let (batch, written) = batch();
        for line in ["one\n", "two\n"] {
            batch.add(line.as_bytes(), false);
            assert_eq!(written.recv_timeout(Duration::from_secs(10)).as_deref(), Ok(line));
        }
    }

    #[test]
    fn lines_of_many_threads_stay_whole_and_none_is_lost() {
        let (batch, written) = batch();
        thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let batch = &batch;
                scope.spawn(move || {
                    let line = format!("{}\n", name.repeat(1000));
                    (0..500).for_each(|_| batch.add(line.as_bytes(), false));
                });
            }
        });
        batch.flush();
        let lines: String = written.try_iter().collect();
        assert_eq!(lines.lines().count(), 2000);
        for name in ["a", "b", "c", "d"] {
            let whole = name.repeat(1000);
            assert_eq!(lines.lines().filter(|line| *line == whole).count(), 500);
        }
    }
}
