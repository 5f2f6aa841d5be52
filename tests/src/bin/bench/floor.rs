//! The floor: processes that do nothing but take packets, or send them.
//!
//! They have as many sockets as there are calls, and are fed by the same generator
//! at the same pace as the server. Each has one tick of 20 ms for all its sockets: the
//! one asks epoll and takes what is there, packet by packet; the other sends one
//! packet from each socket.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsFd;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use ringpost_tests::load::{Sound, cpu};
use ringpost_tests::process::Process;
use ringpost_tests::waiting;

const TICK: Duration = Duration::from_millis(20);
/// Flows at once, as many as there are calls at once.
const FLOWS: usize = 200;
/// Packets of each flow.
const FRAMES: u16 = 250;
/// RTP header and 20 ms of G.711.
const SIZE: usize = 172;

/// What a packet costs.
#[derive(Debug, Clone, Copy)]
pub struct Floor {
    /// To receive it.
    pub receive: Duration,
    /// To send it.
    pub send: Duration,
}

impl Floor {
    /// For so many packets in and out.
    pub fn of(self, received: f64, sent: f64) -> Duration {
        self.receive.mul_f64(received) + self.send.mul_f64(sent)
    }

    /// The middle of two.
    pub fn between(self, other: Self) -> Self {
        Self { receive: (self.receive + other.receive) / 2, send: (self.send + other.send) / 2 }
    }
}

/// Measures and prints it.
pub fn run() -> Floor {
    let floor = Floor { receive: receive(), send: send() };
    println!(
        "floor: {:.2} µs for a packet received, {:.2} µs for one sent ({FLOWS} flows, {} packets \
         each way); {:.2} ms for the 550 and 105 of a call",
        floor.receive.as_secs_f64() * 1e6,
        floor.send.as_secs_f64() * 1e6,
        FLOWS * usize::from(FRAMES),
        floor.of(550.0, 105.0).as_secs_f64() * 1e3,
    );
    floor
}

fn receive() -> Duration {
    let (process, ports) = start(&["floor-receive", &FLOWS.to_string()]);
    let before = cpu::of_process(process.id());
    Sound::new(FLOWS).run(&ports, FRAMES, TICK * u32::from(FRAMES));
    let spent = cpu::of_process(process.id()).saturating_sub(before);
    spent / (FLOWS as u32 * u32::from(FRAMES))
}

fn send() -> Duration {
    let sound = Sound::new(FLOWS);
    let (to, frames) = (sound.local().to_string(), FRAMES.to_string());
    let (process, ports) = start(&["floor-send", &FLOWS.to_string(), &to, &frames]);
    let before = cpu::of_process(process.id());
    let heard = sound.run(&ports, 0, TICK * (u32::from(FRAMES) + 30));
    let spent = cpu::of_process(process.id()).saturating_sub(before);
    let packets: u32 = heard.iter().map(|flow| u32::from(flow.received)).sum();
    assert_eq!(packets, FLOWS as u32 * u32::from(FRAMES), "packets of the floor were lost");
    spent / packets
}

fn start(arguments: &[&str]) -> (Process, Vec<SocketAddrV4>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let mut process = Process::start("floor", command.args(arguments));
    let line = process.line("its ports", Duration::from_secs(10), |line| line.starts_with("at "));
    let port = |port: &str| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port.parse().unwrap());
    (process, line.trim_start_matches("at ").split(' ').map(port).collect())
}

/// The process that takes packets, until it is ended.
pub fn receiver(sockets: usize) {
    let sockets = bind(sockets);
    let epoll = Epoll::new(EpollCreateFlags::empty()).unwrap();
    for (at, socket) in sockets.iter().enumerate() {
        let event = EpollEvent::new(EpollFlags::EPOLLIN, at as u64);
        epoll.add(socket.as_fd(), event).unwrap();
    }
    let mut events = vec![EpollEvent::empty(); sockets.len()];
    let mut buffer = [0; 2048];
    let mut due = Instant::now();
    loop {
        due += TICK;
        waiting::pass(due.saturating_duration_since(Instant::now()));
        loop {
            let ready = epoll.wait(&mut events, EpollTimeout::ZERO).unwrap_or(0);
            for event in &events[..ready] {
                let _ = sockets[event.data() as usize].recv(&mut buffer);
            }
            if ready == 0 {
                break;
            }
        }
    }
}

/// The process that sends packets: `frames` of them from each socket, and waits to
/// be ended.
pub fn sender(sockets: usize, to: SocketAddr, frames: u16) {
    let sockets = bind(sockets);
    let mut packet = [0x55; SIZE];
    let mut due = Instant::now() + 10 * TICK;
    for frame in 0..frames {
        due += TICK;
        waiting::pass(due.saturating_duration_since(Instant::now()));
        packet[2..4].copy_from_slice(&frame.to_be_bytes());
        for socket in &sockets {
            socket.send_to(&packet, to).unwrap();
        }
    }
    waiting::pass(Duration::from_secs(60));
}

fn bind(count: usize) -> Vec<UdpSocket> {
    let bind = |_| {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    };
    let sockets: Vec<UdpSocket> = (0..count).map(bind).collect();
    let port = |socket: &UdpSocket| socket.local_addr().unwrap().port().to_string();
    println!("at {}", sockets.iter().map(port).collect::<Vec<_>>().join(" "));
    sockets
}
