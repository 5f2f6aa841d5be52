//! `ringpost dial sip:USER@HOST --wav FILE --hang-up ringing|greeting|recording`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use ringpost_media::Prompt;
use ringpost_sip::{Credentials, Hop};

use super::Failure;
use crate::test_caller::{HangUp, TestCall, TestCaller};

#[derive(Debug, Args)]
pub struct Options {
    /// Whom to call: sip:USER@HOST, perhaps with :PORT and ;transport=tcp or tls, or
    /// sips:USER@HOST
    uri: String,
    /// What to say, a WAV file of any rate; left out: the built-in greeting
    #[arg(long, value_name = "FILE")]
    wav: Option<PathBuf>,
    /// Where to hang up
    #[arg(long, value_enum, default_value = "recording")]
    hang_up: HangUp,
    /// How long to wait in that state before hanging up
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    after: f64,
    /// Who calls
    #[arg(long, value_name = "URI", default_value = "sip:+14255550142@example.com")]
    from: String,
    /// Display name of who calls
    #[arg(long, value_name = "NAME")]
    from_name: Option<String>,
    /// User of digest authentication, where the server asks for it
    #[arg(long, value_name = "NAME", requires = "password_file")]
    user: Option<String>,
    /// File with the password for that
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// PEM file with the authorities to trust over TLS; left out: the system's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    // Why a connection fails is told by a warning.
    crate::log::start("warn", false);
    let credentials = match (&options.user, &options.password_file) {
        (Some(user), Some(file)) => {
            Some(Credentials { user: user.clone(), password: first_line(file)? })
        }
        _ => None,
    };
    let message = match &options.wav {
        None => Prompt::default_greeting(),
        Some(file) => {
            let bytes = std::fs::read(file)
                .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
            Prompt::from_wav(&bytes).map_err(|error| format!("{}: {error}", file.display()))?
        }
    };
    let after = Duration::try_from_secs_f64(options.after)
        .map_err(|_| "--after: a number of seconds, 0 or more, is wanted")?;
    let (destination, caller) = reach(&options).await?;
    let call = TestCall {
        destination,
        uri: options.uri,
        from: options.from,
        from_name: options.from_name,
        message: Arc::new(message),
        hang_up: options.hang_up,
        after,
        credentials,
    };
    let placed = caller.place(call, |step| println!("{step}")).await;
    caller.close().await;
    placed
}

/// A caller for the first place that the URI leads to and somebody listens at.
async fn reach(options: &Options) -> Result<(Hop, TestCaller), Failure> {
    let mut failed = None;
    for hop in ringpost_sip::locate(&options.uri).await? {
        match TestCaller::start(hop, options.ca.as_deref()).await {
            Ok(caller) => return Ok((hop, caller)),
            Err(failure) => failed.get_or_insert(failure),
        };
    }
    Err(failed.unwrap_or_else(|| format!("{} leads nowhere", options.uri).into()))
}

fn first_line(file: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
