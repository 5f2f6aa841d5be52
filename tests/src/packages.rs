//! Debian packages that the peers come from, installed when they are missing.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::process::output;

const POLICY: &str = "/usr/sbin/policy-rc.d";
const NO_DAEMONS: &str = "#!/bin/sh\n# Ringpost's tests install packages just now.\nexit 101\n";

/// Makes sure that `packages` are installed. Fails the test with the words of
/// apt when they cannot be.
pub fn need(packages: &[&str]) {
    if missing(packages).is_empty() {
        return;
    }
    // Test binaries run side by side: one installs, the others wait and look again.
    let lock = File::create(std::env::temp_dir().join("ringpost-tests-apt.lock")).unwrap();
    lock.lock().unwrap();
    let missing = missing(packages);
    if missing.is_empty() {
        return;
    }
    let _no_daemons = NoDaemons::start();
    if !lists_are_fresh() {
        apt(&["update"]);
    }
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(missing);
    apt(&arguments);
}

fn missing<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    packages.iter().copied().filter(|package| !is_installed(package)).collect()
}

fn is_installed(package: &str) -> bool {
    output(Command::new("dpkg-query").args(["-W", "-f=${Status}", package]))
        .is_ok_and(|output| output.stdout.ends_with(b" ok installed"))
}

fn lists_are_fresh() -> bool {
    let day = Duration::from_secs(24 * 3600);
    let Ok(lists) = fs::read_dir("/var/lib/apt/lists") else { return false };
    lists.flatten().any(|list| {
        let young = list
            .metadata()
            .and_then(|meta| meta.modified())
            .is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age < day));
        young && list.file_name().to_string_lossy().contains("Packages")
    })
}

fn apt(arguments: &[&str]) {
    let mut command = Command::new("apt-get");
    command.args(["-q", "-o", "DPkg::Lock::Timeout=300"]).args(arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    let output = output(&mut command).unwrap_or_else(|error| {
        panic!(
            "the peers of these tests come from Debian packages, and apt-get does not run: {error}"
        )
    });
    assert!(
        output.status.success(),
        "apt-get {} failed; the tests with real peers need root and a Debian mirror:\n{}{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// While this lives, the package scripts start no daemons (policy-rc.d, Debian
/// Policy 9.3.3). A policy that is there already is left as it is, unless it is
/// our own of a test that was killed. Lives only under the lock of [`need`].
struct NoDaemons(Option<PathBuf>);

impl NoDaemons {
    fn start() -> Self {
        let policy = Path::new(POLICY);
        // A link that leads nowhere is somebody's too.
        let ours = fs::read_to_string(policy).is_ok_and(|text| text == NO_DAEMONS);
        if policy.symlink_metadata().is_ok() && !ours {
            return Self(None);
        }
        fs::write(policy, NO_DAEMONS).expect("policy-rc.d can be written (root)");
        // From here on it is taken away again, whatever happens.
        let written = Self(Some(policy.to_owned()));
        fs::set_permissions(policy, fs::Permissions::from_mode(0o755)).unwrap();
        written
    }
}

impl Drop for NoDaemons {
    fn drop(&mut self) {
        if let Some(policy) = &self.0 {
            let _ = fs::remove_file(policy);
        }
    }
}
