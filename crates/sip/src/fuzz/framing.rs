//! Streams of messages, split anywhere.

use super::chance::Chance;
use super::{corpus, fuzz};
use crate::transport::{Broken, Frame, Framer};
use crate::wire::read_datagram;

/// Few messages in a row, with and without line ends between them.
fn streams() -> Vec<Vec<u8>> {
    let messages = corpus::messages();
    let mut chance = Chance::new(1, "streams");
    let mut stream = |_| {
        let between = *chance.of(&["", "\r\n", "\r\n\r\n"]);
        let row: Vec<&[u8]> = (0..=chance.below(3)).map(|_| &chance.of(&messages)[..]).collect();
        row.join(between.as_bytes())
    };
    (0..messages.len()).map(&mut stream).collect()
}

fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Frame>, Option<Broken>) {
    let mut framer = Framer::default();
    let mut frames = Vec::new();
    for piece in pieces {
        framer.room().extend_from_slice(piece);
        loop {
            match framer.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(broken) => return (frames, Some(broken)),
            }
        }
    }
    (frames, None)
}

#[test]
fn split_streams() {
    fuzz("split streams", &streams(), |input, chance| {
        let whole = frames([input]);
        let mut cuts: Vec<usize> =
            (0..chance.below(8)).map(|_| chance.below(input.len() + 1)).collect();
        cuts.push(input.len());
        cuts.sort_unstable();
        let mut from = 0;
        let pieces = cuts.iter().map(|to| &input[std::mem::replace(&mut from, *to)..*to]);
        let split = frames(pieces.collect::<Vec<&[u8]>>());
        assert_eq!(split.0, whole.0);
        let status = |broken: &Option<Broken>| broken.as_ref().map(|broken| broken.status);
        assert_eq!(status(&split.1), status(&whole.1));
        let mut cut = 0;
        for frame in &whole.0 {
            if let Frame::Message(bytes) = frame {
                cut += bytes.len();
                let _ = read_datagram(bytes);
            }
        }
        assert!(cut <= input.len());
    });
}
