//! The house's hold on one call's sound.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use ringpost_model::RemoteAudio;

use crate::engine::Post;
use crate::prompt::Prompt;
use crate::session::Order;
use crate::worker::Command;

/// How a stream is opened.
#[derive(Debug, Clone)]
pub struct StreamConfig {
    /// Our address, to bind and to send from.
    pub local: IpAddr,
    /// The peer is behind address translation: latch to whoever sends first.
    pub nat: bool,
}

/// One call's sound. No method waits. Dropping it closes the socket; an
/// unfinished recording is ended and kept.
#[derive(Debug)]
pub struct Stream {
    id: u64,
    address: SocketAddr,
    post: Arc<Post>,
}

impl Stream {
    pub(crate) fn new(id: u64, address: SocketAddr, post: Arc<Post>) -> Self {
        Self { id, address, post }
    }

    /// Where we receive RTP.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The remote end, by offer and answer; also after each re-INVITE, and then
    /// latches anew; `remote.held` is [`Stream::hold`]. Nothing is sent before the
    /// first [`Stream::play`].
    pub fn connect(&self, remote: RemoteAudio) {
        self.order(Order::Connect(remote));
    }

    /// Plays a prompt, in place of the one that plays;
    /// [`MediaEvent::PromptFinished`](crate::MediaEvent::PromptFinished) follows
    /// its last packet.
    pub fn play(&self, prompt: Arc<Prompt>) {
        self.order(Order::Play(prompt));
    }

    /// Stops playing; no event follows.
    pub fn stop_playing(&self) {
        self.order(Order::StopPlaying);
    }

    /// Records from now on into `<name>.wav` of the recordings folder. A file
    /// of that name is never written over
    /// ([`MediaEvent::Failed`](crate::MediaEvent::Failed)).
    pub fn record(&self, name: &str) {
        self.order(Order::Record(name.to_owned(), self.post.now(Instant::now())));
    }

    /// Ends the recording now;
    /// [`MediaEvent::RecordingClosed`](crate::MediaEvent::RecordingClosed)
    /// follows when it is on stable storage.
    pub fn stop_recording(&self) {
        self.order(Order::StopRecording(self.post.now(Instant::now())));
    }

    /// While held, nothing is sent, a prompt waits, and what comes is not
    /// listened to; a recording goes on with silence.
    pub fn hold(&self, held: bool) {
        self.order(Order::Hold(held));
    }

    fn order(&self, order: Order) {
        self.post.send(Command::Order { id: self.id, order });
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.post.send(Command::Close { id: self.id, at: self.post.now(Instant::now()) });
    }
}
