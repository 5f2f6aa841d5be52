//! One transaction: a mail for one recipient, to the reply to its dot.
//!
//! Where the server offers PIPELINING (RFC 2920), MAIL, RCPT and DATA go in one
//! write. Their replies are read one by one all the same, every one of them: a
//! reply that is left would be taken for that of the next mail. An end of a
//! refused transaction that is not clear costs the connection.

use std::fmt;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::commands::{Data, Rset};
use lettre::transport::smtp::extension::Extension;
use lettre::transport::smtp::response::Response;
use ringpost_model::Mail;

use super::failure::{Failure, Stage, clean};
use super::session::Session;

/// Longest message that is written as one; a longer one goes in chunks, so that
/// it does not lie in memory twice.
const AT_ONCE: usize = 1024 * 1024;

/// How much of such a message is written at a time.
const CHUNK: usize = 64 * 1024;

/// The commands before the message, with the replies that let it go on.
const BEFORE: [(Stage, &[u16]); 3] =
    [(Stage::MailFrom, &[250]), (Stage::RcptTo, &[250, 251]), (Stage::Data, &[354])];

impl Session {
    /// Returns the reply to the dot. `stage` follows.
    pub(super) async fn send(&mut self, mail: &Mail, stage: &mut Stage) -> Result<String, Failure> {
        if self.is_begun {
            *stage = Stage::Reset;
            let reply = self.connection.command(Rset).await;
            taken(reply, &[250], *stage)?;
            self.is_begun = false;
        }
        *stage = Stage::MailFrom;
        let commands = [
            self.mail_from(mail)?,
            format!("RCPT TO:<{}>\r\n", mail.envelope.recipient),
            Data.to_string(),
        ];
        self.is_begun = true;
        if self.offers.pipelining {
            self.all_at_once(commands.concat(), stage).await?;
        } else {
            for (command, (this, good)) in commands.iter().zip(BEFORE) {
                *stage = this;
                taken(self.connection.command(command).await, good, this)?;
            }
        }
        *stage = Stage::Message;
        let reply = taken(self.message(&mail.message).await, &[250], *stage)?;
        self.is_begun = false;
        Ok(said(&reply))
    }

    /// The first refusal counts: the replies after it only follow from it.
    async fn all_at_once(&mut self, commands: String, stage: &mut Stage) -> Result<(), Failure> {
        let mut refused: Option<Failure> = None;
        let mut reply = Some(self.connection.command(commands).await);
        for (this, good) in BEFORE {
            *stage = this;
            let reply = match reply.take() {
                Some(first) => first,
                None => self.connection.read_response().await,
            };
            let taken = taken(reply, good, this);
            refused = match (refused, taken) {
                (None, Ok(_)) => None,
                (None, Err(failure)) if failure.leaves_the_connection_sound() => Some(failure),
                (None, Err(failure)) => return Err(failure),
                // A server that goes on to 354 now waits for a message.
                (Some(first), Ok(_)) if this == Stage::Data => return Err(first.in_doubt()),
                (Some(first), Err(next)) if !next.leaves_the_connection_sound() => {
                    return Err(first.in_doubt());
                }
                (Some(first), Ok(_) | Err(_)) => Some(first),
            };
        }
        refused.map_or(Ok(()), Err)
    }

    /// The message and its dot.
    async fn message(&mut self, message: &[u8]) -> Result<Response, Error> {
        // The end of the last line is written together with the dot.
        let message = message.strip_suffix(b"\r\n").unwrap_or(message);
        match std::str::from_utf8(message) {
            // lettre looks for dots octet by octet, which is most of what a
            // voice mail costs.
            Ok(text) if text.len() <= AT_ONCE => self.connection.command(Stuffed(text)).await,
            Ok(_) | Err(_) => self.connection.message_iter(message.chunks(CHUNK)).await,
        }
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
        if let Some(most) = self.offers.size.filter(|most| *most > 0 && length > *most) {
            return Err(Failure::unfit_mail(format!(
                "the message has {length} bytes and the mail server takes {most}: raise its limit, or set mail.audio = \"g711\" or a shorter limits.recording_seconds"
            )));
        }
        let offers = self.connection.server_info();
        let mut command = format!("MAIL FROM:<{sender}>");
        if self.offers.size.is_some() {
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
}

/// A message without its last line end, as it goes over the wire with its dot:
/// lines that begin with a dot get one more (RFC 5321 §4.5.2).
struct Stuffed<'a>(&'a str);

impl fmt::Display for Stuffed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.starts_with('.') {
            f.write_str(".")?;
        }
        // Seldom true, and much faster to find out than where.
        if self.0.contains("\r\n.") {
            for (place, piece) in self.0.split("\r\n.").enumerate() {
                f.write_str(if place > 0 { "\r\n.." } else { "" })?;
                f.write_str(piece)?;
            }
        } else {
            f.write_str(self.0)?;
        }
        f.write_str("\r\n.\r\n")
    }
}

/// A reply that lets the transaction go on; one that is positive and not the
/// expected one leaves the connection in doubt.
pub(super) fn taken(
    reply: Result<Response, Error>,
    good: &[u16],
    stage: Stage,
) -> Result<Response, Failure> {
    let reply = reply.map_err(|error| Failure::of(stage, &error))?;
    if good.iter().any(|code| reply.has_code(*code)) {
        return Ok(reply);
    }
    Err(Failure::broken(stage, format!("an unexpected reply: {}", said(&reply))))
}

fn said(reply: &Response) -> String {
    let text: Vec<&str> = reply.message().collect();
    clean(&format!("{} {}", reply.code(), text.join(" ")))
}

/// Whether an address can stand between the angle brackets of a command.
fn is_carried(address: &str) -> bool {
    !address.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>'))
}
