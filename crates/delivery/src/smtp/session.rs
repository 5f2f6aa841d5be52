//! One connection: opened, greeted, encrypted and authenticated; then one
//! transaction after the other.

use std::net::IpAddr;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Ehlo, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension};
use lettre::transport::smtp::response::Response;
use ringpost_model::{Mail, TlsPolicy};
use tokio::net::{TcpStream, UdpSocket};

use super::SmtpSettings;
use super::failure::{Failure, Stage, clean};
use super::one_line::OneLine;
use super::tls::Tls;

/// How much of a message is encoded and written at a time.
const CHUNK: usize = 64 * 1024;

pub(super) struct Session {
    connection: AsyncSmtpConnection,
    /// What SIZE announced: `None` not offered, 0 without a limit (RFC 1870 §4).
    size: Option<u64>,
    /// A transaction was begun and not finished.
    is_begun: bool,
}

impl Session {
    /// Connects, greets, encrypts by policy, authenticates. `stage` follows.
    pub(super) async fn open(
        settings: &SmtpSettings,
        tls: &mut Tls,
        stage: &mut Stage,
    ) -> Result<Self, Failure> {
        let (mut connection, hello, is_local) = connect(settings, tls, stage).await?;
        if !settings.implicit_tls {
            *stage = Stage::StartTls;
            match settings.starttls {
                TlsPolicy::Never => {}
                TlsPolicy::Opportunistic if !connection.can_starttls() => {}
                TlsPolicy::Required if !connection.can_starttls() => {
                    return Err(Failure::unfit_server(
                        *stage,
                        format!(
                            "the mail server {}:{} does not offer STARTTLS: mend that, or set mail.starttls = \"opportunistic\"",
                            settings.host, settings.port
                        ),
                    ));
                }
                TlsPolicy::Required | TlsPolicy::Opportunistic => {
                    let parameters = tls.parameters(settings).await?;
                    connection
                        .starttls(parameters, &hello)
                        .await
                        .map_err(|error| Failure::of(*stage, &error))?;
                }
            }
        }
        *stage = Stage::Hello;
        // Once more, for what lettre does not keep of the first: SIZE.
        let offers = connection
            .command(Ehlo::new(hello))
            .await
            .map_err(|error| Failure::of(*stage, &error))?;
        let mut session = Self { connection, size: announced_size(&offers), is_begun: false };
        *stage = Stage::Auth;
        session.authenticate(settings, is_local).await?;
        Ok(session)
    }

    async fn authenticate(
        &mut self,
        settings: &SmtpSettings,
        is_local: bool,
    ) -> Result<(), Failure> {
        let Some((user, password)) = &settings.credentials else { return Ok(()) };
        let (stage, host, port) = (Stage::Auth, &settings.host, settings.port);
        let is_open = !self.connection.is_encrypted() && !is_local;
        if is_open && settings.starttls == TlsPolicy::Opportunistic {
            return Err(Failure::unfit_server(
                stage,
                format!(
                    "the mail server {host}:{port} does not offer STARTTLS, and the password is not sent in the clear: use smtps:, or set mail.starttls = \"never\" if the network is trusted"
                ),
            ));
        }
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        if self.connection.server_info().get_auth_mechanism(&mechanisms).is_none() {
            return Err(Failure::unfit_server(
                stage,
                format!(
                    "the mail server {host}:{port} offers neither AUTH PLAIN nor LOGIN here: use its submission port with TLS, or leave user and password out"
                ),
            ));
        }
        let credentials = Credentials::new(user.clone(), password.clone());
        let reply = self
            .connection
            .auth(&mechanisms, &credentials)
            .await
            .map_err(|error| Failure::of(stage, &error))?;
        expect(&reply, &[235], stage)
    }

    /// One transaction with one recipient. Returns the reply to the dot.
    pub(super) async fn send(&mut self, mail: &Mail, stage: &mut Stage) -> Result<String, Failure> {
        if self.is_begun {
            *stage = Stage::Reset;
            self.command(Rset, &[250], *stage).await?;
            self.is_begun = false;
        }
        *stage = Stage::MailFrom;
        let begin = self.mail_from(mail)?;
        self.is_begun = true;
        self.command(begin, &[250], *stage).await?;
        *stage = Stage::RcptTo;
        let recipient = format!("RCPT TO:<{}>\r\n", mail.envelope.recipient);
        self.command(recipient, &[250, 251], *stage).await?;
        *stage = Stage::Data;
        self.command(Data, &[354], *stage).await?;
        *stage = Stage::Message;
        // The end of the last line is written together with the dot.
        let message = mail.message.strip_suffix(b"\r\n").unwrap_or(&mail.message);
        let reply = self
            .connection
            .message_iter(message.chunks(CHUNK))
            .await
            .map_err(|error| Failure::of(*stage, &error))?;
        expect(&reply, &[250], *stage)?;
        self.is_begun = false;
        Ok(said(&reply))
    }

