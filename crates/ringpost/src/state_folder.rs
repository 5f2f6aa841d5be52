//! The state folder: made where it is missing, locked while a server runs.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The lock; held as long as it lives.
#[derive(Debug)]
pub struct StateFolder {
    _lock: File,
}

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another server uses it.
    #[error("another ringpost runs on {0}; stop it, or name another folder in state.dir")]
    Locked(PathBuf),
    /// The file system says no.
    #[error("{path} cannot be used: {source}; make it writable for the user that runs ringpost")]
    Unusable {
        /// What was tried.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl StateFolder {
    /// Makes the folder and its parts, readable by nobody else, and locks it.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn take(dir: &Path) -> Result<Self, StateError> {
        for folder in [dir.to_path_buf(), dir.join("recordings"), dir.join("greetings")] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)
                .map_err(|source| StateError::Unusable { path: folder, source })?;
        }
        let path = dir.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|source| StateError::Unusable { path: path.clone(), source })?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StateError::Locked(dir.to_path_buf())),
            Err(TryLockError::Error(source)) => Err(StateError::Unusable { path, source }),
        }
    }
}

/// Root is not to leave files in the folder of another user, who could not
/// write them afterwards.
///
/// # Errors
/// The sentence that says as whom to run.
pub fn refuse_foreign_root(dir: &Path) -> Result<(), String> {
    let owner = std::fs::metadata(dir).map_or(0, |metadata| metadata.uid());
    if rustix::process::geteuid().is_root() && owner != 0 {
        return Err(format!(
            "{} belongs to another user; run this as that user: sudo -u '#{owner}' ringpost …",
            dir.display()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_servers_never_share_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let first = StateFolder::take(&state).unwrap();
        assert!(matches!(StateFolder::take(&state), Err(StateError::Locked(_))));
        drop(first);
        assert!(StateFolder::take(&state).is_ok());
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        std::fs::write(&state, b"").unwrap();
        let said = StateFolder::take(&state).unwrap_err().to_string();
        assert!(said.contains("state") && said.contains("writable"), "{said}");
    }
}
