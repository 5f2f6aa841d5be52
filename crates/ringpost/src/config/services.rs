//! `[mail]` and `[directory]`: the services that Ringpost needs.

use std::path::PathBuf;

use ringpost_composer::Letterhead;
use ringpost_delivery::SmtpSettings;
use ringpost_directory::LdapSettings;
use ringpost_model::{TlsPolicy, TlsSettings};

use super::subscribers::{is_address, no_address};
use super::transport::split_host_port;
use super::values::{readable, secret, span};
use super::{Config, DirectoryKeys, MailTransport, Mistake};

pub(super) fn mail(
    config: &Config,
    found: &mut Vec<Mistake>,
) -> (MailTransport, Option<SmtpSettings>) {
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
    if keys.user.is_some()
        && starttls == TlsPolicy::Never
        && !keys.transport.as_deref().is_some_and(|t| t.starts_with("smtps:"))
    {
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

pub(super) fn letterhead(config: &Config, found: &mut Vec<Mistake>) -> Letterhead {
    for (key, address) in
        [("mail.from", &config.mail.from), ("mail.postmaster", &config.mail.postmaster)]
    {
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

pub(super) fn directory(keys: &DirectoryKeys, found: &mut Vec<Mistake>) -> LdapSettings {
    let authority = keys.url.strip_prefix("ldap://").or_else(|| keys.url.strip_prefix("ldaps://"));
    match authority.map(|rest| split_host_port(rest.trim_end_matches('/'))) {
        None => found.push(Mistake::new(
            "directory.url",
            format!(
                "\"{}\" is no LDAP address; write ldap://HOST:389 or ldaps://HOST:636",
                keys.url
            ),
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
            format!(
                "\"{}\" is no distinguished name; write it as \"dc=example,dc=com\"",
                keys.base
            ),
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
