//! A call takes a socket and a file: the limit of open files is raised as far as
//! the system allows.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Open files of a call: its sound and its recording.
const EACH_CALL: u64 = 2;
/// Everybody else's: listeners, connections of SIP and HTTP, the stores, mail.
const OTHERS: u64 = 200;

/// Raises the soft limit to the hard one.
pub fn raise() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if setrlimit(Resource::Nofile, limit).is_err() {
        tracing::warn!("the limit of open files could not be raised; see LimitNOFILE of systemd");
    }
}

/// A sentence where so many calls would need more open files than the system
/// allows.
pub fn warning(calls: usize) -> Option<String> {
    too_few(calls, getrlimit(Resource::Nofile).maximum)
}

/// `allowed`: `None` means any number.
fn too_few(calls: usize, allowed: Option<u64>) -> Option<String> {
    let calls = u64::try_from(calls).unwrap_or(u64::MAX);
    let needed = calls.saturating_mul(EACH_CALL).saturating_add(OTHERS);
    let allowed = allowed.filter(|allowed| *allowed < needed)?;
    Some(format!(
        "limits.calls = {calls} needs {needed} open files and {allowed} are allowed: \
         raise LimitNOFILE of the service (or `ulimit -n`), or lower limits.calls"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_calls_than_files_are_warned_of() {
        assert_eq!(too_few(1000, None), None);
        assert_eq!(too_few(1000, Some(2200)), None);
        let warning = too_few(1000, Some(2199)).unwrap();
        for word in ["limits.calls = 1000", "2200", "2199", "LimitNOFILE"] {
            assert!(warning.contains(word), "{warning}");
        }
    }
}
