//! A call takes two sockets and a file: the limit of open files is raised as
//! far as the system allows.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the soft limit to the hard one; returns what is now allowed.
pub fn raise() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if setrlimit(Resource::Nofile, limit).is_err() {
        tracing::warn!("the limit of open files could not be raised; see LimitNOFILE of systemd");
    }
    getrlimit(Resource::Nofile).current
}
