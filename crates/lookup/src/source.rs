//! The port through which a caller is looked up: whoever knows people
//! implements [`Source`].

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use ringpost_model::{NameOrigin, Person};

use crate::CallerId;

/// What every source is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Who rang, read by the dial plan.
    pub caller: CallerId,
    /// User part of the subscriber who was called: contacts are his own.
    pub subscriber: String,
}

/// A source could not answer. A lookup may cost a name, never a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFault {
    /// For the operator: what failed and what to do next. No personal data.
    pub reason: String,
}

impl fmt::Display for SourceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for SourceFault {}

/// The answer of a source, some time later. It names no runtime.
pub type Answering<'a> =
    Pin<Box<dyn Future<Output = Result<Vec<Person>, SourceFault>> + Send + 'a>>;

/// Somebody who knows people by their numbers and addresses.
pub trait Source: Send + Sync {
    /// Name for operators, such as `ldap` or `contacts`.
    fn name(&self) -> &str;

    /// What a name from here counts as.
    fn origin(&self) -> NameOrigin;

    /// Everybody who has that number or address, compared by number and not by
    /// spelling; an empty list when nobody has. Dropping the future gives up.
    fn find<'a>(&'a self, question: &'a Question) -> Answering<'a>;
}
