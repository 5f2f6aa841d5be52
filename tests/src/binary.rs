//! Where the program under test lies: `ringpost` beside the running test.
//!
//! Cargo gives a test no path to the binary of another package, so it is
//! looked for in the same target folder and built once when it is missing or
//! older than a source it was made of.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// Path of the `ringpost` binary, built if need be. `RINGPOST_BINARY` in the
/// environment names another one, which is taken as it is.
pub fn ringpost() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("RINGPOST_BINARY") {
        Some(path) => PathBuf::from(path),
        None => find(),
    })
}

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_owned()
}

fn find() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let profile = test
        .ancestors()
        .find(|folder| folder.ends_with("debug") || folder.ends_with("release"))
        .expect("a test lies in target/debug or target/release")
        .to_owned();
    let binary = profile.join("ringpost");
    // One builder at a time; the others find its result.
    let lock = File::create(profile.join(".ringpost-for-tests.lock")).expect("a lock file");
    lock.lock().expect("the lock");
    if is_stale(&binary) {
        let mut build = Command::new(env!("CARGO"));
        build.current_dir(workspace()).args(["build", "--quiet", "-p", "ringpost"]);
        build.args(["--bin", "ringpost", "--target-dir"]).arg(profile.join(".."));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let output = build.output().expect("cargo runs");
        assert!(
            output.status.success(),
            "cargo build -p ringpost --bin ringpost failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert!(binary.exists(), "cargo build left no {}", binary.display());
    binary
}

/// Missing, or older than one of the sources that cargo wrote down beside it.
fn is_stale(binary: &Path) -> bool {
    let Some(built) = modified(binary) else { return true };
    let Ok(rule) = std::fs::read_to_string(binary.with_extension("d")) else { return true };
    let sources = rule.split_once(':').map_or("", |(_, sources)| sources);
    sources
        .split_whitespace()
        .any(|source| modified(Path::new(source)).is_none_or(|changed| changed > built))
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}
