//! The configuration after every check: plain settings for each room.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ringpost_composer::Letterhead;
use ringpost_delivery::SmtpSettings;
use ringpost_directory::LdapSettings;
use ringpost_lookup::{CalledRule, DialPlan, Subscribers};
use ringpost_media::Sound;
use ringpost_model::{TlsPolicy, TlsSettings};
use ringpost_sip::Network;

use super::subscribers::{is_address, no_address};
use super::transport::split_host_port;
use super::{Config, DirectoryKeys, MailTransport, Mistake, Seconds, subscribers};

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

/// Everything, checked.
#[derive(Debug)]
pub struct Settings {
    /// UDP listeners for SIP.
    pub sip_listen: Vec<SocketAddr>,
    /// Who may call.
    pub peers: Vec<Network>,
    /// Which of several called parties counts.
    pub called_rule: CalledRule,
    /// The address in SDP, where one is set.
    pub media_address: Option<IpAddr>,
    /// RTP ports.
    pub media_ports: RangeInclusive<u16>,
    /// RTP from any source.
    pub media_nat: bool,
    /// Media threads, 0: one a core.
    pub media_workers: usize,
    /// Limits.
    pub limits: CallLimits,
    /// The state folder.
    pub state_dir: PathBuf,
    /// How long ledger rows stay.
    pub keep_ledger: Duration,
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
        let peers = networks(&config.sip.peers, found);
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
        let (transport, smtp) = mail(&config, found);
        let sound = match config.mail.audio.as_str() {
            "g711" => Sound::G711Wav,
            "pcm" => Sound::PcmWav,
            other => {
                found.push(Mistake::new("mail.audio", format!("\"{other}\" is none of \"g711\", \"pcm\"")));
                Sound::G711Wav
            }
        };
        let letterhead = letterhead(&config, found);
        zone("mail.time_zone", &config.mail.time_zone, found);
        language_or("mail.language", &config.mail.language, found);
        let ldap = config.directory.as_ref().map(|keys| directory(keys, found));
        let http = http(&config.http.listen, found);
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
        let lookup_deadline = span("lookup.deadline_seconds", config.lookup.deadline_seconds, found);
        let plan = DialPlan::new(&config.dial_plan.country, config.dial_plan.extension_digits)
            .map_err(|error| found.push(Mistake::new(dial_plan_key(&config), error.to_string())));
        let Ok(plan) = plan else { return Err(mistakes) };
        let people = subscribers::read(&config, &plan, found);
        if people.is_empty() {
            warnings.push(
                "there is no [[subscriber]]: every call will be refused with 404".to_owned(),
            );
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let subscribers = Subscribers::new(people)
            .map_err(|error| vec![Mistake::new("subscriber", error.to_string())])?;
        Ok(Self {
            sip_listen,
            peers,
            called_rule,
            media_address,
            media_ports,
            media_nat: config.media.nat,
            media_workers: config.media.workers,
            limits,
            state_dir: config.state.dir.clone(),
            keep_ledger: Duration::from_secs(u64::from(config.state.keep_ledger_days) * 86_400),
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

fn listeners(config: &Config, found: &mut Vec<Mistake>, warnings: &mut Vec<String>) -> Vec<SocketAddr> {
    let mut udp = Vec::new();
    for entry in &config.sip.listen {
        let (transport, address) = entry.split_once(':').unwrap_or(("", entry));
        match transport {
            "udp" => match address.parse::<SocketAddr>() {
                Ok(address) => udp.push(address),
                Err(_) => found.push(Mistake::new(
                    "sip.listen",
                    format!("\"{entry}\": an IP address and a port are wanted, as in \"udp:127.0.0.1:5060\""),
                )),
            },
            "tcp" | "tls" | "ws" | "wss" => warnings.push(format!(
                "sip.listen: this version speaks SIP over UDP; nothing will listen on \"{entry}\""
            )),
            _ => found.push(Mistake::new(
                "sip.listen",
                format!("\"{entry}\" names no transport; write it as \"udp:127.0.0.1:5060\""),
            )),
        }
    }
    if udp.is_empty() && !found.iter().any(|mistake| mistake.key == "sip.listen") {
        found.push(Mistake::new(
            "sip.listen",
            "no UDP address to listen on, so no call could come in; add \"udp:127.0.0.1:5060\"",
        ));
    }
    udp
}

fn networks(texts: &[String], found: &mut Vec<Mistake>) -> Vec<Network> {
    if texts.is_empty() {
        found.push(Mistake::new(
            "sip.peers",
            "nobody may call; name the phone system's address or network, as in [\"192.0.2.10\"]",
        ));
    }
    texts
        .iter()
        .filter_map(|text| {
            text.parse()
                .map_err(|_| {
                    found.push(Mistake::new(
                        "sip.peers",
                        format!("\"{text}\" is no network; write \"192.0.2.10\" or \"192.0.2.0/24\""),
                    ));
                })
                .ok()
        })
        .collect()
}

fn ports(text: &str, found: &mut Vec<Mistake>) -> RangeInclusive<u16> {
    let range = text
        .split_once('-')
        .and_then(|(first, last)| Some((first.trim().parse().ok()?, last.trim().parse().ok()?)));
    match range {
        Some((first, last)) if first > 0 && first < last => first..=last,
        Some((first, last)) => {
            found.push(Mistake::new(
                "media.ports",
                format!("the range {first}-{last} holds no pair of ports; the lower port stands first"),
            ));
            1..=2
        }
        None => {
            found.push(Mistake::new(
                "media.ports",
                format!("\"{text}\" is no range of ports; write it as \"20000-29999\""),
            ));
            1..=2
        }
    }
}

fn limits(config: &Config, found: &mut Vec<Mistake>) -> CallLimits {
    let keys = &config.limits;
    if keys.calls == 0 {
        found.push(Mistake::new("limits.calls", "with 0 every call would be refused; 1 or more is wanted"));
    }
    let mut positive = |key: &str, seconds: Seconds| {
        let key = format!("limits.{key}");
        let value = span(&key, seconds, found);
        if value.is_zero() && seconds.0 == 0.0 {
            found.push(Mistake::new(key, "must be more than 0 seconds"));
        }
        value
    };
    let call = positive("call_seconds", keys.call_seconds);
    let greeting = positive("greeting_seconds", keys.greeting_seconds);
    let recording = positive("recording_seconds", keys.recording_seconds);
    let silence = positive("silence_seconds", keys.silence_seconds);
    let stop = positive("stop_seconds", keys.stop_seconds);
    let minimum_message =
        span("limits.minimum_message_seconds", keys.minimum_message_seconds, found);
    let answer_after = span("limits.answer_after_seconds", keys.answer_after_seconds, found);
    if recording > call {
        found.push(Mistake::new(
            "limits.recording_seconds",
            format!(
                "a recording of {} s does not fit into a call of {} s (limits.call_seconds)",
                keys.recording_seconds.0, keys.call_seconds.0
            ),
        ));
    }
    if minimum_message >= recording && !recording.is_zero() {
        found.push(Mistake::new(
            "limits.minimum_message_seconds",
            "is not less than limits.recording_seconds, so no message could ever be long enough",
        ));
    }
    CallLimits {
        calls: keys.calls,
        subscriber_calls: keys.subscriber_calls,
        answer_after,
        call,
        greeting,
        recording,
        silence,
        minimum_message,
        stop,
        notifications_per_hour: keys.notifications_per_hour,
    }
}

fn warn_of_media(
    config: &Config,
    address: Option<IpAddr>,
    ports: &RangeInclusive<u16>,
    listen: &[SocketAddr],
    warnings: &mut Vec<String>,
) {
    let public = listen.iter().any(|address| !address.ip().is_loopback());
    if public && address.is_some_and(|address| address.is_loopback()) {
        warnings.push(
            "media.address is a loopback address, but sip.listen is not: callers would hear nothing"
                .into(),
        );
    }
    let pairs = (usize::from(*ports.end()) - usize::from(*ports.start())).div_ceil(2);
    if pairs < config.limits.calls {
        warnings.push(format!(
            "media.ports has room for {pairs} calls, fewer than limits.calls = {}",
            config.limits.calls
        ));
    }
}

fn mail(config: &Config, found: &mut Vec<Mistake>) -> (MailTransport, Option<SmtpSettings>) {
    let keys = &config.mail;
    let transport = match keys.transport.as_deref() {
        None => MailTransport::Maildir { root: config.state.dir.join("mail") },
        Some(text) => MailTransport::parse(text).unwrap_or_else(|sentence| {
            found.push(Mistake::new("mail.transport", sentence));
            MailTransport::Maildir { root: PathBuf::new() }
        }),
    };
    let starttls = match keys.starttls.as_str() {
        "required" => TlsPolicy::Required,
        "opportunistic" => TlsPolicy::Opportunistic,
        "never" => TlsPolicy::Never,
        other => {
            found.push(Mistake::new(
                "mail.starttls",
                format!("\"{other}\" is none of \"required\", \"opportunistic\", \"never\""),
            ));
            TlsPolicy::Required
        }
    };
    readable("mail.ca_file", keys.ca_file.as_deref(), found);
    let password = secret("mail.password_file", keys.password_file.as_deref(), found);
    if keys.user.is_some() != keys.password_file.is_some() {
        found.push(Mistake::new(
            if keys.user.is_some() { "mail.user" } else { "mail.password_file" },
            "mail.user and mail.password_file belong together; set both or neither",
        ));
    }
    if keys.user.is_some() && starttls == TlsPolicy::Never && !keys.transport.as_deref().is_some_and(|t| t.starts_with("smtps:")) {
        found.push(Mistake::new(
            "mail.starttls",
            "with \"never\" the password of mail.user would cross the network in the clear; use \"required\"",
        ));
    }
    let timeout = span("mail.timeout_seconds", keys.timeout_seconds, found);
    let smtp = match &transport {
        MailTransport::Maildir { .. } => None,
        MailTransport::Smtp { host, port, implicit_tls } => Some(SmtpSettings {
            host: host.clone(),
            port: *port,
            implicit_tls: *implicit_tls,
            // A password is never sent to a server that was not verified.
            starttls: if keys.user.is_some() && starttls == TlsPolicy::Opportunistic {
                TlsPolicy::Required
            } else {
                starttls
            },
            tls: TlsSettings { ca_file: keys.ca_file.clone() },
            credentials: keys.user.clone().zip(password),
            helo: keys.helo.clone(),
            timeout,
        }),
    };
    (transport, smtp)
}

fn letterhead(config: &Config, found: &mut Vec<Mistake>) -> Letterhead {
    for (key, address) in [("mail.from", &config.mail.from), ("mail.postmaster", &config.mail.postmaster)] {
        if !is_address(address) {
            found.push(Mistake::new(key, no_address(address)));
        }
    }
    if let Some(domain) = &config.mail.caller_domain
        && !is_address(&format!("x@{domain}"))
    {
        found.push(Mistake::new("mail.caller_domain", format!("\"{domain}\" is no domain name")));
    }
    let domain = config.mail.from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    Letterhead {
        from: config.mail.from.clone(),
        postmaster: config.mail.postmaster.clone(),
        caller_domain: config.mail.caller_domain.clone(),
        message_id_domain: domain.to_owned(),
    }
}

fn directory(keys: &DirectoryKeys, found: &mut Vec<Mistake>) -> LdapSettings {
    let authority =
        keys.url.strip_prefix("ldap://").or_else(|| keys.url.strip_prefix("ldaps://"));
    match authority.map(|rest| split_host_port(rest.trim_end_matches('/'))) {
        None => found.push(Mistake::new(
            "directory.url",
            format!("\"{}\" is no LDAP address; write ldap://HOST:389 or ldaps://HOST:636", keys.url),
        )),
        Some(Err(sentence)) => found.push(Mistake::new("directory.url", sentence)),
        Some(Ok((host, _))) if host.is_empty() => found.push(Mistake::new(
            "directory.url",
            "the server's name is missing; write ldap://HOST:389 or ldaps://HOST:636",
        )),
        Some(Ok(_)) => {}
    }
    if keys.starttls && keys.url.starts_with("ldaps:") {
        found.push(Mistake::new(
            "directory.starttls",
            "ldaps:// is encrypted from the first byte; StartTLS goes with ldap:// only",
        ));
    }
    if !keys.base.contains('=') {
        found.push(Mistake::new(
            "directory.base",
            format!("\"{}\" is no distinguished name; write it as \"dc=example,dc=com\"", keys.base),
        ));
    }
    if keys.bind_dn.is_some() != keys.password_file.is_some() {
        found.push(Mistake::new(
            if keys.bind_dn.is_some() { "directory.bind_dn" } else { "directory.password_file" },
            "directory.bind_dn and directory.password_file belong together; set both or neither",
        ));
    }
    readable("directory.ca_file", keys.ca_file.as_deref(), found);
    let timeout = span("directory.timeout_seconds", keys.timeout_seconds, found);
    if timeout.is_zero() && keys.timeout_seconds.0 == 0.0 {
        found.push(Mistake::new("directory.timeout_seconds", "must be more than 0 seconds"));
    }
    LdapSettings {
        url: keys.url.clone(),
        base: keys.base.clone(),
        bind_dn: keys.bind_dn.clone(),
        password: secret("directory.password_file", keys.password_file.as_deref(), found),
        starttls: keys.starttls,
        timeout,
        tls: TlsSettings { ca_file: keys.ca_file.clone() },
        connections: 4,
    }
}

fn http(text: &str, found: &mut Vec<Mistake>) -> Option<SocketAddr> {
    if text.is_empty() {
        return None;
    }
    text.parse()
        .map_err(|_| {
            found.push(Mistake::new(
                "http.listen",
                format!("\"{text}\": an IP address and a port are wanted, as in \"127.0.0.1:8080\""),
            ));
        })
        .ok()
}

fn dial_plan_key(config: &Config) -> &'static str {
    if DialPlan::new(&config.dial_plan.country, 0).is_err() {
        "dial_plan.country"
    } else {
        "dial_plan.extension_digits"
    }
}

fn readable(key: &str, file: Option<&Path>, found: &mut Vec<Mistake>) {
    if let Some(file) = file
        && let Err(error) = std::fs::File::open(file)
    {
        found.push(Mistake::new(key, format!("\"{}\" cannot be read: {error}", file.display())));
    }
}

fn secret(key: &str, file: Option<&Path>, found: &mut Vec<Mistake>) -> Option<String> {
    let file = file?;
    match std::fs::read_to_string(file) {
        Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
        Err(error) => {
            found.push(Mistake::new(key, format!("\"{}\" cannot be read: {error}", file.display())));
            None
        }
    }
}

/// A span that is not negative and not longer than a year.
pub(super) fn span(key: &str, seconds: Seconds, found: &mut Vec<Mistake>) -> Duration {
    if !(0.0..=31_536_000.0).contains(&seconds.0) {
        found.push(Mistake::new(
            key,
            format!("{} is no span of time; a number of seconds, 0 or more, is wanted", seconds.0),
        ));
    }
    seconds.span()
}

pub(super) fn zone(key: &str, name: &str, found: &mut Vec<Mistake>) {
    if !ringpost_composer::knows_time_zone(name) {
        found.push(Mistake::new(
            key,
            format!("\"{name}\" is no time zone of the IANA list; write it as \"America/Los_Angeles\""),
        ));
    }
}

pub(super) fn language_or(key: &str, tag: &str, found: &mut Vec<Mistake>) {
    if !ringpost_composer::knows_language(tag) {
        found.push(Mistake::new(key, format!("there are no words in \"{tag}\"; \"en\" is known")));
    }
}
