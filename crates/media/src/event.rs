//! What a stream tells the house.

use std::time::Duration;

use crate::MediaError;

/// What happened on a stream.
#[derive(Debug)]
pub enum MediaEvent {
    /// The last packet of the prompt was sent.
    PromptFinished,
    /// The caller pressed a key (RFC 4733): `0`–`9`, `*`, `#`, `A`–`D`; once for each press.
    Digit(char),
    /// Sound above -45 dBFS; only while recording.
    VoiceStarted,
    /// 200 ms without sound above -45 dBFS, or without packets; only while recording.
    VoiceStopped,
    /// The recording is on stable storage, or is lost.
    RecordingClosed(Result<Recorded, MediaError>),
    /// Sound can no longer be received or written.
    Failed(MediaError),
}

/// A finished recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Name of the file inside the recordings folder.
    pub file: String,
    /// Length of the sound.
    pub duration: Duration,
    /// How much of it is above -45 dBFS, in steps of 20 ms.
    pub said: Duration,
}
