//! Why a mail was not handed over, and what follows from it.

use std::error::Error as _;

use lettre::transport::smtp::Error;
use ringpost_model::Verdict;

use super::SmtpSettings;

/// How far a transaction had come (RFC 5321 §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Connect,
    Hello,
    StartTls,
    Auth,
    Reset,
    MailFrom,
    RcptTo,
    Data,
    Message,
}

impl Stage {
    const fn words(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::Hello => "greeting it",
            Self::StartTls => "starting TLS",
            Self::Auth => "authenticating",
            Self::Reset => "beginning a mail",
            Self::MailFrom => "naming the sender",
            Self::RcptTo => "naming the recipient",
            Self::Data => "asking to send the message",
            Self::Message => "handing the message over (it may have arrived)",
        }
    }

    /// The sentence for a time-out in this stage.
    pub(super) fn timed_out(self, settings: &SmtpSettings) -> String {
        format!(
            "the mail server {}:{} did not finish within {:?} while {}",
            settings.host,
            settings.port,
            settings.timeout,
            self.words()
        )
    }
}

/// Replies about the session and not about the mail, in whatever stage they
/// come: commands that are not known or out of order (RFC 5321 §4.2.2), and TLS
/// or authentication that is wanted first (RFC 3207 §4, RFC 4954 §6).
const OF_THE_SESSION: [u16; 6] = [500, 502, 503, 530, 535, 538];

/// A mail that was not handed over.
#[derive(Debug)]
pub(super) struct Failure {
    stage: Stage,
    kind: Kind,
    /// Replies are left that nobody read, or the server waits for a message.
    is_in_doubt: bool,
}

#[derive(Debug)]
enum Kind {
    /// The server answered with a negative reply.
    Reply { code: u16, text: String },
    /// No connection, a broken one, or a reply that makes no sense here.
    Broken { text: String },
    /// Not even begun: the mail cannot go to this server. The text is a sentence.
    Unfit { text: String, is_recipients: bool },
}

impl Failure {
    /// From lettre: a negative reply, or whatever broke.
    pub(super) fn of(stage: Stage, error: &Error) -> Self {
        let kind = match error.status() {
            Some(code) => {
                let text = error.source().map(ToString::to_string).unwrap_or_default();
                Kind::Reply { code: code.into(), text: clean(&text) }
            }
            None => Kind::Broken { text: clean(&whole(error)) },
        };
        Self { stage, kind, is_in_doubt: false }
    }

    /// The connection is in doubt.
    pub(super) fn broken(stage: Stage, text: impl Into<String>) -> Self {
        Self { stage, kind: Kind::Broken { text: clean(&text.into()) }, is_in_doubt: true }
    }

    /// The server does not offer what our settings ask for: the operator's to mend.
    pub(super) fn unfit_server(stage: Stage, sentence: impl Into<String>) -> Self {
        let kind = Kind::Unfit { text: sentence.into(), is_recipients: false };
        Self { stage, kind, is_in_doubt: false }
    }

    /// This mail can never go to this recipient.
    pub(super) fn unfit_mail(sentence: impl Into<String>) -> Self {
        let kind = Kind::Unfit { text: sentence.into(), is_recipients: true };
        Self { stage: Stage::MailFrom, kind, is_in_doubt: false }
    }

    /// The same failure, on a connection that nobody may use again.
    pub(super) fn in_doubt(self) -> Self {
        Self { is_in_doubt: true, ..self }
    }

    /// A kept connection that the server has left in the meantime: nothing of
    /// the mail was said on it, so that a fresh one may be tried at once.
    pub(super) fn is_of_a_stale_connection(&self) -> bool {
        let before_the_mail = matches!(self.stage, Stage::Reset | Stage::MailFrom);
        before_the_mail
            && match self.kind {
                Kind::Broken { .. } => true,
                Kind::Reply { code, .. } => code == 421,
                Kind::Unfit { .. } => false,
            }
    }

    /// Whether every reply was read and the next mail may use the connection.
    pub(super) fn leaves_the_connection_sound(&self) -> bool {
        !self.is_in_doubt
            && match self.kind {
                // 421 announces that the server closes it (RFC 5321 §3.8).
                Kind::Reply { code, .. } => code != 421,
                Kind::Unfit { .. } => true,
                Kind::Broken { .. } => false,
            }
    }

    /// 5xx to the recipient or the message is the recipient's refusal. What the
    /// server says to us or our sender address is the operator's to mend, whenever
    /// it says so, and the mail waits for it; but a message too large stays so
    /// (RFC 1870 §6.1).
    pub(super) fn verdict(&self, settings: &SmtpSettings) -> Verdict {
        let reason = self.sentence(settings);
        let is_refused = match (&self.kind, self.stage) {
            (Kind::Reply { code, .. }, Stage::RcptTo | Stage::Data | Stage::Message) => {
                (500..600).contains(code) && !OF_THE_SESSION.contains(code)
            }
            (Kind::Reply { code, .. }, Stage::MailFrom) => *code == 552,
            (Kind::Unfit { is_recipients, .. }, _) => *is_recipients,
            (Kind::Reply { .. } | Kind::Broken { .. }, _) => false,
        };
        if is_refused { Verdict::Refused { reason } } else { Verdict::TryAgain { reason } }
    }

    /// One sentence for the operator.
    pub(super) fn sentence(&self, settings: &SmtpSettings) -> String {
        let (host, port, doing) = (&settings.host, settings.port, self.stage.words());
        match &self.kind {
            Kind::Reply { code, text } => {
                format!("the mail server {host}:{port} said while {doing}: {code} {text}")
            }
            Kind::Broken { text } => {
                format!("the mail server {host}:{port} failed while {doing}: {text}")
            }
            Kind::Unfit { text, .. } => text.clone(),
        }
    }
}

/// An error with its causes, each once.
fn whole(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

/// A server's words as one line of bounded length.
pub(super) fn clean(text: &str) -> String {
    const LONGEST: usize = 500;
    let line: String =
        text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim().to_owned()
}
