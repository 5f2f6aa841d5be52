//! The configuration: TOML, with overrides from the environment; read by the
//! house alone and handed to the rooms as plain settings.

mod calls;
mod keys;
mod mistake;
mod peers;
mod read;
mod services;
mod settings;
mod subscribers;
mod transport;
mod values;

pub use keys::{
    Config, DialPlanKeys, DirectoryKeys, HttpKeys, LimitKeys, LogKeys, LookupKeys, MailKeys,
    Mailboxes, MediaKeys, PeerKeys, RegistrationKeys, Seconds, SipKeys, SipTlsKeys, StateKeys,
    SubscriberKeys,
};
pub use mistake::{ConfigError, Mistake};
pub use read::{DEFAULT_FILE, parse, read};
pub use settings::{CallLimits, RegistrationSettings, Settings, WaitingSettings};
pub use transport::MailTransport;

#[cfg(test)]
mod tests;
