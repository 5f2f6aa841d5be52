//! The organisation's directory over LDAP (RFC 4511), read only.

mod connection;
mod entry;
mod filter;
mod person;
mod pool;
mod refusal;
mod settings;
mod tls;

use std::sync::Arc;

use ringpost_lookup::{Answering, DialPlan, Question, Source};
use ringpost_model::NameOrigin;

use crate::DirectoryError;
use pool::Pool;
pub use settings::LdapSettings;

/// People of an LDAP directory, found by number, extension or SIP address.
pub struct LdapSource {
    pool: Arc<Pool>,
    plan: DialPlan,
}

impl LdapSource {
    /// Checks the settings and reads the trusted authorities; connects to
    /// nothing yet. The directory may be down: it is tried at each question.
    ///
    /// # Errors
    /// [`DirectoryError::Settings`] and [`DirectoryError::Authorities`].
    pub fn new(settings: LdapSettings, plan: DialPlan) -> Result<Self, DirectoryError> {
        Ok(Self { pool: Arc::new(Pool::new(settings)?), plan })
    }

    /// Connects, encrypts and binds as set and reads the base, on a connection
    /// of its own. Says what answered.
    ///
    /// # Errors
    /// The first step that failed; it takes no longer than the timeout.
    pub async fn probe(&self) -> Result<String, DirectoryError> {
        self.pool.probe().await
    }
}

impl Source for LdapSource {
    fn name(&self) -> &str {
        "ldap"
    }

    fn origin(&self) -> NameOrigin {
        NameOrigin::Directory
    }

    fn find<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        Box::pin(async move {
            let Some(filter) = filter::for_caller(&question.caller) else {
                return Ok(Vec::new());
            };
            let found = self.pool.search(filter).await?;
            let people = person::closest(&found.entries, &question.caller, &self.plan);
            if people.is_empty() && found.cut_short {
                return Err(DirectoryError::TooMany { url: self.pool.url().to_owned() }.into());
            }
            Ok(people)
        })
    }
}
