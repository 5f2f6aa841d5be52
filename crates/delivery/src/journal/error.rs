//! What can go wrong with the journal, in sentences for the operator.

use std::path::PathBuf;

use ringpost_model::Healing;

/// The journal could not do it. Nothing of the operation is on disk, unless the
/// same operation had succeeded before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// No space left.
    #[error(
        "the disk that holds the state folder is full ({reason}): free some space; nothing is accepted until a commit works again"
    )]
    Full {
        /// What SQLite said.
        reason: String,
    },
    /// The file or its file system can only be read.
    #[error(
        "the outbox can only be read ({reason}): give the service write access to outbox.db and its folder"
    )]
    ReadOnly {
        /// What SQLite said.
        reason: String,
    },
    /// Another process held the database for longer than the busy time-out.
    #[error(
        "another program keeps outbox.db locked: end it (a backup or an open sqlite3 shell) and try again"
    )]
    Busy,
    /// Reading or writing failed, or the file cannot be opened.
    #[error(
        "the disk failed under outbox.db ({reason}): look at the kernel's log and the permissions of the state folder"
    )]
    Disk {
        /// What SQLite or the system said.
        reason: String,
    },
    /// The file is no database, or a damaged one.
    #[error(
        "outbox.db is damaged ({reason}): stop the service, keep a copy and recover it with `sqlite3 outbox.db .recover`"
    )]
    Damaged {
        /// What SQLite said.
        reason: String,
    },
    /// A row holds what this version does not understand.
    #[error("a row of the outbox cannot be read: {reason}")]
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
    /// A newer Ringpost wrote it.
    #[error("outbox.db was written by a newer Ringpost: run that version or a later one")]
    Newer,
    /// An older Ringpost wrote it, and no server of this version has run since.
    #[error(
        "outbox.db was written by an older Ringpost: start the server of this version once, then try again"
    )]
    Older,
    /// There is no outbox where one was expected.
    #[error("there is no outbox.db in {}: has the server run with this state folder?", dir.display())]
    Missing {
        /// The state folder.
        dir: PathBuf,
    },
    /// The journal was closed.
    #[error("the journal is closed: the server is stopping")]
    Closed,
    /// Anything else that SQLite said.
    #[error("the outbox failed: {reason}")]
    Failed {
        /// What SQLite said.
        reason: String,
    },
}

impl JournalError {
    /// Whether the same again later may work.
    pub fn healing(&self) -> Healing {
        match self {
            Self::Full { .. }
            | Self::ReadOnly { .. }
            | Self::Busy
            | Self::Disk { .. }
            | Self::Failed { .. }
            | Self::Closed => Healing::Later,
            Self::Damaged { .. }
            | Self::Unreadable { .. }
            | Self::Newer
            | Self::Older
            | Self::Missing { .. } => Healing::Never,
        }
    }

    /// Whether it is the storage that fails and not this one operation.
    pub(super) fn is_of_storage(&self) -> bool {
        match self {
            Self::Full { .. }
            | Self::ReadOnly { .. }
            | Self::Busy
            | Self::Disk { .. }
            | Self::Damaged { .. }
            | Self::Failed { .. } => true,
            Self::Unreadable { .. }
            | Self::Newer
            | Self::Older
            | Self::Missing { .. }
            | Self::Closed => false,
        }
    }
}

/// SQLite's primary result codes (the low byte of the extended ones).
mod code {
    pub(super) const BUSY: u32 = 5;
    pub(super) const LOCKED: u32 = 6;
    pub(super) const READONLY: u32 = 8;
    pub(super) const IOERR: u32 = 10;
    pub(super) const CORRUPT: u32 = 11;
    pub(super) const FULL: u32 = 13;
    pub(super) const CANTOPEN: u32 = 14;
    pub(super) const NOTADB: u32 = 26;
    /// `SQLITE_IOERR_SHMSIZE`: the shared memory file could not grow.
    pub(super) const IOERR_SHMSIZE: u32 = 10 | (19 << 8);
}

impl From<sqlx::Error> for JournalError {
    fn from(error: sqlx::Error) -> Self {
        let reason =
            error.as_database_error().map_or_else(|| error.to_string(), ToString::to_string);
        let extended = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .and_then(|code| code.parse::<u32>().ok());
        let Some(extended) = extended else {
            return match error {
                sqlx::Error::PoolClosed => Self::Closed,
                sqlx::Error::Io(_) => Self::Disk { reason },
                _ => Self::Failed { reason },
            };
        };
        match extended & 0xff {
            _ if extended == code::IOERR_SHMSIZE => Self::Full { reason },
            code::FULL => Self::Full { reason },
            code::READONLY => Self::ReadOnly { reason },
            code::BUSY | code::LOCKED => Self::Busy,
            code::IOERR | code::CANTOPEN => Self::Disk { reason },
            code::CORRUPT | code::NOTADB => Self::Damaged { reason },
            _ => Self::Failed { reason },
        }
    }
}

impl From<sqlx::migrate::MigrateError> for JournalError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError;
        match error {
            MigrateError::VersionMissing(_)
            | MigrateError::VersionTooNew(..)
            | MigrateError::VersionMismatch(_) => Self::Newer,
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Self::Failed { reason: other.to_string() },
        }
    }
}
