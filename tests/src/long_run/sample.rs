//! What a server uses and keeps at one moment.

use std::fmt;
use std::fs;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::load::cpu;
use crate::server::Server;

/// Tables that hold nothing of a call: one row for each of their own things.
const FIXED: [&str; 3] = ["_sqlx_migrations", "sqlite_sequence", "probe"];

/// One moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Days since the house was opened, by its own clock.
    pub days: f64,
    /// Calls of every kind so far.
    pub calls: usize,
    /// Mails so far.
    pub mails: usize,
    /// Resident memory.
    pub resident_kib: u64,
    /// Threads.
    pub threads: usize,
    /// Open files and sockets.
    pub descriptors: usize,
    /// Files in the state folder.
    pub files: usize,
    /// Of these, recordings.
    pub recordings: usize,
    /// The database.
    pub database_kib: u64,
    /// Its write-ahead log.
    pub log_kib: u64,
    /// Rows of all tables that hold something of a call.
    pub rows: i64,
}

impl Sample {
    pub(super) fn of(server: &Server, days: f64, calls: usize, mails: usize) -> Self {
        let (id, state) = (server.id(), server.state());
        let entries =
            |path: &str| fs::read_dir(format!("/proc/{id}/{path}")).map_or(0, Iterator::count);
        let kib = |file: &str| fs::metadata(state.join(file)).map_or(0, |file| file.len() / 1024);
        Self {
            days,
            calls,
            mails,
            resident_kib: cpu::status_kib(id, "VmRSS:"),
            threads: entries("task"),
            descriptors: entries("fd"),
            files: files(&state),
            recordings: files(&state.join("recordings")),
            database_kib: kib("outbox.db"),
            log_kib: kib("outbox.db-wal"),
            rows: rows(&state.join("outbox.db")),
        }
    }

    /// What is more than it was at an earlier moment at which as much was to be
    /// kept: any count that grew by more than a few, memory and database by more
    /// than a part of themselves.
    pub fn grown_since(&self, earlier: &Self) -> Vec<String> {
        let mut grown = Vec::new();
        let mut compare = |what: &str, before: u64, now: u64, room: u64| {
            if now > before + room {
                grown.push(format!("{what}: {before}, then {now}"));
            }
        };
        let counts = [
            ("threads", earlier.threads, self.threads),
            ("descriptors", earlier.descriptors, self.descriptors),
            ("files", earlier.files, self.files),
        ];
        for (what, before, now) in counts {
            // Readers of the database, couriers, threads that wait for files.
            compare(what, before as u64, now as u64, 16 + before as u64 / 20);
        }
        let room = |before: u64, least: u64| least.max(before / 10);
        let (before, now) = (earlier.resident_kib, self.resident_kib);
        compare("memory in KiB", before, now, room(before, 8 * 1024));
        let (before, now) = (earlier.database_kib, self.database_kib);
        compare("database in KiB", before, now, room(before, 256));
        let (before, now) = (earlier.log_kib, self.log_kib);
        compare("its log in KiB", before, now, room(before, 8 * 1024));
        grown
    }

    /// Names of what [`Sample`] shows when it is printed.
    pub const HEAD: &'static str = "  days    calls    mails  memory MiB  threads  fds  files  \
                                    recordings  rows  database MiB  its log MiB";
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |kib: u64| kib as f64 / 1024.0;
        write!(
            f,
            "{:6.2} {:8} {:8} {:11.1} {:8} {:4} {:6} {:11} {:5} {:13.1} {:12.1}",
            self.days,
            self.calls,
            self.mails,
            mib(self.resident_kib),
            self.threads,
            self.descriptors,
            self.files,
            self.recordings,
            self.rows,
            mib(self.database_kib),
            mib(self.log_kib),
        )
    }
}

/// Files in a folder and all below it.
fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

/// Rows of all tables but the fixed ones.
fn rows(database: &Path) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(database).read_only(true);
        let mut db = options.connect().await.expect("the database opens");
        let tables: Vec<String> =
            sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
                .fetch_all(&mut db)
                .await
                .expect("tables");
        let mut rows = 0;
        for table in tables.iter().filter(|table| !FIXED.contains(&table.as_str())) {
            let count = AssertSqlSafe(format!("SELECT count(*) FROM \"{table}\""));
            let of_table: i64 = sqlx::query_scalar(count).fetch_one(&mut db).await.expect("rows");
            rows += of_table;
        }
        let _ = db.close().await;
        rows
    })
}
