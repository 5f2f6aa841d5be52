//! A Ringpost under test: started on a folder and ports of its own, killed,
//! restarted, asked, and ended when its owner is dropped.

mod ledger;
mod privacy;

use std::fs;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};
use std::time::Duration;

use tempfile::TempDir;

pub use ledger::{LedgerRow, read_rows};

use crate::letter::Letter;
use crate::process::{Process, cpu_seconds, output, signal};
use crate::settings::{Addresses, Settings};
use crate::small_disk::SmallDisk;
use crate::{binary, http, maildir, trace, waiting};

/// How long a start, an end, or a mail to a healthy mail server may take.
pub const SOON: Duration = Duration::from_secs(30);

/// The server.
pub struct Server {
    settings: Settings,
    at: Addresses,
    process: Option<Process>,
    /// Under the state folder, where it is a small one.
    disk: Option<SmallDisk>,
    /// What earlier processes on the same state said.
    earlier: Vec<String>,
    secrets: Vec<String>,
    environment: Vec<(String, String)>,
    traced: bool,
    binary: Option<PathBuf>,
    // Goes last, when nothing is mounted in it any more.
    folder: TempDir,
}

impl Server {
    /// Writes the configuration, starts, and waits for the ready line.
    pub fn start(settings: Settings) -> Self {
        let mut server = Self::prepared(settings);
        server.up();
        server
    }

    /// Starts under strace; what it did is in [`Server::trace`].
    pub fn start_traced(settings: Settings) -> Self {
        let mut server = Self::prepared(settings);
        server.traced = true;
        server.up();
        server
    }

    /// Starts with its state on a disk of `size` (such as `8m`) of its own.
    pub fn start_on_small_disk(settings: Settings, size: &str) -> Self {
        let mut server = Self::on_small_disk(settings, size);
        server.up();
        server
    }

    /// The same, but not started yet.
    pub fn on_small_disk(settings: Settings, size: &str) -> Self {
        let mut server = Self::prepared(settings);
        server.disk = Some(SmallDisk::mount(&server.state(), size));
        server
    }

    /// Sets a variable for it and for its commands.
    pub fn set_environment(&mut self, name: &str, value: &str) {
        self.environment.push((name.into(), value.into()));
    }

    /// Writes the configuration and starts nothing yet.
    pub fn prepared(settings: Settings) -> Self {
        let folder = tempfile::Builder::new().prefix("ringpost-test-").tempdir().unwrap();
        let at = Addresses::free();
        fs::write(folder.path().join("ringpost.toml"), settings.to_toml(folder.path(), at))
            .unwrap();
        let secrets = privacy::of(&settings);
        Self {
            settings,
            folder,
            at,
            process: None,
            disk: None,
            earlier: Vec::new(),
            secrets,
            environment: Vec::new(),
            traced: false,
            binary: None,
        }
    }

    /// Uses that program from the next start on.
    pub fn use_binary(&mut self, binary: &Path) {
        self.binary = Some(binary.to_owned());
    }

    fn program(&self) -> &Path {
        self.binary.as_deref().unwrap_or_else(|| binary::ringpost())
    }

    /// Starts on the state that is there.
    pub fn up(&mut self) {
        let mut process = self.begin();
        process.line("that it is ready", SOON, is_ready);
        self.process = Some(process);
    }

    /// The same where it may be that it cannot start: its words then.
    pub fn comes_up(&mut self) -> Result<(), String> {
        let mut process = self.begin();
        let up = waiting::until("a start or an end", SOON, || {
            let up = process.lines().iter().any(|line| is_ready(line));
            (up || !process.is_running()).then_some(up)
        });
        if up {
            self.process = Some(process);
            return Ok(());
        }
        assert!(!process.ended(SOON).success(), "it ended as if all were well");
        Err(process.lines().join("\n"))
    }

    fn begin(&self) -> Process {
        assert!(self.process.is_none(), "up already");
        let mut command = open_handed(self.program());
        if self.traced {
            command = trace::strace(&self.trace_file());
            command.arg(self.program());
        }
        command.args(["serve", "--config"]).arg(self.config());
        command.env_remove("RUST_LOG").envs(self.environment.iter().cloned());
        Process::start("ringpost", &mut command)
    }

