//! Every key of the configuration with its default: what stands here is what
//! `deploy/ringpost.toml` shows, and a test holds the two together.

mod sip;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use sip::{PeerKeys, RegistrationKeys, SipKeys, SipTlsKeys};

/// The whole configuration. Every key has a default or may be left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `[sip]`
    pub sip: SipKeys,
    /// `[media]`
    pub media: MediaKeys,
    /// `[limits]`
    pub limits: LimitKeys,
    /// `[state]`
    pub state: StateKeys,
    /// `[mail]`
    pub mail: MailKeys,
    /// `[dial_plan]`
    pub dial_plan: DialPlanKeys,
    /// `[lookup]`
    pub lookup: LookupKeys,
    /// `[directory]`; left out: no directory.
    pub directory: Option<DirectoryKeys>,
    /// `[http]`
    pub http: HttpKeys,
    /// `[log]`
    pub log: LogKeys,
    /// `[[subscriber]]`, one table each.
    pub subscriber: Vec<SubscriberKeys>,
}

/// A span of time written as a number of seconds, whole or with a fraction.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub f64);

impl Seconds {
    /// The span; a negative or endless one, which the checks refuse, is none.
    pub fn span(self) -> Duration {
        Duration::try_from_secs_f64(self.0).unwrap_or_default()
    }
}

/// `[media]`: the sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MediaKeys {
    /// The address in SDP; left out: the one that reaches the caller.
    pub address: Option<String>,
    /// First and last UDP port for RTP.
    pub ports: String,
    /// Take RTP from any source and not only from the signalled address.
    pub nat: bool,
    /// Threads for sound; 0: one for each processor core.
    pub workers: usize,
}

impl Default for MediaKeys {
    fn default() -> Self {
        Self { address: None, ports: "20000-29999".into(), nat: false, workers: 0 }
    }
}

/// `[limits]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitKeys {
    /// Calls at once; one more gets 503.
    pub calls: usize,
    /// Calls at once for one subscriber; one more gets 486; 0: no limit.
    pub subscriber_calls: usize,
    /// Above 0 Ringpost rings first.
    pub answer_after_seconds: Seconds,
    /// The longest call.
    pub call_seconds: Seconds,
    /// The longest greeting.
    pub greeting_seconds: Seconds,
    /// The longest recording.
    pub recording_seconds: Seconds,
    /// Silence that ends a recording.
    pub silence_seconds: Seconds,
    /// A shorter recording is a missed call.
    pub minimum_message_seconds: Seconds,
    /// How long an orderly stop may take.
    pub stop_seconds: Seconds,
    /// Missed call notifications for one subscriber in an hour.
    pub notifications_per_hour: u32,
}

impl Default for LimitKeys {
    fn default() -> Self {
        Self {
            calls: 1000,
            subscriber_calls: 0,
            answer_after_seconds: Seconds(0.0),
            call_seconds: Seconds(1800.0),
            greeting_seconds: Seconds(300.0),
            recording_seconds: Seconds(1200.0),
            silence_seconds: Seconds(5.0),
            minimum_message_seconds: Seconds(1.0),
            stop_seconds: Seconds(10.0),
            notifications_per_hour: 200,
        }
    }
}

/// `[state]`: what survives a restart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StateKeys {
    /// Recordings, outbox, contacts, greetings.
    pub dir: PathBuf,
    /// Days that a row of the ledger is kept.
    pub keep_ledger_days: u32,
    /// How often what is old and settled is let go.
    pub sweep_seconds: Seconds,
}

impl Default for StateKeys {
    fn default() -> Self {
        Self {
            dir: "/var/lib/ringpost".into(),
            keep_ledger_days: 90,
            sweep_seconds: Seconds(600.0),
        }
    }
}

/// `[mail]`: where mail goes and what it looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailKeys {
    /// `smtp://HOST:PORT`, `smtps://HOST:PORT` or `maildir:PATH`; left out:
    /// Maildir folders under the state folder.
    pub transport: Option<String>,
    /// Sound of the attachment: `g711` or `pcm`.
    pub audio: String,
    /// `required`, `opportunistic` or `never`.
    pub starttls: String,
    /// PEM file with the certificate authorities to trust in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// User for SMTP AUTH.
    pub user: Option<String>,
    /// File with the password for SMTP AUTH.
    pub password_file: Option<PathBuf>,
    /// Name for EHLO; left out: the host's.
    pub helo: Option<String>,
    /// Connections to the mail server at once.
    pub connections: usize,
    /// How long one mail may take.
    pub timeout_seconds: Seconds,
    /// Address in From.
    pub from: String,
    /// Who gets mail that nobody would take.
    pub postmaster: String,
    /// Makes From `number@caller_domain`; left out: `from` with the caller's name.
    pub caller_domain: Option<String>,
    /// Time zone of subscribers who name none.
    pub time_zone: String,
    /// Language of subscribers who name none.
    pub language: String,
}

