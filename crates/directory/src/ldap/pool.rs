//! The pool: a few connections that are used again, and dropped on any doubt.
//!
//! A directory that restarts closes its connections; a firewall forgets them
//! without a word. So a used connection gets half of the time that is left, and
//! whatever it does but answer, a new one is tried at once. Nothing is remembered
//! of a failure: the directory is back as soon as it answers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::connection::{Connection, Deadline, Directory, Found, no_ldap};
use super::settings::LdapSettings;
use super::tls;
use crate::DirectoryError;

/// A connection that was idle for longer is not trusted.
const IDLE: Duration = Duration::from_secs(60);

/// Questions that one connection answers; then a new one takes its place, so that
/// a directory behind a load balancer is not asked at one node for ever.
const QUESTIONS: u32 = 1000;

pub(super) struct Pool {
    directory: Directory,
    permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    pub(super) fn new(settings: LdapSettings) -> Result<Self, DirectoryError> {
        settings.check()?;
        let tls = if settings.encrypted() { Some(tls::client(&settings.tls)?) } else { None };
        let permits = Semaphore::new(settings.connections.min(Semaphore::MAX_PERMITS));
        Ok(Self { directory: Directory { settings, tls }, permits, idle: Mutex::default() })
    }

    pub(super) fn url(&self) -> &str {
        &self.directory.settings.url
    }

    /// Everybody below the base whom the filter takes. Dropping the future drops
    /// the connection that was asking.
    pub(super) async fn search(self: &Arc<Self>, filter: String) -> Result<Found, DirectoryError> {
        let pool = Arc::clone(self);
        let deadline = Deadline::after(self.directory.settings.timeout);
        self.apart(async move { pool.search_by(&filter, deadline).await }).await
    }

    /// Opens a connection of its own and reads the base.
    pub(super) async fn probe(self: &Arc<Self>) -> Result<String, DirectoryError> {
        let pool = Arc::clone(self);
        let deadline = Deadline::after(self.directory.settings.timeout);
        self.apart(async move {
            let mut connection = Connection::open(&pool.directory, deadline).await?;
            connection.read_base(&pool.directory, deadline).await
        })
        .await?;
        let LdapSettings { url, base, starttls, .. } = &self.directory.settings;
        let who = self.directory.settings.who();
        let secured = match (&self.directory.tls, starttls) {
            (None, _) => "not encrypted",
            (Some(_), true) => "encrypted by StartTLS",
            (Some(_), false) => "encrypted by TLS",
        };
        Ok(format!("{url} answers, {secured}; bound as {who}; {base} is there"))
    }

    async fn search_by(&self, filter: &str, deadline: Deadline) -> Result<Found, DirectoryError> {
        let _permit = deadline
            .hold(&self.directory, "busy with other questions", self.permits.acquire())
            .await?;
        if let Some(mut used) = self.take() {
            match used.search(&self.directory, filter, deadline.halfway()).await {
                Ok(found) => {
                    self.put_back(used);
                    return Ok(found);
                }
                Err(error) => {
                    tracing::debug!(%error, "a used directory connection failed; trying a new one");
                    drop(used);
                    // What befell this one has most likely befallen the others.
                    self.idle().clear();
                }
            }
        }
        let mut fresh = Connection::open(&self.directory, deadline).await?;
        let found = fresh.search(&self.directory, filter, deadline).await?;
        self.put_back(fresh);
        Ok(found)
    }

    /// Runs in a task of its own: what a broken server sends makes the LDAP
    /// library panic in places, and that must cost no more than this question.
    async fn apart<T: Send + 'static>(
        &self,
        asking: impl Future<Output = Result<T, DirectoryError>> + Send + 'static,
    ) -> Result<T, DirectoryError> {
        let mut task = GivenUp(tokio::spawn(asking));
        (&mut task.0).await.unwrap_or_else(|_| Err(no_ldap(&self.directory)))
    }

    /// The connection used last; those that are no longer trusted are dropped.
    fn take(&self) -> Option<Connection> {
        let mut idle = self.idle();
        idle.retain(|one| {
            one.is_open() && one.answered < QUESTIONS && one.idle_since.elapsed() < IDLE
        });
        idle.pop()
    }

    fn put_back(&self, connection: Connection) {
        self.idle().push(connection);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task that ends when nobody waits for it.
struct GivenUp<T>(JoinHandle<T>);

impl<T> Drop for GivenUp<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
