//! Another hand on the outbox: an exclusive lock that keeps the server from
//! committing, as long as it is held.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::runtime::Runtime;

/// A write transaction that was begun and does nothing.
pub struct StoreLock {
    runtime: Runtime,
    connection: Option<SqliteConnection>,
}

impl StoreLock {
    /// Takes the write lock of the database `file`, waiting for it at most 20 s.
    pub fn take(file: &Path) -> Self {
        assert!(file.exists(), "no database {}", file.display());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(async {
            let url = format!("sqlite://{}", file.display());
            let options =
                SqliteConnectOptions::from_str(&url).unwrap().busy_timeout(Duration::from_secs(20));
            let mut connection = options.connect().await.expect("the database opens");
            sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.expect("the lock");
            connection
        });
        Self { runtime, connection: Some(connection) }
    }
}

impl Drop for StoreLock {
    fn drop(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            self.runtime.block_on(async {
                let _ = sqlx::query("ROLLBACK").execute(&mut connection).await;
                let _ = connection.close().await;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_writes_while_it_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("outbox.db");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let open = || async {
            SqliteConnectOptions::new()
                .filename(&file)
                .create_if_missing(true)
                .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
                .busy_timeout(Duration::from_millis(50))
                .connect()
                .await
                .unwrap()
        };
        let mut other = runtime.block_on(open());
        let mut write = |sql: &'static str| {
            runtime.block_on(async { sqlx::query(sql).execute(&mut other).await.is_ok() })
        };
        assert!(write("CREATE TABLE t (a)"));
        let lock = StoreLock::take(&file);
        assert!(!write("INSERT INTO t VALUES (1)"));
        drop(lock);
        assert!(write("INSERT INTO t VALUES (1)"));
    }
}
