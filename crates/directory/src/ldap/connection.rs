//! One connection: opened, encrypted, bound, and asked one thing at a time.
//!
//! Whoever holds a [`Connection`] owns it. A question that is given up drops it,
//! and with it the socket, so that no answer can come to the wrong question.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchOptions};
use rustls::ClientConfig;
use tokio::task::JoinHandle;

use super::entry::Entry;
use super::person::attributes;
use super::refusal::{Ending, ending, in_words};
use super::settings::LdapSettings;
use crate::DirectoryError;

/// Entries taken of one search at most.
const AT_MOST: u16 = 200;

/// Settings and what was made of them once.
pub(super) struct Directory {
    pub(super) settings: LdapSettings,
    /// Present when the connection is encrypted.
    pub(super) tls: Option<Arc<ClientConfig>>,
}

/// By when something must be done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    pub(super) at: Instant,
    /// How long it was from the first to the last moment, for the message.
    pub(super) within: Duration,
}

impl Deadline {
    pub(super) fn after(within: Duration) -> Self {
        Self { at: Instant::now() + within, within }
    }

    /// Half of what is left.
    pub(super) fn halfway(self) -> Self {
        let left = self.at.saturating_duration_since(Instant::now());
        Self { at: Instant::now() + left / 2, ..self }
    }

    /// Waits for one step of the way.
    pub(super) async fn hold<T>(
        self,
        directory: &Directory,
        doing: &'static str,
        step: impl Future<Output = T>,
    ) -> Result<T, DirectoryError> {
        tokio::time::timeout_at(self.at.into(), step).await.map_err(|_| DirectoryError::TooSlow {
            url: directory.settings.url.clone(),
            doing,
            within: self.within,
        })
    }
}

/// What a search brought.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) entries: Vec<Entry>,
    /// There is more than was given.
    pub(super) cut_short: bool,
}

/// Bound and with no question open.
pub(super) struct Connection {
    ldap: Ldap,
    driver: JoinHandle<()>,
    /// Questions it has answered.
    pub(super) answered: u32,
    /// When the last answer came.
    pub(super) idle_since: Instant,
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The driver owns the socket; a peer that does not read could hold it for ever.
        self.driver.abort();
    }
}

