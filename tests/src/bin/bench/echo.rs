//! The floor: a process that does nothing but give datagrams back.

use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;

use ringpost_tests::process::Process;

/// As large as a request of a call is on average.
const SIZE: usize = 500;
/// Datagrams under way.
const WINDOW: usize = 100;

/// Gives back what comes, until it is ended.
pub fn serve() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    println!("echo at {}", socket.local_addr().unwrap());
    let mut buffer = [0; 2048];
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        socket.send_to(&buffer[..length], from).unwrap();
    }
}

/// CPU of such a process for the `each` datagrams of one call, there and back.
pub fn measure(calls: usize, each: usize) -> Duration {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let mut process = Process::start("echo", command.arg("echo"));
    let line =
        process.line("where it is", Duration::from_secs(10), |line| line.starts_with("echo at "));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(line.trim_start_matches("echo at ")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let datagram = [b'x'; SIZE];
    let mut buffer = [0; 2048];
    let total = calls * each;
    let (mut sent, mut back) = (0, 0);
    while back < total {
        while sent < total && sent - back < WINDOW {
            socket.send(&datagram).unwrap();
            sent += 1;
        }
        match socket.recv(&mut buffer) {
            Ok(_) => back += 1,
            // One was lost for want of a buffer: it is not waited for.
            Err(_) => back = sent,
        }
    }
    ringpost_tests::load::cpu::of_process(process.id()) / calls as u32
}
