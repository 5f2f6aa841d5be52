//! A finished mail and what became of it.

/// RFC 5321 §2.3.1: who is told where to bring the mail. One recipient for
/// each transaction, so that each has its own verdict.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Envelope {
    /// Reverse-path; `None` is the null path `<>` of a returned message.
    pub sender: Option<String>,
    /// Forward-path, an addr-spec.
    pub recipient: String,
}

/// A message ready to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Who gets it.
    pub envelope: Envelope,
    /// RFC 5322 message, lines ended by CRLF, 7 bit.
    pub message: Vec<u8>,
}

/// What the mail system said to one recipient's mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is theirs now (SMTP 250 to the dot, or a synced file in a Maildir).
    Delivered {
        /// The reply, for the ledger.
        reply: String,
    },
    /// Not now: try again by the schedule.
    TryAgain {
        /// Why, in a sentence for the operator.
        reason: String,
    },
    /// Never: return it.
    Refused {
        /// Why, in a sentence for the operator.
        reason: String,
    },
}
