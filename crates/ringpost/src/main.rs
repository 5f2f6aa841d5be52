//! The binary: reads the command line and runs one wiring.

use std::process::ExitCode;

use clap::Parser;
use ringpost::command::{Arguments, run};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // One provider for all of TLS, before anything asks for one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    run(arguments)
}
