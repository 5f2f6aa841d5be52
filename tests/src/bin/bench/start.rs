//! How long a start takes, and what an idle server holds.

use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use ringpost_tests::load::cpu;
use ringpost_tests::process::Process;
use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;

use crate::figures::{median, ms, quantile, short};
use crate::options::{self, Options};

/// One program's starts.
pub struct Starts {
    took: Vec<Duration>,
    /// In ms.
    pub median: f64,
    /// Resident, in MB.
    pub idle: f64,
}

/// Runs and prints it; the first program's.
pub fn run(options: &Options, part: options::Start) -> Starts {
    let mut all = Vec::new();
    for binary in options.binaries() {
        let starts = measure(binary, part.starts);
        println!(
            "start: first OPTIONS answered after {:.1} ms (median of {}; {:.1} to {:.1}), idle {:.1} MB; {}",
            starts.median,
            part.starts,
            ms(quantile(&starts.took, 0.0)),
            ms(quantile(&starts.took, 1.0)),
            starts.idle,
            short(binary),
        );
        all.push(starts);
    }
    all.swap_remove(0)
}

/// So many starts on fresh state folders.
fn measure(binary: &Path, starts: usize) -> Starts {
    let mut took = Vec::new();
    let mut idle = Vec::new();
    for _ in 0..starts {
        let server = Server::prepared(Settings::new());
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let local = socket.local_addr().unwrap();
        let request = format!(
            "OPTIONS sip:alice@example.com SIP/2.0\r\nVia: SIP/2.0/UDP {local};rport;branch=z9hG4bKstart\r\n\
             From: <sip:start@example.com>;tag=1\r\nTo: <sip:alice@example.com>\r\n\
             Call-ID: start\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        socket.set_read_timeout(Some(Duration::from_micros(500))).unwrap();
        let mut command = Command::new(binary);
        command.args(["serve", "--config"]).arg(server.config()).env_remove("RUST_LOG");
        let begun = Instant::now();
        let process = Process::start("ringpost", &mut command);
        let mut buffer = [0; 2048];
        loop {
            // Where nobody listens yet, that comes back as an error on the next call.
            let _ = socket.send_to(request.as_bytes(), server.sip());
            if socket.recv(&mut buffer).is_ok() {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", process.lines());
        }
        took.push(begun.elapsed());
        ringpost_tests::waiting::pass(Duration::from_millis(300));
        idle.push(cpu::status_kib(process.id(), "VmRSS:") as f64 * 1.024 / 1000.0);
    }
    Starts { median: ms(quantile(&took, 0.5)), took, idle: median(idle) }
}