impl Default for MailKeys {
    fn default() -> Self {
        Self {
            transport: None,
            audio: "g711".into(),
            starttls: "opportunistic".into(),
            ca_file: None,
            user: None,
            password_file: None,
            helo: None,
            connections: 4,
            timeout_seconds: Seconds(60.0),
            from: "voicemail@example.com".into(),
            postmaster: "postmaster@example.com".into(),
            caller_domain: None,
            time_zone: "UTC".into(),
            language: "en".into(),
        }
    }
}

/// `[dial_plan]`: how a number is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DialPlanKeys {
    /// ISO 3166 code of the country whose national numbers are dialled.
    pub country: String,
    /// Digits of an extension; 0: there are none.
    pub extension_digits: u8,
}

impl Default for DialPlanKeys {
    fn default() -> Self {
        Self { country: "US".into(), extension_digits: 4 }
    }
}

/// `[lookup]`: who rang.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LookupKeys {
    /// One deadline for all sources together.
    pub deadline_seconds: Seconds,
}

impl Default for LookupKeys {
    fn default() -> Self {
        Self { deadline_seconds: Seconds(2.0) }
    }
}

/// `[directory]`: an LDAP server or Active Directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DirectoryKeys {
    /// `ldap://HOST:PORT` or `ldaps://HOST:PORT`.
    pub url: String,
    /// Where the search for people begins.
    pub base: String,
    /// Who asks; left out: anonymous.
    pub bind_dn: Option<String>,
    /// File with the password of `bind_dn`.
    pub password_file: Option<PathBuf>,
    /// Encrypt a connection to `ldap://`.
    pub starttls: bool,
    /// PEM file with the certificate authorities to trust in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// How long one question may take.
    pub timeout_seconds: Seconds,
}

impl Default for DirectoryKeys {
    fn default() -> Self {
        Self {
            url: "ldap://127.0.0.1:389".into(),
            base: "dc=example,dc=com".into(),
            bind_dn: None,
            password_file: None,
            starttls: false,
            ca_file: None,
            timeout_seconds: Seconds(2.0),
        }
    }
}

/// `[http]`: the admin interface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpKeys {
    /// Address and port; left empty: none.
    pub listen: String,
}

impl Default for HttpKeys {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8080".into() }
    }
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogKeys {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// `text` or `json`.
    pub format: String,
}

impl Default for LogKeys {
    fn default() -> Self {
        Self { level: "info".into(), format: "text".into() }
    }
}

/// One address or several: a text or a list of texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Mailboxes {
    /// One address.
    One(String),
    /// A mail to each.
    Several(Vec<String>),
}

impl Default for Mailboxes {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Mailboxes {
    /// All of them.
    pub fn addresses(&self) -> Vec<String> {
        match self {
            Self::One(address) => vec![address.clone()],
            Self::Several(addresses) => addresses.clone(),
        }
    }
}

/// `[[subscriber]]`: one called user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SubscriberKeys {
    /// User part of the SIP URI.
    pub user: String,
    /// Name as shown to people.
    pub name: String,
    /// Where the mail goes.
    pub mail: Mailboxes,
    /// The user's number, as E.164 or as the dial plan reads it.
    pub number: Option<String>,
    /// The user's extension.
    pub extension: Option<String>,
    /// IANA time zone; left out: `mail.time_zone`.
    pub time_zone: Option<String>,
    /// BCP 47 language; left out: `mail.language`.
    pub language: Option<String>,
    /// `server`, `client` or `pbx`.
    pub notify: String,
    /// `false`: no missed call notification at all.
    pub missed_calls: bool,
    /// Left out: `limits.answer_after_seconds`.
    pub answer_after_seconds: Option<Seconds>,
    /// SIP URIs that are told how many voice mails there are.
    pub message_waiting: Mailboxes,
}

impl Default for SubscriberKeys {
    fn default() -> Self {
        Self {
            user: String::new(),
            name: String::new(),
            mail: Mailboxes::default(),
            number: None,
            extension: None,
            time_zone: None,
            language: None,
            notify: "server".into(),
            missed_calls: true,
            answer_after_seconds: None,
            message_waiting: Mailboxes::default(),
        }
    }
}
