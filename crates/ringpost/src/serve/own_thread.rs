//! A thread with a runtime of its own: what belongs together runs on it one
//! task after the other, and nobody else has to be woken for it.

use std::future::Future;
use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running one. It ends when this value is dropped, and what still runs on it
/// is dropped with it.
pub struct OwnThread {
    tasks: Handle,
    _end: oneshot::Sender<()>,
}

impl OwnThread {
    /// Starts it. `nice` is how far it stands back when there is not enough
    /// processor time for all (0 to 19, setpriority(2)).
    ///
    /// # Errors
    /// The system gives no further thread, or no files for it to wait with.
    pub fn start(name: &str, nice: i32) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let tasks = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            stand_back(nice);
            // Dropped is how it is told to end.
            let _dropped = runtime.block_on(ended);
            runtime.shutdown_background();
        })?;
        Ok(Self { tasks, _end: end })
    }

    /// For those who start tasks there by themselves.
    pub fn tasks(&self) -> Handle {
        self.tasks.clone()
    }

    /// Runs a task there.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.tasks.spawn(task)
    }
}

/// On Linux a thread has a niceness of its own.
fn stand_back(nice: i32) {
    use rustix::process::setpriority_process;
    if nice > 0
        && let Err(error) = setpriority_process(Some(rustix::thread::gettid()), nice)
    {
        tracing::debug!(%error, "a thread stands back as little as all others");
    }
}
