//! What the operator sets of the directory, and what of it contradicts itself.

use std::fmt;
use std::time::Duration;

use ringpost_model::TlsSettings;

use crate::DirectoryError;

/// How the directory is reached and asked.
#[derive(Clone, PartialEq, Eq)]
pub struct LdapSettings {
    /// `ldap://host:port` or `ldaps://host:port`; ports 389 and 636 unless given.
    pub url: String,
    /// DN below which everybody is searched.
    pub base: String,
    /// DN of the account that searches; `None` binds as nobody.
    pub bind_dn: Option<String>,
    /// Its password. Never shown, never logged.
    pub password: Option<String>,
    /// Encrypt an `ldap:` connection before anything is said (RFC 4511 §4.14).
    pub starttls: bool,
    /// For one question in all: connecting, binding and searching.
    pub timeout: Duration,
    /// Whose certificates are trusted.
    pub tls: TlsSettings,
    /// Connections at once at most.
    pub connections: usize,
}

impl fmt::Debug for LdapSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LdapSettings")
            .field("url", &self.url)
            .field("base", &self.base)
            .field("bind_dn", &self.bind_dn)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .field("starttls", &self.starttls)
            .field("timeout", &self.timeout)
            .field("tls", &self.tls)
            .field("connections", &self.connections)
            .finish()
    }
}

impl LdapSettings {
    /// Whether the connection is encrypted, one way or the other.
    pub(super) fn encrypted(&self) -> bool {
        self.starttls || self.is_ldaps()
    }

    /// The account, as operators are told of it.
    pub(super) fn who(&self) -> &str {
        self.bind_dn.as_deref().unwrap_or("anonymous")
    }

    fn is_ldaps(&self) -> bool {
        self.url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("ldaps://"))
    }

    /// # Errors
    /// [`DirectoryError::Settings`] with the key and what to write there.
    pub(super) fn check(&self) -> Result<(), DirectoryError> {
        let wrong = |text: String| Err(DirectoryError::Settings(text));
        let host = self.url.split_once("://").map(|(_, rest)| rest);
        let is_ldap = self.url.get(..7).is_some_and(|s| s.eq_ignore_ascii_case("ldap://"));
        if !is_ldap && !self.is_ldaps() {
            return wrong(format!(
                "directory.url is \"{}\"; write ldap://HOST:389 or ldaps://HOST:636",
                without_userinfo(&self.url)
            ));
        }
        let Some(host) = host.filter(|host| is_host_and_port(host)) else {
            return wrong(format!(
                "directory.url \"{}\" must be a host and, if need be, a port and nothing else; write ldap://HOST:389, and the base in directory.base",
                without_userinfo(&self.url)
            ));
        };
        if self.encrypted() && host.starts_with('[') {
            return wrong(format!(
                "directory.url \"{}\" names an IPv6 address, which TLS cannot verify here; write the host name that stands in the directory's certificate",
                self.url
            ));
        }
        if self.starttls && self.is_ldaps() {
            return wrong(
                "directory.starttls = true does not go with an ldaps: URL; leave it out, or write ldap:"
                    .into(),
            );
        }
        if self.base.trim().is_empty() {
            return wrong("directory.base is empty; write the DN below which people are searched, such as dc=example,dc=com".into());
        }
        // RFC 4513 §5.1.2: a name without a password is no authentication, yet
        // many servers answer it with success.
        match (&self.bind_dn, &self.password) {
            (Some(dn), _) if dn.trim().is_empty() => wrong(
                "directory.bind_dn is empty; write the DN of an account, or leave it out to search anonymously".into(),
            ),
            (Some(_), None) => wrong(
                "directory.bind_dn is set without a password; set directory.password_file, or leave bind_dn out to search anonymously".into(),
            ),
            (Some(_), Some(password)) if password.is_empty() => {
                wrong("the password for directory.bind_dn is empty; write it into directory.password_file".into())
            }
            (None, Some(_)) => wrong(
                "a directory password is set without directory.bind_dn; set the DN it belongs to".into(),
            ),
            _ => Ok(()),
        }?;
        if self.timeout.is_zero() {
            return wrong("directory.timeout_seconds is 0; write 2 or more".into());
        }
        if self.connections == 0 {
            return wrong("the directory may use 0 connections; allow 1 or more".into());
        }
        Ok(())
    }
}

/// `host`, `host:port` or `[IPv6]:port`, with a slash at most behind it.
fn is_host_and_port(text: &str) -> bool {
    let text = text.strip_suffix('/').unwrap_or(text);
    let (host, port) = match text.strip_prefix('[').and_then(|six| six.split_once(']')) {
        Some((six, port)) => (six, port.strip_prefix(':').or(port.is_empty().then_some("389"))),
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, Some("389")),
        },
    };
    let named = host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
    let number = port.is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port != 0));
    !host.is_empty() && named && number
}

/// A URL for an error message: `ldap://cn=um:secret@host` must not show its secret.
fn without_userinfo(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> LdapSettings {
        LdapSettings {
            url: "ldap://127.0.0.1:389".into(),
            base: "dc=example,dc=com".into(),
            bind_dn: Some("cn=um,dc=example,dc=com".into()),
            password: Some("opensesame".into()),
            starttls: false,
            timeout: Duration::from_secs(2),
            tls: TlsSettings::default(),
            connections: 4,
        }
    }

    #[test]
    fn what_contradicts_itself_is_said_in_a_sentence() {
        type Change = fn(&mut LdapSettings);
        let mistakes: [(Change, &str); 14] = [
            (|s| s.url = "127.0.0.1:389".into(), "write ldap://HOST:389"),
            (|s| s.url = "http://127.0.0.1".into(), "write ldap://HOST:389"),
            (|s| s.url = "ldap://".into(), "must be a host"),
            (|s| s.url = "ldap://host:port".into(), "must be a host"),
            (|s| s.url = "ldap://host/dc=example".into(), "directory.base"),
            (|s| s.url = "ldap://um:opensesame@host".into(), "ldap://…@host"),
            (|s| s.url = "ldaps://[::1]:636".into(), "names an IPv6 address"),
            (
                |s| {
                    s.url = "ldaps://host".into();
                    s.starttls = true;
                },
                "does not go with an ldaps: URL",
            ),
            (|s| s.base = " ".into(), "directory.base is empty"),
            (|s| s.bind_dn = Some(String::new()), "directory.bind_dn is empty"),
            (|s| s.password = None, "set without a password"),
            (|s| s.password = Some(String::new()), "is empty; write it into"),
            (|s| s.bind_dn = None, "without directory.bind_dn"),
            (|s| s.timeout = Duration::ZERO, "timeout_seconds is 0"),
        ];
        assert_eq!(good().check(), Ok(()));
        for (change, says) in mistakes {
            let mut settings = good();
            change(&mut settings);
            let said = settings.check().unwrap_err().to_string();
            assert!(said.contains(says), "{said}");
            assert!(!said.contains("opensesame"), "{said}");
        }
    }

    #[test]
    fn usual_urls_are_taken() {
        for url in [
            "ldap://dc1.example.com",
            "LDAPS://dc1.example.com:636/",
            "ldap://[::1]:389",
            "ldap://[::1]",
        ] {
            let settings = LdapSettings { url: url.into(), ..good() };
            assert_eq!(settings.check(), Ok(()), "{url}");
        }
    }

    #[test]
    fn the_password_is_not_shown() {
        let shown = format!("{:?}", good());
        assert!(shown.contains("cn=um") && !shown.contains("opensesame"), "{shown}");
    }
}
