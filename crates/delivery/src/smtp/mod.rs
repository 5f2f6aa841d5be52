//! SMTP (RFC 5321) as a courier, on lettre's connection.
//!
//! One recipient a transaction (`transaction`), and only 250 to the final dot is success. The
//! connection is kept from mail to mail and given up at any doubt: it is taken
//! out of the courier before a mail is begun and put back only after the last
//! reply was read, so that a send that was cut short (the future dropped, the
//! time-out) can never leave a connection whose replies are off by one.

mod failure;
mod offers;
mod one_line;
mod session;
#[cfg(test)]
mod tests;
mod tls;
mod transaction;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use ringpost_model::{Fault, Healing, Mail, TlsPolicy, TlsSettings, Verdict, Whose};

use self::failure::{Failure, Stage};
use self::session::Session;
use self::tls::Tls;
use crate::Courier;

/// A connection that was idle for longer is left, before the server leaves it
/// (RFC 5321 §4.5.3.2.7 gives servers five minutes; many take one).
const KEPT_IDLE: Duration = Duration::from_secs(45);

/// How the mail server is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpSettings {
    /// Name or address of the mail server; its certificate must name it.
    pub host: String,
    /// Port: 25, 587, or 465 with `implicit_tls`.
    pub port: u16,
    /// TLS from the first byte (RFC 8314 §3); `starttls` then says nothing.
    pub implicit_tls: bool,
    /// Whether the connection is upgraded (RFC 3207).
    pub starttls: TlsPolicy,
    /// What is trusted.
    pub tls: TlsSettings,
    /// User and password for AUTH PLAIN or LOGIN (RFC 4954).
    pub credentials: Option<(String, String)>,
    /// Our name in EHLO; left out, our address.
    pub helo: Option<String>,
    /// For one whole mail, connecting included.
    pub timeout: Duration,
}

impl fmt::Debug for SmtpSettings {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("implicit_tls", &self.implicit_tls)
            .field("starttls", &self.starttls)
            .field("tls", &self.tls)
            .field("credentials", &self.credentials.as_ref().map(|_| "…"))
            .field("helo", &self.helo)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// Hands mail to one SMTP server, over one connection at a time.
pub struct SmtpCourier {
    settings: SmtpSettings,
    tls: Tls,
    kept: Option<(Session, Instant)>,
}

impl SmtpCourier {
    /// Connects when there is the first mail.
    pub fn new(settings: SmtpSettings) -> Self {
        Self { settings, tls: Tls::default(), kept: None }
    }

    /// Connects, greets, encrypts and authenticates as for a mail, then says
    /// good-bye. Returns what answered, in a sentence.
    ///
    /// # Errors
    /// What to do about it, in [`Fault::to_operator`].
    pub async fn probe(settings: &SmtpSettings) -> Result<String, Fault> {
        let (mut tls, mut stage) = (Tls::default(), Stage::Connect);
        let attempt = async {
            let session = Session::open(settings, &mut tls, &mut stage).await?;
            let said = session.describe();
            session.quit().await;
            Ok::<String, Failure>(said)
        };
        let done = tokio::time::timeout(settings.timeout, attempt).await;
        let sentence = match done {
            Ok(Ok(said)) => return Ok(format!("{}:{} {said}", settings.host, settings.port)),
            Ok(Err(failure)) => failure.sentence(settings),
            Err(_) => stage.timed_out(settings),
        };
        Err(Fault {
            whose: Whose::Service,
            healing: Healing::Later,
            to_peer: "the mail server cannot be used".into(),
            to_operator: sentence,
        })
    }

    async fn attempt(&mut self, mail: &Mail, stage: &mut Stage) -> Verdict {
        // From here the connection belongs to this attempt: dropped with it.
        if let Some((mut session, since)) = self.kept.take() {
            if since.elapsed() < KEPT_IDLE {
                let sent = session.send(mail, stage).await;
                let is_stale = matches!(&sent, Err(failure) if failure.is_of_a_stale_connection());
                if !is_stale {
                    return self.conclude(session, sent);
                }
            } else {
                tokio::spawn(session.quit());
            }
        }
        *stage = Stage::Connect;
        match Session::open(&self.settings, &mut self.tls, stage).await {
            Ok(mut session) => {
                let sent = session.send(mail, stage).await;
                self.conclude(session, sent)
            }
            Err(failure) => failure.verdict(&self.settings),
        }
    }

    fn conclude(&mut self, session: Session, sent: Result<String, Failure>) -> Verdict {
        if sent.as_ref().map_or_else(Failure::leaves_the_connection_sound, |_| true) {
            self.kept = Some((session, Instant::now()));
        }
        match sent {
            Ok(reply) => Verdict::Delivered { reply },
            Err(failure) => failure.verdict(&self.settings),
        }
    }
}

impl Courier for SmtpCourier {
    fn deliver(&mut self, mail: Mail) -> Pin<Box<dyn Future<Output = Verdict> + Send + '_>> {
        Box::pin(async move {
            let mut stage = Stage::Connect;
            let timeout = self.settings.timeout;
            let done = tokio::time::timeout(timeout, self.attempt(&mail, &mut stage)).await;
            done.unwrap_or_else(|_| Verdict::TryAgain { reason: stage.timed_out(&self.settings) })
        })
    }
}
