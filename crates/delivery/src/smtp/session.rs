//! One connection: opened, greeted, encrypted and authenticated. What is done
//! on it then is in `transaction`.

use std::net::IpAddr;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::Ehlo;
use lettre::transport::smtp::extension::ClientId;
use ringpost_model::TlsPolicy;
use tokio::net::{TcpStream, UdpSocket};

use super::SmtpSettings;
use super::failure::{Failure, Stage, clean};
use super::offers::Offers;
use super::one_line::OneLine;
use super::tls::Tls;
use super::transaction::taken;

pub(super) struct Session {
    pub(super) connection: AsyncSmtpConnection,
    pub(super) offers: Offers,
    /// A transaction was begun and not finished.
    pub(super) is_begun: bool,
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
        // Once more, for what lettre does not keep of the first.
        let offers = connection
            .command(Ehlo::new(hello))
            .await
            .map_err(|error| Failure::of(*stage, &error))?;
        let mut session = Self { connection, offers: Offers::read(&offers), is_begun: false };
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
        let reply = self.connection.auth(&mechanisms, &credentials).await;
        taken(reply, &[235], stage).map(drop)
    }

    /// Good-bye, if the server listens.
    pub(super) async fn quit(mut self) {
        let _answered = tokio::time::timeout(Duration::from_secs(2), self.connection.quit()).await;
    }

    /// What answered, as the rest of a sentence that begins with host and port.
    pub(super) fn describe(&self) -> String {
        let name = clean(self.connection.server_info().name());
        let sealed = if self.connection.is_encrypted() { "encrypted" } else { "not encrypted" };
        match self.offers.size {
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
