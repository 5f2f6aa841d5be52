//! `ringpost trace CALL-ID`: one call as a ladder, from the running server.

mod http;
mod ladder;

use std::path::Path;

use clap::Args;
use serde::Deserialize;

use super::Failure;

#[derive(Debug, Args)]
pub struct Options {
    /// SIP Call-ID, or the id that `messages list` shows; the beginning is enough
    #[arg(value_name = "CALL-ID")]
    call_id: String,
    /// Show numbers and names in full
    #[arg(long)]
    numbers: bool,
    /// Print each message whole
    #[arg(long)]
    raw: bool,
    /// The server's admin interface; left out: http.listen of the configuration
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

/// A trace as the server tells it.
#[derive(Debug, Deserialize)]
pub(super) struct Trace {
    call_id: String,
    masked: bool,
    calls: Vec<Summary>,
    events: Vec<Event>,
}

/// One call of ours with that Call-ID.
#[derive(Debug, Deserialize)]
struct Summary {
    id: String,
    subscriber: Option<String>,
    state: Option<u8>,
    ended: Option<String>,
}

/// One line of the ladder.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Event {
    /// A message between a peer and us.
    Message {
        ms: f64,
        direction: String,
        hop: String,
        again: bool,
        line: String,
        headers: Vec<(String, String)>,
        sdp: Option<String>,
        raw: String,
    },
    /// What the server decided.
    Note { ms: f64, text: String },
}

#[derive(Debug, Deserialize)]
struct Problem {
    error: String,
}

pub async fn run(config: &Path, options: Options) -> Result<(), Failure> {
    let server = match &options.server {
        Some(url) => http::authority(url)?,
        None => {
            let settings = super::settings(config)?;
            let address = settings.http.ok_or(
                "http.listen is empty, and a trace is read over HTTP: give the server an address there",
            )?;
            http::reachable(address)
        }
    };
    let numbers = if options.numbers { "?numbers=true" } else { "" };
    let path = format!("/api/v1/trace/{}{numbers}", http::encoded(&options.call_id));
    let (status, body) = http::get(&server, &path).await?;
    if status != 200 {
        let problem = serde_json::from_str::<Problem>(&body);
        return Err(problem
            .map_or_else(
                |_| format!("{server} answers with {status}: is a Ringpost of this version there?"),
                |problem| problem.error,
            )
            .into());
    }
    let trace: Trace = serde_json::from_str(&body)
        .map_err(|error| format!("{server} says what this version cannot read: {error}"))?;
    let text = if options.raw { ladder::whole(&trace) } else { ladder::draw(&trace) };
    match std::io::Write::write_all(&mut std::io::stdout().lock(), text.as_bytes()) {
        // A reader that closed the pipe has seen enough.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
