//! What can go wrong with sound, each in a sentence for the operator.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

/// An error of the media engine or of a sound file.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// No even port of the range could be bound.
    #[error(
        "no free UDP port on {address}: every even port from {first} to {last} is in use; \
         widen media.ports"
    )]
    NoPort {
        /// The address that was asked for.
        address: IpAddr,
        /// First port of the range.
        first: u16,
        /// Last port of the range.
        last: u16,
    },
    /// A socket could not be opened, for a reason that another port does not heal.
    #[error("cannot open a UDP socket for RTP on {address}: {source}; check media.address")]
    Bind {
        /// The address that was asked for.
        address: IpAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The engine's threads could not be started.
    #[error("cannot start the media engine: {0}")]
    Start(io::Error),
    /// The engine has been stopped.
    #[error("the media engine has stopped; no new call can be taken")]
    Stopped,
    /// A recording could not be created or written.
    #[error("cannot write the recording {file}: {source}; check the space and the rights there")]
    Recording {
        /// Name of the file inside the recordings folder.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// The name of a recording is not a plain file name.
    #[error("a recording cannot be named {name:?}: give a plain file name without a folder")]
    Name {
        /// The name as given.
        name: String,
    },
    /// `stop_recording` without a recording.
    #[error("there was no recording to close")]
    NotRecording,
    /// A sound file or its folder could not be read or synced.
    #[error("cannot use {path}: {source}", path = .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A WAV file that cannot be understood.
    #[error("{0}")]
    Wav(String),
    /// A fault of Ringpost's own that ended the sound of one call.
    #[error("a fault inside Ringpost ended the sound of this call; please report it")]
    Fault,
}
