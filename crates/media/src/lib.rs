//! RTP for voice mail: the greeting out, the message in, a WAV file on disk.
//!
//! ```text
//! Stream ──command──▶ worker (one of a fixed set, one 20 ms tick for all its calls)
//!                       │  each tick: prompt, encoded beforehand → send
//!                       │  each fifth: recv → SRTP → latch → order → place by timestamp → window
//!                       └──batches──▶ writer ──▶ syncer (fsync) ──MediaEvent──▶ house
//! ```
//!
//! Packets wait in the kernel until their call's turn, five at a time: that is half
//! the work of looking after each as it comes. An order from the house is obeyed
//! within a tick, and after what came before it.
//!
//! No task, timer, wake-up or allocation belongs to a single packet. Everything
//! between socket and writer (`session` and below) is free of sockets and
//! clocks: time is an argument, counted in samples (8000 a second).
//!
//! Where keys were agreed, both directions are SRTP (`srtp`): what is not authentic
//! is dropped before anything else looks at it.
//!
//! RTCP is not offered: the odd port beside ours stays unbound, and reports that
//! come multiplexed (RFC 5761) are dropped. While recording Ringpost sends one
//! packet of silence each 10 s (RFC 6263 §4.2, §6), enough for address
//! translators and inactivity timers on the way, and nothing else.

mod attachment;
mod backlog;
mod clock;
mod dtmf;
mod engine;
mod error;
mod event;
mod g711;
mod import;
mod latch;
mod line;
mod player;
mod port;
mod prompt;
mod recording;
mod recover;
mod riff;
mod rtp;
mod sequence;
mod session;
mod srtp;
mod statistics;
mod stream;
mod sync;
mod timeline;
mod voice;
mod wav;
mod window;
mod worker;
mod writer;

pub use attachment::{Sound, attachment};
pub use engine::{Engine, EngineConfig};
pub use error::MediaError;
pub use event::{MediaEvent, Recorded};
pub use prompt::Prompt;
pub use recover::{measure, recover, recover_file};
pub use statistics::Statistics;
pub use stream::{Stream, StreamConfig};
