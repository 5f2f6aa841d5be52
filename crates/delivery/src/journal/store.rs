//! The database file: its connections, its pragmas and its schema.

use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::JournalError;

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The column of the ledger that came last: without it commands beside the
/// server cannot read the rows.
const NEWEST_COLUMN: &str = "seen_at";

/// How long a connection waits for another process's lock.
const BUSY: Duration = Duration::from_secs(5);

/// Connections for reading, opened when needed.
const READERS: u32 = 2;

/// Where the database is.
#[derive(Debug, Clone)]
pub(super) struct Store {
    dir: PathBuf,
}

impl Store {
    pub(super) fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    fn file(&self) -> PathBuf {
        self.dir.join("outbox.db")
    }

    fn options(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(self.file())
            .busy_timeout(BUSY)
            .foreign_keys(true)
            .disable_statement_logging()
    }

    /// A connection for writing to a database that exists: every COMMIT waits
    /// until the write-ahead log is on stable storage.
    pub(super) async fn writer(&self) -> Result<SqliteConnection, JournalError> {
        let options = self
            .options()
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("journal_size_limit", "67108864")
            .pragma("temp_store", "MEMORY");
        Ok(SqliteConnection::connect_with(&options).await?)
    }

    /// Creates folder and file where they are missing (for the owner alone: the
    /// rows name people) and brings the schema up to date.
    pub(super) async fn create(&self) -> Result<SqliteConnection, JournalError> {
        let exists = self.file().try_exists().map_err(disk)?;
        if !exists {
            self.build().await?;
        }
        let mut db = self.writer().await?;
        if exists {
            MIGRATIONS.run(&mut db).await?;
        }
        Ok(db)
    }

    /// Makes the database under another name, where nothing has to be synced for
    /// each step, and gives it its own once it is on stable storage: it is there
    /// as a whole or not at all.
    async fn build(&self) -> Result<(), JournalError> {
        let unfinished = self.dir.join("outbox.db.new");
        self.begin_build(&unfinished).map_err(disk)?;
        let options = SqliteConnectOptions::new()
            .filename(&unfinished)
            .journal_mode(SqliteJournalMode::Memory)
            .synchronous(SqliteSynchronous::Off)
            .disable_statement_logging();
        let mut db = SqliteConnection::connect_with(&options).await?;
        MIGRATIONS.run(&mut db).await?;
        sqlx::query("PRAGMA journal_mode = WAL").execute(&mut db).await?;
        db.close().await?;
        self.end_build(&unfinished).map_err(disk)
    }

    fn begin_build(&self, unfinished: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        // The log of a database that somebody took away is not that of the new one.
        for beside in ["outbox.db-wal", "outbox.db-shm"] {
            match std::fs::remove_file(self.dir.join(beside)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        // Nor is what a start that was cut off has left.
        let created = File::options().write(true).create(true).truncate(true).open(unfinished)?;
        created.set_permissions(Permissions::from_mode(0o600))
    }

    fn end_build(&self, unfinished: &Path) -> io::Result<()> {
        File::open(unfinished)?.sync_all()?;
        std::fs::rename(unfinished, self.file())?;
        // The names of the file and of its folder are to outlive a power cut too.
        File::open(&self.dir)?.sync_all()?;
        match self.dir.canonicalize()?.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }

    /// A connection for writing to a database that a server has created.
    pub(super) async fn existing(&self) -> Result<SqliteConnection, JournalError> {
        let missing = || JournalError::Missing { dir: self.dir.clone() };
        match self.file().try_exists() {
            Ok(true) => {}
            Ok(false) => return Err(missing()),
            Err(error) => return Err(disk(error)),
        }
        let mut db = self.writer().await?;
        let tables: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM sqlite_schema WHERE name IN ('ledger', 'outbox', 'held')",
        )
        .fetch_one(&mut db)
        .await?;
        if tables != 3 {
            return Err(missing());
        }
        let is_current: bool = sqlx::query_scalar(
            "SELECT count(*) > 0 FROM pragma_table_info('ledger') WHERE name = ?",
        )
        .bind(NEWEST_COLUMN)
        .fetch_one(&mut db)
        .await?;
        // Its server may be running: what it does not know is not put in beside it.
        if is_current { Ok(db) } else { Err(JournalError::Older) }
    }

    /// Connections for reading beside the writer.
    pub(super) fn readers(&self) -> SqlitePool {
        SqlitePoolOptions::new()
            .max_connections(READERS)
            .idle_timeout(Duration::from_secs(60))
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(self.options().read_only(true))
    }
}

fn disk(error: io::Error) -> JournalError {
    JournalError::Disk { reason: error.to_string() }
}