    /// The MAIL command with what the mail needs and the server offers.
    fn mail_from(&self, mail: &Mail) -> Result<String, Failure> {
        let (recipient, sender) =
            (&mail.envelope.recipient, mail.envelope.sender.as_deref().unwrap_or(""));
        if recipient.is_empty() || !is_carried(recipient) {
            return Err(Failure::unfit_mail(format!(
                "\"{}\" is no mail address: correct the subscriber's mail",
                clean(recipient)
            )));
        }
        if !is_carried(sender) {
            return Err(Failure::unfit_server(
                Stage::MailFrom,
                format!("\"{}\" is no mail address: correct mail.from", clean(sender)),
            ));
        }
        let length = u64::try_from(mail.message.len()).unwrap_or(u64::MAX);
        if let Some(most) = self.size.filter(|most| *most > 0 && length > *most) {
            return Err(Failure::unfit_mail(format!(
                "the message has {length} bytes and the mail server takes {most}: raise its limit, or set mail.audio = \"g711\" or a shorter limits.recording_seconds"
            )));
        }
        let offers = self.connection.server_info();
        let mut command = format!("MAIL FROM:<{sender}>");
        if self.size.is_some() {
            command.push_str(&format!(" SIZE={length}"));
        }
        if !mail.message.is_ascii() && offers.supports_feature(Extension::EightBitMime) {
            command.push_str(" BODY=8BITMIME");
        }
        if !(recipient.is_ascii() && sender.is_ascii()) {
            if !offers.supports_feature(Extension::SmtpUtfEight) {
                return Err(Failure::unfit_mail(
                    "the address has letters that need SMTPUTF8, which the mail server does not offer",
                ));
            }
            command.push_str(" SMTPUTF8");
        }
        command.push_str("\r\n");
        Ok(command)
    }

    async fn command(
        &mut self,
        command: impl std::fmt::Display,
        good: &[u16],
        stage: Stage,
    ) -> Result<(), Failure> {
        let reply =
            self.connection.command(command).await.map_err(|error| Failure::of(stage, &error))?;
        expect(&reply, good, stage)
    }

    /// Good-bye, if the server listens.
    pub(super) async fn quit(mut self) {
        let _answered = tokio::time::timeout(Duration::from_secs(2), self.connection.quit()).await;
    }

    /// What answered, as the rest of a sentence that begins with host and port.
    pub(super) fn describe(&self) -> String {
        let name = clean(self.connection.server_info().name());
        let sealed = if self.connection.is_encrypted() { "encrypted" } else { "not encrypted" };
        match self.size {
            Some(most) if most > 0 => {
                format!("answers as {name}, {sealed}, takes messages of up to {most} bytes")
            }
            Some(_) | None => format!("answers as {name}, {sealed}"),
        }
    }
}

/// A greeted connection, our name on it, and whether it stays on this machine.
async fn connect(
    settings: &SmtpSettings,
    tls: &mut Tls,
    stage: &mut Stage,
) -> Result<(AsyncSmtpConnection, ClientId, bool), Failure> {
    *stage = Stage::Connect;
    let broken = |error: std::io::Error| Failure::broken(Stage::Connect, error.to_string());
    let server = (settings.host.as_str(), settings.port);
    if settings.implicit_tls {
        let parameters = tls.parameters(settings).await?;
        let probe = UdpSocket::bind(("::", 0)).await;
        let probe = match probe {
            Ok(probe) => probe,
            Err(_) => UdpSocket::bind(("0.0.0.0", 0)).await.map_err(broken)?,
        };
        let local = match probe.connect(server).await {
            Ok(()) => probe.local_addr().ok().map(|address| address.ip()),
            Err(_) => None,
        };
        let hello = hello(settings, local);
        let timeout = Some(settings.timeout);
        let connection =
            AsyncSmtpConnection::connect_tokio1(server, timeout, &hello, Some(parameters), None)
                .await
                .map_err(|error| Failure::of(*stage, &error))?;
        return Ok((connection, hello, true));
    }
    let tcp = TcpStream::connect(server).await.map_err(broken)?;
    // Commands and the dot are small and each waits for its reply.
    tcp.set_nodelay(true).map_err(broken)?;
    let is_local = tcp.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
    let hello = hello(settings, tcp.local_addr().ok().map(|address| address.ip()));
    *stage = Stage::Hello;
    let connection =
        AsyncSmtpConnection::connect_with_transport(Box::new(OneLine::new(tcp)), &hello)
            .await
            .map_err(|error| Failure::of(*stage, &error))?;
    Ok((connection, hello, is_local))
}

/// Our name, else our address as a literal (RFC 5321 §4.1.3).
fn hello(settings: &SmtpSettings, local: Option<IpAddr>) -> ClientId {
    match (&settings.helo, local.map(|ip| ip.to_canonical())) {
        (Some(name), _) => ClientId::Domain(name.clone()),
        (None, Some(IpAddr::V4(ip))) => ClientId::Ipv4(ip),
        (None, Some(IpAddr::V6(ip))) => ClientId::Ipv6(ip),
        (None, None) => ClientId::default(),
    }
}

/// A positive reply that is not the expected one leaves the connection in doubt.
fn expect(reply: &Response, good: &[u16], stage: Stage) -> Result<(), Failure> {
    if good.iter().any(|code| reply.has_code(*code)) {
        return Ok(());
    }
    Err(Failure::broken(stage, format!("an unexpected reply: {}", said(reply))))
}

fn said(reply: &Response) -> String {
    let text: Vec<&str> = reply.message().collect();
    clean(&format!("{} {}", reply.code(), text.join(" ")))
}

/// The value of SIZE among the offers of EHLO (RFC 1870 §3).
fn announced_size(offers: &Response) -> Option<u64> {
    offers.message().skip(1).find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        words.next().filter(|word| word.eq_ignore_ascii_case("SIZE"))?;
        Some(words.next().and_then(|size| size.parse().ok()).unwrap_or(0))
    })
}

/// Whether an address can stand between the angle brackets of a command.
fn is_carried(address: &str) -> bool {
    !address.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>'))
}