    /// kill -9: nothing is written any more from now on.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("running");
        process.kill();
        self.earlier.extend(process.lines());
    }

    /// Starts, and is killed so long after that, wherever it is then.
    pub fn stumbles(&mut self, after: Duration) {
        self.process = Some(self.begin());
        waiting::pass(after);
        self.kill();
    }

    /// SIGTERM, and waits for the end; fails when that takes over `within`.
    pub fn stop(&mut self, within: Duration) -> ExitStatus {
        let mut process = self.process.take().expect("running");
        process.terminate();
        let status = process.ended(within);
        self.earlier.extend(process.lines());
        status
    }

    /// kill -9 and start on the same state.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.up();
    }

    /// Where it listens for SIP over UDP, and over TCP where that is set.
    pub fn sip(&self) -> SocketAddr {
        self.at.sip
    }

    /// The same over IPv6, where that is set.
    pub fn sip_over_ipv6(&self) -> SocketAddr {
        SocketAddr::from((Ipv6Addr::LOCALHOST, self.at.sip.port()))
    }

    /// Where it listens for SIP over TLS, where that is set.
    pub fn tls(&self) -> SocketAddr {
        self.at.tls
    }

    /// Where it answers HTTP.
    pub fn http(&self) -> SocketAddr {
        self.at.http
    }

    /// Its state folder.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The small disk under it.
    pub fn disk(&self) -> &SmallDisk {
        self.disk.as_ref().expect("started on a small disk")
    }

    /// Its configuration file.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("ringpost.toml")
    }

    /// The test's own folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.as_ref().expect("running").id()
    }

    /// All it said, of all its processes.
    pub fn log(&self) -> Vec<String> {
        let mut lines = self.earlier.clone();
        lines.extend(self.process.iter().flat_map(Process::lines));
        lines
    }

    /// Adds something that must not stand in the log at info or above.
    pub fn never_logs(&mut self, secret: &str) {
        self.secrets.extend(privacy::spellings(secret));
    }

    /// Waits for a line of its log that `wanted` accepts.
    pub fn wait_logged(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        waiting::until(what, SOON, || self.log().into_iter().find(|line| wanted(line)))
    }

    /// Tells it to read its certificates again.
    pub fn hang_up_signal(&self) {
        signal("HUP", self.id());
    }

    /// What it counts under `/metrics`, as text.
    pub fn metrics(&self) -> String {
        http::get(self.at.http, "/metrics").map(|(_, body)| body).unwrap_or_default()
    }

    /// A second configuration on the same state, with ports of its own.
    pub fn another_config(&self) -> PathBuf {
        let file = self.folder.path().join("another.toml");
        fs::write(&file, self.settings.to_toml(self.folder.path(), Addresses::free())).unwrap();
        file
    }

    /// Another command of the program with this configuration.
    pub fn command(&self, arguments: &[&str]) -> Output {
        let mut command = open_handed(self.program());
        command.args(arguments).arg("--config").arg(self.config());
        command.env_remove("RUST_LOG").envs(self.environment.iter().cloned());
        output(&mut command).expect("ringpost runs")
    }

    /// The words of a command that must succeed.
    pub fn says(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments);
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success(),
            "ringpost {arguments:?}: {}\n{words}{errors}",
            output.status
        );
        words
    }

    /// The ledger over HTTP, newest first.
    pub fn ledger(&self) -> Vec<LedgerRow> {
        read_rows(&http::json(self.at.http, "/api/v1/ledger"))
    }

    /// How many mails wait in the outbox.
    pub fn queued(&self) -> usize {
        let metrics = self.metrics();
        let line = metrics.lines().find_map(|line| line.strip_prefix("ringpost_outbox_queued "));
        line.and_then(|count| count.parse().ok()).expect("the outbox is counted")
    }

    /// Waits for the one row of the ledger.
    pub fn the_row(&self) -> LedgerRow {
        self.wait_ledger(1).remove(0)
    }

    /// Waits until the ledger has `count` rows; fails when it has more.
    pub fn wait_ledger(&self, count: usize) -> Vec<LedgerRow> {
        let rows = waiting::until(&format!("{count} rows in the ledger"), SOON, || {
            let rows = self.ledger();
            (rows.len() >= count).then_some(rows)
        });
        assert_eq!(rows.len(), count, "{rows:#?}");
        rows
    }

    /// How many calls are live, over HTTP.
    pub fn live_calls(&self) -> usize {
        ledger::items(&http::json(self.at.http, "/api/v1/calls")).len()
    }

    /// Waits until no call is live.
    pub fn wait_idle(&self) {
        waiting::until("the end of all calls", SOON, || (self.live_calls() == 0).then_some(()));
    }

    /// Waits for `count` mails of `user` in the Maildir; fails when more come.
    pub fn mails(&self, user: &str, count: usize) -> Vec<Letter> {
        let folder = self.settings.maildir(self.folder.path(), user);
        if count > 0 {
            maildir::wait(&folder, count, SOON);
        }
        // A mail too many would come right behind.
        waiting::pass(Duration::from_millis(300));
        let letters = maildir::read(&folder);
        let subjects: Vec<_> = letters.iter().map(|letter| &letter.subject).collect();
        assert_eq!(letters.len(), count, "mails of {user}: {subjects:?}");
        letters
    }

    /// CPU seconds of the server so far, its threads and awaited children counted.
    pub fn cpu_seconds(&self) -> f64 {
        cpu_seconds(self.id())
    }

    /// What strace wrote, when started by [`Server::start_traced`].
    pub fn trace(&self) -> Vec<trace::Step> {
        trace::read(&self.trace_file())
    }

    fn trace_file(&self) -> PathBuf {
        self.folder.path().join("trace")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &self.process {
            signal("KILL", process.id());
        }
        let log = self.log();
        self.process = None;
        if std::thread::panicking() {
            let tail = log.len().saturating_sub(60);
            eprintln!("the server's last words:\n{}", log[tail..].join("\n"));
        } else {
            privacy::check(&log, &self.secrets);
        }
    }
}

fn is_ready(line: &str) -> bool {
    line.starts_with("ringpost is ready")
}

/// A program in a process that keeps no file from anybody by itself (umask 0),
/// so that what it writes is as private as the program makes it.
fn open_handed(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "umask 0; exec \"$@\"", "sh"]).arg(program);
    command
}
