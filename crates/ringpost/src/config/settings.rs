//! The configuration after every check: plain settings for each room.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use ringpost_composer::Letterhead;
use ringpost_delivery::SmtpSettings;
use ringpost_directory::LdapSettings;
use ringpost_lookup::{CalledRule, DialPlan, Subscribers};
use ringpost_media::Sound;
use ringpost_sip::{Credentials, Hop, Peer, Strangers, TlsFiles};

use super::calls::{http, limits, listeners, ports, warn_of_media};
use super::services::{directory, letterhead, mail};
use super::values::{language_or, span, zone};
use super::{Config, MailTransport, Mistake, peers, subscribers};

/// Limits of one call and of the node.
#[derive(Debug, Clone)]
pub struct CallLimits {
    /// Calls at once.
    pub calls: usize,
    /// Calls at once for one subscriber; 0: no limit.
    pub subscriber_calls: usize,
    /// Ring so long before the answer.
    pub answer_after: Duration,
    /// The longest call.
    pub call: Duration,
    /// The longest greeting.
    pub greeting: Duration,
    /// The longest recording.
    pub recording: Duration,
    /// Silence that ends a recording.
    pub silence: Duration,
    /// A shorter recording is a missed call.
    pub minimum_message: Duration,
    /// How long an orderly stop may take.
    pub stop: Duration,
    /// Notifications for one subscriber in an hour.
    pub notifications_per_hour: u32,
}

/// One registration of ours.
#[derive(Debug, Clone)]
pub struct RegistrationSettings {
    /// URI of the registrar.
    pub registrar: String,
    /// Address of record.
    pub address_of_record: String,
    /// What we prove who we are with.
    pub credentials: Option<Credentials>,
    /// How long a registration is asked to last.
    pub expires: Duration,
}

/// Endpoints of one subscriber that show how many voice mails there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingSettings {
    /// User part of the subscriber, as configured.
    pub user: String,
    /// SIP URI of each endpoint, each once.
    pub endpoints: Vec<String>,
}

