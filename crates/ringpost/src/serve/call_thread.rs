//! The thread of SIP and of all calls: a message that comes, the task of its
//! call and the answer run on it one after the other, and nobody else has to
//! be woken for them.
//!
//! What waits for disks and for other servers (journal, mail, lookups, HTTP) has
//! the threads of the command's own runtime, and so have TLS handshakes, which
//! compute for longer than a call may be kept waiting.

use std::future::Future;
use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running one. It ends when this value is dropped, and what still runs on it
/// is dropped with it.
pub struct CallThread {
    tasks: Handle,
    _end: oneshot::Sender<()>,
}

impl CallThread {
    /// Starts it.
    ///
    /// # Errors
    /// The system gives no further thread, or no files for it to wait with.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let tasks = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        thread::Builder::new().name("calls".to_owned()).spawn(move || {
            // Dropped is how it is told to end.
            let _dropped = runtime.block_on(ended);
            runtime.shutdown_background();
        })?;
        Ok(Self { tasks, _end: end })
    }

    /// Runs a task there.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.tasks.spawn(task)
    }
}
