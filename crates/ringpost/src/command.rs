//! The command line: one module for each command.

// Commands speak to people on standard output; the log is elsewhere.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the command line")]

mod check;
mod contacts;
mod demo;
mod dial;
mod greeting;
mod lookup;
mod messages;
mod serve;
mod trace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{self, DEFAULT_FILE, Settings};
use crate::state_folder::refuse_foreign_root;

/// Unanswered calls become e-mail: a voice mail with the recording, or a
/// missed call notification.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "See it work without any configuration:  ringpost demo\n\
                  Then copy deploy/ringpost.toml, and:     ringpost check --config FILE\n\
                  Every key can be set by the environment as well: RINGPOST_SIP__LISTEN='[\"udp:127.0.0.1:5070\"]'"
)]
pub struct Arguments {
    /// The configuration
    #[arg(long, global = true, value_name = "FILE", env = "RINGPOST_CONFIG", default_value = DEFAULT_FILE)]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve,
    /// Check the configuration and every connection it names
    Check,
    /// Show three calls becoming three mails, on this machine alone
    Demo(demo::Options),
    /// Place a test call
    Dial(dial::Options),
    /// Say who a number is, and which source says so
    Lookup(lookup::Options),
    /// The ledger and the outbox
    Messages {
        #[command(subcommand)]
        command: messages::Command,
    },
    /// Draw one call as a ladder: its messages, and what the server decided
    Trace(trace::Options),
    /// The contacts store
    Contacts {
        #[command(subcommand)]
        command: contacts::Command,
    },
    /// Personal greetings
    Greeting {
        #[command(subcommand)]
        command: greeting::Command,
    },
}

/// A sentence for the person at the terminal; the command failed.
#[derive(Debug)]
pub struct Failure(String);

impl<E: std::fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Runs one command to its end.
pub fn run(arguments: Arguments) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("ringpost: no threads to run on: {error}");
            return ExitCode::FAILURE;
        }
    };
    let file = arguments.config;
    let result = runtime.block_on(async {
        match arguments.command {
            Command::Serve => serve::run(settings(&file)?).await,
            Command::Check => check::run(&file).await,
            Command::Demo(options) => demo::run(options).await,
            Command::Dial(options) => dial::run(options).await,
            Command::Lookup(options) => lookup::run(quiet(&file)?, options).await,
            Command::Trace(options) => trace::run(&file, options).await,
            Command::Messages { command } => messages::run(quiet(&file)?, command).await,
            Command::Contacts { command } => contacts::run(quiet(&file)?, command).await,
            Command::Greeting { command } => greeting::run(quiet(&file)?, command),
        }
    });
    // A lookup that is given up must not keep the command waiting.
    runtime.shutdown_background();
    crate::log::flush();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(sentence)) => {
            eprintln!("ringpost: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn settings(file: &std::path::Path) -> Result<Settings, Failure> {
    Ok(config::read(file)?)
}

/// For commands beside the server: only warnings are logged.
fn quiet(file: &std::path::Path) -> Result<Settings, Failure> {
    let settings = settings(file)?;
    refuse_foreign_root(&settings.state_dir)?;
    crate::log::start("warn", settings.log_json);
    Ok(settings)
}