impl Connection {
    /// Connects, encrypts and binds as set.
    pub(super) async fn open(
        directory: &Directory,
        deadline: Deadline,
    ) -> Result<Self, DirectoryError> {
        let settings = &directory.settings;
        let mut how = LdapConnSettings::new().set_starttls(settings.starttls);
        if let Some(tls) = &directory.tls {
            how = how.set_config(Arc::clone(tls));
        }
        let opening = LdapConnAsync::with_settings(how, &settings.url);
        let (connection, ldap) = deadline
            .hold(directory, "connecting", opening)
            .await?
            .map_err(|error| not_open(directory, error))?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(%error, "directory connection ended");
            }
        });
        let mut opened = Self { ldap, driver, answered: 0, idle_since: Instant::now() };
        opened.bind(directory, deadline).await?;
        Ok(opened)
    }

    /// Simple bind (RFC 4511 §4.2); without an account the session stays anonymous.
    async fn bind(
        &mut self,
        directory: &Directory,
        deadline: Deadline,
    ) -> Result<(), DirectoryError> {
        let settings = &directory.settings;
        let (Some(dn), Some(password)) = (&settings.bind_dn, &settings.password) else {
            return Ok(());
        };
        let result = deadline
            .hold(directory, "binding", self.ldap.simple_bind(dn, password))
            .await?
            .map_err(|error| broke_off(directory, &error))?;
        if result.rc == 0 {
            return Ok(());
        }
        Err(DirectoryError::Bind {
            url: settings.url.clone(),
            who: settings.who().to_owned(),
            why: in_words(&result),
        })
    }

    /// Everybody below the base whom the filter takes.
    pub(super) async fn search(
        &mut self,
        directory: &Directory,
        filter: &str,
        deadline: Deadline,
    ) -> Result<Found, DirectoryError> {
        let asking = self.ask(directory, Scope::Subtree, filter, attributes());
        let found = deadline.hold(directory, "searching", asking).await??;
        self.answered = self.answered.saturating_add(1);
        self.idle_since = Instant::now();
        Ok(found)
    }

    /// Reads the base entry itself.
    pub(super) async fn read_base(
        &mut self,
        directory: &Directory,
        deadline: Deadline,
    ) -> Result<(), DirectoryError> {
        // RFC 4511 §4.5.1.8: "1.1" asks for no attribute.
        let asking = self.ask(directory, Scope::Base, "(objectClass=*)", vec!["1.1"]);
        let found = deadline.hold(directory, "reading the base", asking).await??;
        if found.entries.is_empty() {
            return Err(no_base(directory));
        }
        Ok(())
    }

    async fn ask(
        &mut self,
        directory: &Directory,
        scope: Scope,
        filter: &str,
        attributes: Vec<&'static str>,
    ) -> Result<Found, DirectoryError> {
        let settings = &directory.settings;
        let seconds = settings.timeout.as_secs().saturating_add(1);
        let options = SearchOptions::new()
            .sizelimit(i32::from(AT_MOST))
            .timelimit(i32::try_from(seconds).unwrap_or(i32::MAX));
        let failed = |error: LdapError| broke_off(directory, &error);
        let mut stream = self
            .ldap
            .with_search_options(options)
            .streaming_search(&settings.base, scope, filter, attributes)
            .await
            .map_err(failed)?;
        let mut found = Found::default();
        while let Some(item) = stream.next().await.map_err(failed)? {
            // A referral names another server; we ask this one.
            if item.is_ref() || item.is_intermediate() {
                continue;
            }
            if found.entries.len() >= usize::from(AT_MOST) {
                return Err(no_ldap(directory));
            }
            found.entries.push(Entry::read(item).ok_or_else(|| no_ldap(directory))?);
        }
        let result = stream.finish().await;
        match ending(&result) {
            Ending::Success => Ok(found),
            Ending::CutShort => Ok(Found { cut_short: true, ..found }),
            Ending::NoSuchObject => Err(no_base(directory)),
            Ending::Refused(why) => Err(DirectoryError::Search {
                url: settings.url.clone(),
                why,
                who: settings.who().to_owned(),
            }),
        }
    }

    /// Whether the socket is still open, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        !self.driver.is_finished()
    }
}

fn no_base(directory: &Directory) -> DirectoryError {
    DirectoryError::NoBase {
        url: directory.settings.url.clone(),
        base: directory.settings.base.clone(),
        who: directory.settings.who().to_owned(),
    }
}

pub(super) fn no_ldap(directory: &Directory) -> DirectoryError {
    DirectoryError::BrokeOff {
        url: directory.settings.url.clone(),
        why: "its answer is no LDAP".into(),
    }
}

fn broke_off(directory: &Directory, error: &LdapError) -> DirectoryError {
    let why = match error {
        LdapError::Io { source } => source.to_string(),
        LdapError::FilterParsing => "the filter could not be written".into(),
        _ => "the connection was closed".into(),
    };
    DirectoryError::BrokeOff { url: directory.settings.url.clone(), why }
}

/// Why there is no connection: nobody there, or encryption failed.
fn not_open(directory: &Directory, error: LdapError) -> DirectoryError {
    let url = directory.settings.url.clone();
    let tls = |why: String| DirectoryError::Tls { url: url.clone(), why };
    match error {
        LdapError::Io { source } => {
            let by_tls = source.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
            let in_handshake = directory.settings.encrypted()
                && source.kind() == std::io::ErrorKind::UnexpectedEof;
            if by_tls || in_handshake {
                tls(source.to_string())
            } else {
                DirectoryError::Unreachable { url, why: source.to_string() }
            }
        }
        LdapError::Rustls { source } => tls(source.to_string()),
        LdapError::DNSName { .. } => {
            tls("the host in the URL is no name that TLS can verify".into())
        }
        LdapError::LdapResult { result } => {
            DirectoryError::NoStartTls { url, why: in_words(&result) }
        }
        LdapError::UrlParsing { source } => {
            DirectoryError::Settings(format!("directory.url \"{url}\" is no URL: {source}"))
        }
        other => broke_off(directory, &other),
    }
}
