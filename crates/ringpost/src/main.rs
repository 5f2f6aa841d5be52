//! The binary: reads the command line and runs one wiring.

use std::process::ExitCode;

use clap::Parser;
use ringpost::command::{Arguments, run};
use rustix::fs::Mode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // What is written is about people: nobody else's business.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    // One provider for all of TLS, before anything asks for one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    run(arguments)
}
