//! The people that Ringpost answers for.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::E164;

/// Who tells this subscriber of calls that rang and stopped: the three
/// deployments of the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Notify {
    /// Ringpost does (Enterprise Voice with unified messaging).
    #[default]
    Server,
    /// The user's own agent does, where it runs (Enterprise Voice without
    /// unified messaging, or Remote Call Control).
    Client,
    /// The phone system does, by a report of its own or not at all (PBX
    /// integration with dual forking).
    Pbx,
}

/// The text names none of the three deployments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownNotify;

impl fmt::Display for UnknownNotify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("notify is \"server\", \"client\" or \"pbx\"")
    }
}

impl std::error::Error for UnknownNotify {}

impl Notify {
    /// The word used in the configuration and in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Pbx => "pbx",
        }
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Notify {
    type Err = UnknownNotify;

    fn from_str(text: &str) -> Result<Self, UnknownNotify> {
        match text {
            "server" => Ok(Self::Server),
            "client" => Ok(Self::Client),
            "pbx" => Ok(Self::Pbx),
            _ => Err(UnknownNotify),
        }
    }
}

/// One called user and how he wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// User part of the SIP URI, compared without regard to case.
    pub user: String,
    /// Name as shown to people; may be empty.
    pub name: String,
    /// The mailboxes that each get a mail; addr-spec of RFC 5322.
    pub mail: Vec<String>,
    /// The number that was called.
    pub number: Option<E164>,
    /// Short number inside the dial plan.
    pub extension: Option<String>,
    /// IANA name, such as `America/Los_Angeles`.
    pub time_zone: String,
    /// BCP 47 tag, such as `en`.
    pub language: String,
    /// Who tells of calls that rang and stopped.
    pub notify: Notify,
    /// `false`: no missed call notification, whoever heard of the call.
    pub missed_calls: bool,
    /// How long Ringpost rings (180) before it answers; `None`: as the server is set.
    pub answer_after: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_deployments_have_their_words() {
        for notify in [Notify::Server, Notify::Client, Notify::Pbx] {
            assert_eq!(notify.as_str().parse(), Ok(notify));
        }
        assert_eq!("Server".parse::<Notify>(), Err(UnknownNotify));
    }
}
