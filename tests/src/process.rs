//! Child processes with their words kept: started, listened to, ended by id.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::waiting;

/// A running program whose output is collected line by line.
pub struct Process {
    name: String,
    child: Child,
    output: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts `command`; its standard input is empty.
    pub fn start(name: &str, command: &mut Command) -> Self {
        Self::begin(name, command.stdin(Stdio::null()))
    }

    /// Starts `command`, which takes words with [`Process::tell`].
    pub fn start_listening(name: &str, command: &mut Command) -> Self {
        Self::begin(name, command.stdin(Stdio::piped()))
    }

    fn begin(name: &str, command: &mut Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn(command)
            .unwrap_or_else(|error| panic!("{name} does not start: {error}: {command:?}"));
        let output = Arc::new(Mutex::new(Vec::new()));
        let readers = vec![
            collect(child.stdout.take().expect("piped"), &output),
            collect(child.stderr.take().expect("piped"), &output),
        ];
        Self { name: name.to_owned(), child, output, readers }
    }

    /// Writes a line to its standard input.
    pub fn tell(&mut self, words: &str) {
        let input = self.child.stdin.as_mut().expect("started to listen");
        // Where it has ended, the wait that follows says so better.
        let _ = input.write_all(format!("{words}\n").as_bytes()).and_then(|()| input.flush());
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// All lines written so far, standard output and error in the order of arrival.
    pub fn lines(&self) -> Vec<String> {
        self.output.lock().unwrap().clone()
    }

    /// Waits for a line that `wanted` accepts; fails early when the program ends.
    pub fn line(&mut self, what: &str, within: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let found = waiting::patiently(within, || {
            let seen = self.lines().into_iter().find(|line| wanted(line));
            let ended = seen.is_none() && matches!(self.child.try_wait(), Ok(Some(_)));
            if ended {
                self.hear_out();
                return Some(self.lines().into_iter().find(|line| wanted(line)));
            }
            seen.map(Some)
        });
        found.flatten().unwrap_or_else(|| {
            panic!("{} never said {what}; it said:\n{}", self.name, self.lines().join("\n"))
        })
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end; fails after `within`.
    pub fn ended(&mut self, within: Duration) -> ExitStatus {
        let status = waiting::patiently(within, || self.child.try_wait().ok().flatten());
        let Some(status) = status else {
            panic!(
                "{} did not end within {within:?}; it said:\n{}",
                self.name,
                self.lines().join("\n")
            );
        };
        self.hear_out();
        status
    }

    /// Words may still be in the pipes of a program that ended; a child of its
    /// own that lives on keeps them open, and is not waited for.
    fn hear_out(&self) {
        let heard = || self.readers.iter().all(JoinHandle::is_finished).then_some(());
        let _ = waiting::patiently(Duration::from_millis(500), heard);
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        signal("TERM", self.id());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One at a time: between fork and exec a child holds copies of all sockets of
/// this process, and a port that another test has just closed would still be
/// in use. Whoever looks for a free port takes this lock too.
pub(crate) static STARTING: Mutex<()> = Mutex::new(());

fn spawn(command: &mut Command) -> io::Result<Child> {
    let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// Runs a program to its end, whatever that is.
pub fn output(command: &mut Command) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    spawn(command)?.wait_with_output()
}

/// Sends a signal by name to one process id.
pub fn signal(name: &str, id: u32) {
    let _ = output(Command::new("sh").arg("-c").arg(format!("kill -{name} {id}")));
}

/// CPU time of a process with all its threads so far, user and kernel mode.
pub fn cpu_seconds(id: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The name may hold blanks; fields are counted behind its parenthesis.
    let fields: Vec<&str> =
        stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let ticks: f64 = (11..15).filter_map(|at| fields.get(at)?.parse::<f64>().ok()).sum();
    ticks / 100.0
}

/// Resident memory of a process in KiB.
pub fn resident_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.parse().ok()).unwrap_or_else(|| panic!("no VmRSS of {id}: {status}"))
}

/// Runs a program to its end; fails with its words when it fails.
pub fn run<I, S>(program: &str, arguments: I) -> String
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new(program);
    command.args(arguments);
    let output = output(&mut command).unwrap_or_else(|error| panic!("{program}: {error}"));
    let words = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{command:?} failed ({}):\n{words}", output.status);
    words
}

fn collect(from: impl Read + Send + 'static, into: &Arc<Mutex<Vec<String>>>) -> JoinHandle<()> {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        let mut reader = BufReader::new(from);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            into.lock().unwrap().push(text);
            line.clear();
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    #[test]
    fn words_are_heard_and_the_end_is_seen() {
        let mut shell =
            Process::start("sh", Command::new("sh").args(["-c", "echo one; echo two >&2; exit 3"]));
        assert_eq!(shell.line("two", SOON, |line| line == "two"), "two");
        assert_eq!(shell.ended(SOON).code(), Some(3));
        assert_eq!(shell.lines().len(), 2);
    }

    #[test]
    fn it_takes_words() {
        let mut cat = Process::start_listening("cat", &mut Command::new("cat"));
        cat.tell("one");
        assert_eq!(cat.line("one", SOON, |line| line == "one"), "one");
    }

    #[test]
    fn a_dropped_process_is_gone() {
        let shell = Process::start("sleep", Command::new("sleep").arg("60"));
        let id = shell.id();
        drop(shell);
        assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
    }
}
