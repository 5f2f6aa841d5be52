//! A scripted SMTP server on a thread for each connection.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What the server does at a command in place of the usual reply.
pub(super) enum Act {
    Say(&'static str),
    /// Closes the connection.
    Drop,
    /// Tells the test, then says this once the test lets it.
    Hold(Sender<()>, Receiver<()>, &'static str),
    /// Never answers.
    Silence,
}

/// One connection: offers, and acts at the first command with each prefix
/// (`.` is the end of the message).
#[derive(Default)]
pub(super) struct Plan {
    pub(super) greeting: Option<&'static str>,
    pub(super) offers: Vec<&'static str>,
    pub(super) offers_in_tls: Vec<&'static str>,
    pub(super) acts: VecDeque<(&'static str, Act)>,
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) is_implicit: bool,
}

impl Plan {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn offering(mut self, offers: &[&'static str]) -> Self {
        self.offers = offers.to_vec();
        self
    }

    pub(super) fn at(mut self, command: &'static str, act: Act) -> Self {
        self.acts.push_back((command, act));
        self
    }
}

/// What happened: commands with the number of their connection, and the
/// messages that were taken (answered, or dropped after their dot).
#[derive(Default)]
pub(super) struct Seen {
    pub(super) commands: Vec<(usize, String)>,
    pub(super) messages: Vec<(usize, String)>,
}

pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) seen: Arc<Mutex<Seen>>,
}

impl Server {
    /// Serves the plans, one connection each, and refuses what comes after.
    pub(super) fn start(plans: Vec<Plan>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for (number, plan) in plans.into_iter().enumerate() {
                let Ok((tcp, _)) = listener.accept() else { return };
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || converse(number, tcp, plan, &shared));
            }
        });
        Self { address, seen }
    }

    pub(super) fn commands(&self, starting: &str) -> Vec<(usize, String)> {
        let seen = self.seen.lock().unwrap();
        seen.commands.iter().filter(|(_, line)| line.starts_with(starting)).cloned().collect()
    }

    pub(super) fn messages(&self) -> Vec<(usize, String)> {
        self.seen.lock().unwrap().messages.clone()
    }
}

trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

fn seal(wire: TcpStream, config: &Arc<ServerConfig>) -> Box<dyn Wire> {
    let tls = ServerConnection::new(Arc::clone(config)).unwrap();
    Box::new(StreamOwned::new(tls, wire))
}

fn converse(number: usize, tcp: TcpStream, mut plan: Plan, seen: &Mutex<Seen>) -> Option<()> {
    let under = tcp.try_clone().unwrap();
    let wire: Box<dyn Wire> = match &plan.tls {
        Some(config) if plan.is_implicit => seal(tcp, config),
        _ => Box::new(tcp),
    };
    let mut wire = BufReader::new(wire);
    say(&mut wire, plan.greeting.unwrap_or("220 mail.example.com ready"))?;
    let mut is_sealed = plan.is_implicit;
    loop {
        let mut line = String::new();
        if wire.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let command = line.trim_end().to_owned();
        seen.lock().unwrap().commands.push((number, command.clone()));
        let verb = command.split([' ', ':']).next().unwrap_or("").to_uppercase();
        if let Some(act) = plan.take(&command) {
            let is_agreed = matches!(act, Act::Say(reply) if reply.starts_with("220 "));
            let goes_on =
                matches!(act, Act::Say(reply) | Act::Hold(_, _, reply) if reply.starts_with("354"));
            perform(&mut wire, act)?;
            if verb == "STARTTLS" && is_agreed {
                wire = BufReader::new(seal(under.try_clone().ok()?, plan.tls.as_ref()?));
                is_sealed = true;
            }
            if !goes_on {
                continue;
            }
        } else if verb != "DATA" {
            let offers = if is_sealed { &plan.offers_in_tls } else { &plan.offers };
            let reply = match verb.as_str() {
                "EHLO" => hello(offers),
                "STARTTLS" => {
                    say(&mut wire, "220 go ahead")?;
                    wire = BufReader::new(seal(under.try_clone().ok()?, plan.tls.as_ref()?));
                    is_sealed = true;
                    continue;
                }
                "AUTH" => "235 welcome".to_owned(),
                "QUIT" => "221 bye".to_owned(),
                _ => "250 fine".to_owned(),
            };
            say(&mut wire, &reply)?;
            continue;
        } else {
            say(&mut wire, "354 go on")?;
        }
        let message = read_message(&mut wire)?;
        let act = plan.take(".");
        let is_taken = matches!(act, None | Some(Act::Drop | Act::Hold(..)))
            || matches!(&act, Some(Act::Say(reply)) if reply.starts_with("250"));
        if is_taken {
            seen.lock().unwrap().messages.push((number, message));
        }
        perform(&mut wire, act.unwrap_or(Act::Say("250 2.0.0 queued as 4711")))?;
    }
}

/// The reply to EHLO: our name, then a line for each offer.
fn hello(offers: &[&str]) -> String {
    match offers.split_last() {
        None => "250 mail.example.com".into(),
        Some((last, others)) => {
            let others: String = others.iter().map(|offer| format!("250-{offer}\r\n")).collect();
            format!("250-mail.example.com\r\n{others}250 {last}")
        }
    }
}

impl Plan {
    fn take(&mut self, command: &str) -> Option<Act> {
        let at = self.acts.iter().position(|(prefix, _)| {
            command.to_uppercase().starts_with(prefix) && (*prefix != "." || command == ".")
        })?;
        self.acts.remove(at).map(|(_, act)| act)
    }
}

fn perform(wire: &mut BufReader<Box<dyn Wire>>, act: Act) -> Option<()> {
    match act {
        Act::Say(reply) => say(wire, reply),
        Act::Drop => None,
        Act::Hold(reached, go_on, reply) => {
            reached.send(()).ok()?;
            go_on.recv().ok()?;
            say(wire, reply)
        }
        Act::Silence => Some(()),
    }
}

fn say(wire: &mut BufReader<Box<dyn Wire>>, reply: &str) -> Option<()> {
    wire.get_mut().write_all(format!("{reply}\r\n").as_bytes()).ok()?;
    wire.get_mut().flush().ok()
}

fn read_message(wire: &mut BufReader<Box<dyn Wire>>) -> Option<String> {
    let mut message = String::new();
    loop {
        let mut line = String::new();
        if wire.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.strip_prefix('.') {
            Some("\r\n") => return Some(message),
            Some(stuffed) => message.push_str(stuffed),
            None => message.push_str(&line),
        }
    }
}

/// A hold and the test's two ends of it: "it was reached" and "go on".
pub(super) fn hold(reply: &'static str) -> (Act, Receiver<()>, Sender<()>) {
    let ((reached, was_reached), (go_on, waiting)) = (channel(), channel());
    (Act::Hold(reached, waiting, reply), was_reached, go_on)
}

/// A certificate for these names, as server configuration and as PEM.
pub(super) fn certificate(names: &[&str]) -> (Arc<ServerConfig>, String) {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let certificate: CertificateDer<'static> = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    (Arc::new(config), made.cert.pem())
}
