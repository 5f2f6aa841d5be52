//! What can go wrong with a source, each as a sentence that says what to do next.

use std::path::PathBuf;
use std::time::Duration;

use ringpost_lookup::SourceFault;

/// A source cannot be opened or did not answer. The text is for the operator; it
/// holds no password and nothing of the people in the source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// The settings contradict each other or cannot be used.
    #[error("{0}")]
    Settings(String),
    /// The file of trusted authorities, or the system's store, cannot be used.
    #[error(
        "the certificate authorities in {place} cannot be used: {why}; give a PEM file with the authority that signed the directory's certificate"
    )]
    Authorities {
        /// The file, or the system's store.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// No connection.
    #[error(
        "cannot connect to the directory at {url}: {why}; check that it runs and that this address and port reach it"
    )]
    Unreachable {
        /// The directory.
        url: String,
        /// What the system said.
        why: String,
    },
    /// Connected, but encryption failed.
    #[error(
        "TLS with the directory at {url} failed: {why}; the certificate must name the host in the URL and be signed by an authority that is trusted here"
    )]
    Tls {
        /// The directory.
        url: String,
        /// What TLS said.
        why: String,
    },
    /// The directory does not do StartTLS.
    #[error(
        "the directory at {url} refuses StartTLS ({why}); use an ldaps: URL, or set directory.starttls = false if the network between is trusted"
    )]
    NoStartTls {
        /// The directory.
        url: String,
        /// The directory's answer.
        why: String,
    },
    /// The directory took too long.
    #[error("the directory at {url} was {doing} for {} ms without an answer; check its load, or raise directory.timeout_seconds", within.as_millis())]
    TooSlow {
        /// The directory.
        url: String,
        /// The step that was not answered.
        doing: &'static str,
        /// How long it was waited for in all.
        within: Duration,
    },
    /// Name or password refused.
    #[error(
        "the directory at {url} refused the bind as {who} ({why}); check directory.bind_dn and the password file"
    )]
    Bind {
        /// The directory.
        url: String,
        /// The name that was used; `anonymous` for none.
        who: String,
        /// The directory's answer.
        why: String,
    },
    /// The base is not there, or not for us.
    #[error(
        "the directory at {url} has no entry {base} that {who} may see; check directory.base and what that account may read"
    )]
    NoBase {
        /// The directory.
        url: String,
        /// The base asked for.
        base: String,
        /// The name that was used; `anonymous` for none.
        who: String,
    },
    /// The search was answered by an error.
    #[error("the directory at {url} refused the search ({why}); check what {who} may read")]
    Search {
        /// The directory.
        url: String,
        /// The directory's answer.
        why: String,
        /// The name that was used; `anonymous` for none.
        who: String,
    },
    /// More entries than are taken, and the one asked for was not among them.
    #[error(
        "the directory at {url} has more entries with these digits than it returns; narrow directory.base or raise the directory's size limit"
    )]
    TooMany {
        /// The directory.
        url: String,
    },
    /// The connection ended, or what came is no LDAP.
    #[error(
        "the directory at {url} broke off ({why}); check that an LDAP server listens there and what its log says"
    )]
    BrokeOff {
        /// The directory.
        url: String,
        /// What happened.
        why: String,
    },
    /// The contacts store.
    #[error("the contacts store {} cannot be used: {why}; check that its folder exists, belongs to Ringpost and has space left", path.display())]
    Store {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        why: String,
    },
}

impl From<DirectoryError> for SourceFault {
    fn from(error: DirectoryError) -> Self {
        Self { reason: error.to_string() }
    }
}
