//! A `people.db` where there is none: made under another name, where nothing
//! has to be synced for each step, and put into its place as a whole.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process;

use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::store::MIGRATIONS;

/// Why it could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum NewError {
    /// The folder.
    #[error(transparent)]
    File(#[from] io::Error),
    /// What SQLite says.
    #[error(transparent)]
    Sqlite(#[from] sqlx::Error),
    /// The same, of the tables.
    #[error(transparent)]
    Tables(#[from] MigrateError),
}

/// Makes it, unless it is there. Other processes may do the same: the first
/// counts, and nobody sees half of it.
pub(super) async fn make(path: &Path) -> Result<(), NewError> {
    if path.try_exists()? {
        return Ok(());
    }
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}.new", process::id()));
    let unfinished = PathBuf::from(unfinished);
    let made = fill(&unfinished).await.and_then(|()| Ok(put(&unfinished, path)?));
    // Not there any more where it was renamed.
    let _gone = std::fs::remove_file(&unfinished);
    made
}

async fn fill(unfinished: &Path) -> Result<(), NewError> {
    // For the owner alone: the rows name people.
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(unfinished)?;
    let options = SqliteConnectOptions::new()
        .filename(unfinished)
        .journal_mode(SqliteJournalMode::Memory)
        .synchronous(SqliteSynchronous::Off)
        .disable_statement_logging();
    let mut database = SqliteConnection::connect_with(&options).await?;
    MIGRATIONS.run(&mut database).await?;
    sqlx::query("PRAGMA journal_mode = WAL").execute(&mut database).await?;
    Ok(database.close().await?)
}

fn put(unfinished: &Path, path: &Path) -> io::Result<()> {
    File::open(unfinished)?.sync_all()?;
    match std::fs::hard_link(unfinished, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            // A file system without a second name for a file.
            std::fs::rename(unfinished, path)?;
        }
        _ => {}
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_of_several_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.db");
        make(&path).await.unwrap();
        let first = std::fs::read(&path).unwrap();
        // Another process that saw none has made its own meanwhile.
        let late = folder.path().join("late.new");
        std::fs::write(&late, "another").unwrap();
        put(&late, &path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first);
        make(&path).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first);
        std::fs::remove_file(late).unwrap();
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }
}
