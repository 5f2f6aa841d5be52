//! Log lines on standard error, as text or JSON. Numbers, names and addresses
//! of people stand at debug and below only.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts the log. `level` is that of Ringpost's own lines; libraries speak at
/// warn, or as `RUST_LOG` says.
pub fn start(level: &str, json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        EnvFilter::new(format!("warn,sqlx=error,ringpost={level}{}", rooms(level)))
    });
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start (tests, demo) leaves the first log as it is.
    let _ = if json { builder.json().try_init() } else { builder.try_init() };
    std::panic::set_hook(Box::new(|panic| {
        // Never the payload: it may hold what a peer sent.
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
        tracing::error!(place = place.as_deref().unwrap_or("?"), "a panic ended one task");
    }));
}

fn rooms(level: &str) -> String {
    ["sip", "media", "directory", "delivery", "call", "lookup", "composer"]
        .iter()
        .map(|room| format!(",ringpost_{room}={level}"))
        .collect()
}
