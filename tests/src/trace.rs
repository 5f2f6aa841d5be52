//! The order of a server's system calls, seen by strace.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::packages;

/// The calls that matter: what comes in, what goes out, what is written and what
/// is made safe.
const CALLS: &str = "trace=fsync,fdatasync,sendto,sendmsg,sendmmsg,recvfrom,recvmsg,recvmmsg,\
                     read,readv,write,writev,pwrite64,pwritev";

/// So much of each text stands in the trace: a page of a database, whatever its
/// octets are.
const LONGEST: &str = "4200";

/// A system call that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub call: String,
    /// The line of the trace where it began.
    pub began: usize,
    /// The line where it returned.
    pub returned: usize,
    /// Arguments and result as strace writes them.
    pub text: String,
}

impl Step {
    /// Data made safe: fsync or fdatasync that succeeded.
    pub fn is_sync(&self) -> bool {
        matches!(self.call.as_str(), "fsync" | "fdatasync") && self.text.ends_with("= 0")
    }

    /// Something received that begins with `words`.
    pub fn receives(&self, words: &str) -> bool {
        self.call.starts_with("recv") && self.text.contains(&format!("\"{words}"))
    }

    /// Something that came in by a socket, however it was read, with `words` in it.
    pub fn takes(&self, words: &str) -> bool {
        (self.call.starts_with("recv") || self.call.starts_with("read"))
            && self.is_by_socket()
            && self.text.contains(words)
    }

    /// Something that went out by a socket, however it was sent, with `words` in it.
    pub fn gives(&self, words: &str) -> bool {
        (self.call.starts_with("send") || self.call.starts_with("write"))
            && self.is_by_socket()
            && self.text.contains(words)
    }

    /// Something written to a file whose path contains `file`.
    pub fn writes_to(&self, file: &str) -> bool {
        (self.call.starts_with("write") || self.call.starts_with("pwrite"))
            && self.path().is_some_and(|path| path.contains(file))
    }

    /// Data of a file whose path contains `file` made safe.
    pub fn syncs(&self, file: &str) -> bool {
        self.is_sync() && self.path().is_some_and(|path| path.contains(file))
    }

    fn is_by_socket(&self) -> bool {
        self.path().is_some_and(|path| path.starts_with("socket:"))
    }

    /// What strace says that the first argument is.
    fn path(&self) -> Option<&str> {
        let (_, rest) = self.text.split_once('<')?;
        rest.split_once('>').map(|(path, _)| path)
    }

    /// Something sent that begins with `words`.
    pub fn sends(&self, words: &str) -> bool {
        self.call.starts_with("send") && self.text.contains(&format!("\"{words}"))
    }
}

/// A command that runs what is appended to it under strace, writing to `file`.
/// The process that is started is the program itself (strace stands behind it
/// as a grandchild), so that its id is the one to kill.
pub fn strace(file: &Path) -> Command {
    packages::need(&["strace"]);
    let mut command = Command::new("strace");
    // What is not traced is to cost nothing.
    command.args(["-D", "-f", "--seccomp-bpf", "-y", "-q", "-s", LONGEST, "-e", CALLS]);
    command.args(["-e", "signal=none", "-o"]);
    command.arg(file);
    command
}

/// Reads what strace wrote; calls that had not returned are left out.
pub fn read(file: &Path) -> Vec<Step> {
    let text = fs::read(file).expect("a trace");
    parse(&String::from_utf8_lossy(&text))
}

fn parse(text: &str) -> Vec<Step> {
    let mut unfinished: HashMap<&str, (usize, String)> = HashMap::new();
    let mut steps = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(begin) = rest.strip_suffix(" <unfinished ...>") {
            unfinished.insert(thread, (at, begin.to_owned()));
            continue;
        }
        let resumed = rest.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>"));
        let (began, text) = match resumed {
            Some((_, end)) => {
                let Some((began, begin)) = unfinished.remove(thread) else { continue };
                (began, format!("{begin}{end}"))
            }
            None => (at, rest.to_owned()),
        };
        let Some((call, _)) = text.split_once('(') else { continue };
        steps.push(Step {
            call: call.to_owned(),
            began,
            returned: at,
            text: text.trim_end().to_owned(),
        });
    }
    steps
}

/// Fails unless a sync of a file whose path contains `file` began after
/// something was received that begins with `request`, and returned before the
/// first thing was sent after that which begins with `answer`.
pub fn check_synced_between(steps: &[Step], request: &str, file: &str, answer: &str) {
    let received = steps.iter().find(|step| step.receives(request));
    let received = received.unwrap_or_else(|| panic!("{request:?} was never received"));
    let sent = steps.iter().filter(|step| step.sends(answer) && step.began > received.returned);
    let sent = sent.min_by_key(|step| step.began);
    let sent = sent.unwrap_or_else(|| panic!("{answer:?} was never sent after {request:?}"));
    let between: Vec<&Step> = steps
        .iter()
        .filter(|step| step.returned > received.returned && step.began < sent.began)
        .collect();
    let safe = between.iter().any(|step| {
        step.is_sync()
            && step.text.contains(file)
            && step.began > received.returned
            && step.returned < sent.began
    });
    assert!(safe, "no sync of {file:?} between {request:?} and {answer:?}:\n{between:#?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "\
10 recvfrom(9<socket:[1]>, \"INFO sip:alice@example.com SIP/2.0\\r\\nVia: \"..., 65535, 0, NULL, NULL) = 812
11 fdatasync(14</x/state/outbox.db-wal> <unfinished ...>
10 recvfrom(9<socket:[1]>, 0x7f, 65535, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)
11 <... fdatasync resumed>)             = 0
10 sendto(9<socket:[1]>, \"SIP/2.0 200 OK\\r\\nVia: SIP/2.0/UDP 127\"..., 300, 0, NULL, 0) = 300
";

    #[test]
    fn a_sync_between_is_seen_and_its_lack_too() {
        check_synced_between(&parse(TRACE), "INFO sip:", "outbox.db", "SIP/2.0 200");
        let late = TRACE.replace("11 <... fdatasync resumed>)             = 0\n", "")
            + "11 <... fdatasync resumed>)             = 0\n";
        let steps = parse(&late);
        let caught = std::panic::catch_unwind(|| {
            check_synced_between(&steps, "INFO sip:", "outbox.db", "SIP/2.0 200");
        });
        assert!(caught.is_err());
    }

    #[test]
    fn a_real_program_is_traced_and_its_id_is_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trace");
        let mut command = strace(&file);
        let script = format!(
            "echo $$; dd if=/dev/zero of={}/data bs=1 count=1 conv=fsync",
            folder.path().display()
        );
        command.args(["sh", "-c", &script]);
        let mut shell = crate::process::Process::start("sh", &mut command);
        let soon = std::time::Duration::from_secs(10);
        let id = shell.id().to_string();
        assert_eq!(shell.line("its id", soon, |line| line.parse::<u32>().is_ok()), id);
        assert!(shell.ended(soon).success());
        crate::waiting::until("the sync in the trace", soon, || {
            read(&file)
                .iter()
                .any(|step| step.is_sync() && step.text.contains("/data"))
                .then_some(())
        });
    }
}
