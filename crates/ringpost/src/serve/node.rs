//! What all parts of a running server share.

use std::sync::Arc;
use std::time::SystemTime;

use ringpost_delivery::Journal;
use ringpost_lookup::Source;
use ringpost_media::Engine;
use ringpost_model::Timestamp;
use ringpost_sip::Endpoint;
use tokio::sync::watch;

use super::greetings::Greetings;
use super::live::LiveCalls;
use super::trace::Notes;
use super::turned_away::TurnedAway;
use crate::config::Settings;

/// The running server's parts.
pub struct Node {
    /// The configuration.
    pub settings: Settings,
    /// Journal and outbox.
    pub journal: Journal,
    /// Sound.
    pub engine: Engine,
    /// SIP.
    pub endpoint: Endpoint,
    /// Everybody who knows people.
    pub sources: Vec<Arc<dyn Source>>,
    /// Greetings, ready to play.
    pub greetings: Greetings,
    /// What was decided about the last calls.
    pub notes: Notes,
    /// Calls going on.
    pub live: LiveCalls,
    /// Calls that were refused.
    pub turned_away: TurnedAway,
    /// Turns true when the server stops.
    pub stopping: watch::Receiver<bool>,
}

impl Node {
    /// Whether the server is stopping.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }
}

/// The wall clock; the house alone reads it.
pub fn now() -> Timestamp {
    SystemTime::now().into()
}

/// An id that sorts by time and is unique for ever.
pub fn new_id() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}
