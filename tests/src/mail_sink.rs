//! A mail server that misbehaves on command and keeps what it took.

mod session;

use std::collections::HashMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::letter::Letter;
use crate::waiting;

/// A mail that the server took.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Reverse-path; empty for the null path.
    pub sender: String,
    /// Forward-path.
    pub recipient: String,
    /// When the dot came.
    pub at: Instant,
    /// Whether the client was told so.
    pub answered: bool,
    /// The message.
    pub letter: Letter,
}

#[derive(Default)]
pub(crate) struct State {
    taken: Vec<Taken>,
    /// Mails whose dot was read, whether they were taken or not.
    dots: usize,
    greylist: usize,
    refused: HashMap<String, String>,
    slow: Duration,
    drop_after_dot: usize,
    holding: bool,
    held: usize,
    is_up: bool,
    connections: Vec<TcpStream>,
    accepted: usize,
}

#[derive(Default)]
pub(crate) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A wait that fails poisons the lock, and the sink must still go down.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<T>(
        &self,
        what: &str,
        within: Duration,
        mut look: impl FnMut(&mut State) -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + within;
        let mut state = self.state();
        loop {
            if let Some(found) = look(&mut state) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "waited {within:?} in vain for {what}; taken: {:?}; held: {}; dots: {}",
                state.taken.iter().map(|t| (&t.recipient, &t.letter.subject)).collect::<Vec<_>>(),
                state.held,
                state.dots
            );
            state =
                self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The server. It is up from the start and takes everything.
pub struct MailSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

impl MailSink {
    /// Starts on a free port of loopback.
    pub fn start() -> Self {
        let mut sink = Self {
            address: crate::ports::free_address(),
            shared: Arc::new(Shared::default()),
            listener: None,
        };
        sink.up();
        sink
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// As `mail.transport` names it.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Closes all connections and refuses new ones.
    pub fn down(&mut self) {
        let connections = {
            let mut state = self.shared.state();
            state.is_up = false;
            self.shared.changed.notify_all();
            std::mem::take(&mut state.connections)
        };
        for connection in connections {
            let _ = connection.shutdown(Shutdown::Both);
        }
        // Wakes the listener, which sees that it is over.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }

    /// Listens again, on the same port.
    pub fn up(&mut self) {
        assert!(self.listener.is_none(), "up already");
        // A program that is just being started may hold a copy of the old socket.
        let bind = || TcpListener::bind(self.address).ok();
        let listener = waiting::until("the sink's port", Duration::from_secs(20), bind);
        self.shared.state().is_up = true;
        let shared = Arc::clone(&self.shared);
        self.listener = Some(std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                let Ok(copy) = stream.try_clone() else { continue };
                {
                    let mut state = shared.state();
                    if !state.is_up {
                        return;
                    }
                    state.accepted += 1;
                    state.connections.push(copy);
                }
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || session::serve(stream, &shared));
            }
        }));
    }

    /// Answers the next `times` recipients with 450.
    pub fn greylists(&self, times: usize) {
        self.shared.state().greylist = times;
    }

    /// Answers 550 and `words` to this recipient from now on.
    pub fn refuses(&self, recipient: &str, words: &str) {
        self.shared.state().refused.insert(recipient.to_ascii_lowercase(), words.into());
    }

    /// Takes this recipient's mail again.
    pub fn refuses_no_longer(&self, recipient: &str) {
        self.shared.state().refused.remove(&recipient.to_ascii_lowercase());
    }

    /// Lets so much time go by before each reply.
    pub fn is_slow(&self, by: Duration) {
        self.shared.state().slow = by;
    }

    /// Takes the next `times` mails and hangs up instead of saying so.
    pub fn drops_after_dot(&self, times: usize) {
        self.shared.state().drop_after_dot = times;
    }

    /// Gives no reply to the dot until told, and takes no mail meanwhile.
    pub fn holds(&self) {
        self.shared.state().holding = true;
    }

    /// Says 250 to all that is held, and takes it.
    pub fn releases(&self) {
        self.shared.state().holding = false;
        self.shared.changed.notify_all();
    }

    /// Waits until `count` dots are held.
    pub fn wait_held(&self, count: usize, within: Duration) {
        self.shared.wait("a held dot", within, |state| (state.held >= count).then_some(()));
    }

    /// Waits until `count` connections were accepted in all.
    pub fn wait_accepted(&self, count: usize, within: Duration) {
        self.shared.wait("a connection", within, |state| (state.accepted >= count).then_some(()));
    }

    /// What was taken so far, in order.
    pub fn taken(&self) -> Vec<Taken> {
        self.shared.state().taken.clone()
    }

    /// What was taken for this recipient so far.
    pub fn taken_for(&self, recipient: &str) -> Vec<Taken> {
        let all = self.taken();
        all.into_iter().filter(|taken| taken.recipient.eq_ignore_ascii_case(recipient)).collect()
    }

    /// Waits until at least `count` mails are taken.
    pub fn wait_taken(&self, count: usize, within: Duration) -> Vec<Taken> {
        self.shared.wait(&format!("{count} mails"), within, |state| {
            (state.taken.len() >= count).then(|| state.taken.clone())
        })
    }

    /// Waits until at least `count` mails are taken for this recipient.
    pub fn wait_for(&self, recipient: &str, count: usize, within: Duration) -> Vec<Taken> {
        self.shared.wait(&format!("{count} mails for {recipient}"), within, |state| {
            let of = |taken: &&Taken| taken.recipient.eq_ignore_ascii_case(recipient);
            let taken: Vec<Taken> = state.taken.iter().filter(of).cloned().collect();
            (taken.len() >= count).then_some(taken)
        })
    }

    /// How many dots were read so far.
    pub fn dots(&self) -> usize {
        self.shared.state().dots
    }
}

impl Drop for MailSink {
    fn drop(&mut self) {
        self.down();
    }
}

#[cfg(test)]
mod tests;
