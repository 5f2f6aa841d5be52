//! What waits for a connection to take it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::limits::{QUEUE, QUEUED_BYTES};

/// Messages that are taken at once.
const BATCH: usize = 32;

/// The end where messages come in.
#[derive(Debug)]
pub(super) struct Queue {
    messages: mpsc::Sender<Bytes>,
    bytes: Arc<AtomicUsize>,
}

/// The end where they go out.
#[derive(Debug)]
pub(super) struct Waiting {
    messages: mpsc::Receiver<Bytes>,
    bytes: Arc<AtomicUsize>,
}

/// A queue bounded in messages and bytes.
pub(super) fn queue() -> (Queue, Waiting) {
    let (to, from) = mpsc::channel(QUEUE);
    let bytes = Arc::new(AtomicUsize::new(0));
    (Queue { messages: to, bytes: bytes.clone() }, Waiting { messages: from, bytes })
}

impl Queue {
    /// `false`: it is full, or nobody takes from it any more.
    pub(super) fn push(&self, message: Bytes) -> bool {
        let length = message.len();
        let before = self.bytes.fetch_add(length, Ordering::Relaxed);
        // However large, one message has a place.
        let room = before == 0 || before + length <= QUEUED_BYTES;
        room && self.messages.try_send(message).is_ok()
    }

    /// Nobody takes from it any more.
    pub(super) fn is_closed(&self) -> bool {
        self.messages.is_closed()
    }
}

impl Waiting {
    /// Takes no more messages; those that wait are still to be taken.
    pub(super) fn close(&mut self) {
        self.messages.close();
    }

    /// Waits for messages and adds them to `out`; `false`: no more will come.
    pub(super) async fn take(&mut self, out: &mut BytesMut) -> bool {
        let mut batch = Vec::with_capacity(BATCH);
        let count = self.messages.recv_many(&mut batch, BATCH).await;
        for message in batch {
            self.bytes.fetch_sub(message.len(), Ordering::Relaxed);
            out.extend_from_slice(&message);
        }
        count > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_bounded_in_messages_and_in_bytes() {
        for (length, fits) in [(1, QUEUE), (QUEUED_BYTES / 4, 4), (QUEUED_BYTES * 2, 1)] {
            let (queue, mut waiting) = queue();
            let message = Bytes::from(vec![b'x'; length]);
            let pushed = (0..QUEUE * 2).take_while(|_| queue.push(message.clone())).count();
            assert_eq!(pushed, fits, "{length}");
            drop(queue);
            let mut out = BytesMut::new();
            while waiting.take(&mut out).await {}
            assert_eq!(out.len(), fits * length);
        }
    }

    #[tokio::test]
    async fn closed_it_takes_no_more_and_loses_nothing() {
        let (queue, mut waiting) = queue();
        assert!(queue.push(Bytes::from_static(b"one")) && !queue.is_closed());
        waiting.close();
        assert!(queue.is_closed() && !queue.push(Bytes::from_static(b"two")));
        let mut out = BytesMut::new();
        assert!(waiting.take(&mut out).await && !waiting.take(&mut out).await);
        assert_eq!(out, "one");
    }
}