/// Everything, checked.
#[derive(Debug)]
pub struct Settings {
    /// Listeners for SIP.
    pub sip_listen: Vec<Hop>,
    /// Certificates for SIP.
    pub sip_tls: TlsFiles,
    /// Who may call.
    pub peers: Vec<Peer>,
    /// What everybody else hears.
    pub strangers: Strangers,
    /// Where Ringpost is an endpoint.
    pub registrations: Vec<RegistrationSettings>,
    /// Session interval that we ask for.
    pub session_expires: Duration,
    /// Memory for the trace; 0: no trace.
    pub trace_bytes: usize,
    /// Which of several called parties counts.
    pub called_rule: CalledRule,
    /// The address in SDP, where one is set.
    pub media_address: Option<IpAddr>,
    /// RTP ports.
    pub media_ports: RangeInclusive<u16>,
    /// Media threads, 0: one a core.
    pub media_workers: usize,
    /// Limits.
    pub limits: CallLimits,
    /// The state folder.
    pub state_dir: PathBuf,
    /// How long ledger rows stay.
    pub keep_ledger: Duration,
    /// Between two sweeps.
    pub sweep_every: Duration,
    /// Where mail goes.
    pub transport: MailTransport,
    /// For a transport by SMTP.
    pub smtp: Option<SmtpSettings>,
    /// Couriers at once.
    pub couriers: usize,
    /// From, postmaster and the like.
    pub letterhead: Letterhead,
    /// Sound of the attachment.
    pub sound: Sound,
    /// How numbers are read.
    pub plan: DialPlan,
    /// One deadline for all sources.
    pub lookup_deadline: Duration,
    /// The directory.
    pub ldap: Option<LdapSettings>,
    /// The admin interface.
    pub http: Option<SocketAddr>,
    /// Log level.
    pub log_level: String,
    /// Log lines as JSON.
    pub log_json: bool,
    /// The people.
    pub subscribers: Subscribers,
    /// Whom to tell how many voice mails a subscriber has.
    pub message_waiting: Vec<WaitingSettings>,
    /// What works but is likely not meant; for `check` and the log.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Checks everything that needs no connection.
    ///
    /// # Errors
    /// All mistakes.
    pub fn from_config(config: Config) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let found = &mut mistakes;
        let mut warnings = Vec::new();
        let sip_listen = listeners(&config, found, &mut warnings);
        let peers = peers::peers(&config, &sip_listen, found);
        peers::warn_of_ways_around(&peers, &mut warnings);
        let sip_tls = peers::tls(&config, &sip_listen, found);
        let strangers = peers::strangers(&config, found);
        let registrations = peers::registrations(&config, found);
        let session_expires =
            span("sip.session_expires_seconds", config.sip.session_expires_seconds, found);
        if session_expires.as_secs() < 90 {
            found.push(Mistake::new(
                "sip.session_expires_seconds",
                "90 seconds or more are wanted (RFC 4028)",
            ));
        }
        let called_rule = config.sip.called_party.parse().unwrap_or_else(|_| {
            found.push(Mistake::new(
                "sip.called_party",
                format!(
                    "\"{}\" is none of \"first-known\", \"first\", \"last\"",
                    config.sip.called_party
                ),
            ));
            CalledRule::FirstKnown
        });
        let media_address = config.media.address.as_deref().and_then(|text| {
            text.parse().map_err(|_| {
                found.push(Mistake::new(
                    "media.address",
                    format!("\"{text}\" is no IP address; name the one that callers reach, or leave the key out"),
                ))
            }).ok()
        });
        let media_ports = ports(&config.media.ports, found);
        let limits = limits(&config, found);
        warn_of_media(&config, media_address, &media_ports, &sip_listen, &mut warnings);
        if !config.state.dir.is_absolute() {
            found.push(Mistake::new(
                "state.dir",
                format!("\"{}\" is no absolute path", config.state.dir.display()),
            ));
        }
        let sweep_every = span("state.sweep_seconds", config.state.sweep_seconds, found);
        if sweep_every.is_zero() {
            found.push(Mistake::new("state.sweep_seconds", "must be more than 0 seconds"));
        }
        let (transport, smtp) = mail(&config, found);
        let sound = match config.mail.audio.as_str() {
            "g711" => Sound::G711Wav,
            "pcm" => Sound::PcmWav,
            other => {
                found.push(Mistake::new(
                    "mail.audio",
                    format!("\"{other}\" is none of \"g711\", \"pcm\""),
                ));
                Sound::G711Wav
            }
        };
        let letterhead = letterhead(&config, found);
        zone("mail.time_zone", &config.mail.time_zone, found);
        language_or("mail.language", &config.mail.language, found);
        let ldap = config.directory.as_ref().map(|keys| directory(keys, found));
        let http = http(&config.http.listen, found);
        if http.is_some_and(|address| !address.ip().is_loopback()) {
            warnings.push(
                "http.listen is no loopback address: whoever reaches it reads the ledger without a password".into(),
            );
        }
        if !["error", "warn", "info", "debug", "trace"].contains(&config.log.level.as_str()) {
            found.push(Mistake::new(
                "log.level",
                format!("\"{}\" is none of error, warn, info, debug, trace", config.log.level),
            ));
        }
        if !["text", "json"].contains(&config.log.format.as_str()) {
            found.push(Mistake::new(
                "log.format",
                format!("\"{}\" is none of \"text\", \"json\"", config.log.format),
            ));
        }
        let lookup_deadline =
            span("lookup.deadline_seconds", config.lookup.deadline_seconds, found);
        let plan = DialPlan::new(&config.dial_plan.country, config.dial_plan.extension_digits)
            .map_err(|error| found.push(Mistake::new(dial_plan_key(&config), error.to_string())));
        // The rest is looked through all the same.
        let plan = plan.or_else(|()| DialPlan::new("US", 0));
        let Ok(plan) = plan else { return Err(mistakes) };
        let people = subscribers::read(&config, &plan, found);
        let message_waiting = subscribers::message_waiting(&config, found);
        if people.is_empty() {
            warnings
                .push("there is no [[subscriber]]: every call will be refused with 404".to_owned());
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let subscribers = Subscribers::new(people)
            .map_err(|error| vec![Mistake::new("subscriber", error.to_string())])?;
        Ok(Self {
            sip_listen,
            sip_tls,
            peers,
            strangers,
            registrations,
            session_expires,
            trace_bytes: usize::from(config.sip.trace_megabytes) << 20,
            called_rule,
            media_address,
            media_ports,
            media_workers: config.media.workers,
            limits,
            state_dir: config.state.dir.clone(),
            keep_ledger: Duration::from_secs(u64::from(config.state.keep_ledger_days) * 86_400),
            sweep_every,
            transport,
            smtp,
            couriers: config.mail.connections.clamp(1, 64),
            letterhead,
            sound,
            plan,
            lookup_deadline,
            ldap,
            http,
            log_level: config.log.level.clone(),
            log_json: config.log.format == "json",
            subscribers,
            message_waiting,
            warnings,
        })
    }

    /// Folder of the recordings.
    pub fn recordings(&self) -> PathBuf {
        self.state_dir.join("recordings")
    }

    /// Folder of the personal greetings.
    pub fn greetings(&self) -> PathBuf {
        self.state_dir.join("greetings")
    }

    /// The contacts store.
    pub fn people_db(&self) -> PathBuf {
        self.state_dir.join("people.db")
    }
}

fn dial_plan_key(config: &Config) -> &'static str {
    if DialPlan::new(&config.dial_plan.country, 0).is_err() {
        "dial_plan.country"
    } else {
        "dial_plan.extension_digits"
    }
}
