//! Log lines on standard error, as text or JSON. Numbers, names and addresses
//! of people stand at debug and below only.

mod batch;

use std::io::{IsTerminal, Stderr};
use std::sync::OnceLock;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

#[cfg(test)]
mod tests;

use batch::Batch;

/// What goes to standard error.
static WAITING: OnceLock<Batch<Stderr>> = OnceLock::new();

/// Starts the log. `level` is that of Ringpost's own lines; libraries speak at
/// warn, or as `RUST_LOG` says.
pub fn start(level: &str, json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        EnvFilter::new(format!("warn,sqlx=error,ringpost={level}{}", rooms(level)))
    });
    let ansi = std::io::stderr().is_terminal();
    let batch = WAITING.get_or_init(|| Batch::start(std::io::stderr())).clone();
    // A second start (tests, demo) leaves the first log as it is.
    let _ = tracing::subscriber::set_global_default(lines(filter, json, ansi, batch));
    std::panic::set_hook(Box::new(|panic| {
        // Never the payload: it may hold what a peer sent.
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
        tracing::error!(place = place.as_deref().unwrap_or("?"), "a panic ended one task");
    }));
}

/// Writes the lines that wait, at the end of the process.
pub fn flush() {
    if let Some(batch) = WAITING.get() {
        batch.flush();
    }
}

/// Log lines as they are written everywhere. Programs read them (deploy/fail2ban).
fn lines<W>(
    filter: EnvFilter,
    json: bool,
    ansi: bool,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(ansi);
    if json { Box::new(builder.json().finish()) } else { Box::new(builder.finish()) }
}

fn rooms(level: &str) -> String {
    ["sip", "media", "directory", "delivery", "call", "lookup", "composer"]
        .iter()
        .map(|room| format!(",ringpost_{room}={level}"))
        .collect()
}
