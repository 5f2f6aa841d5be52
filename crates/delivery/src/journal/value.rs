//! What goes into the journal and what comes out of it.

use ringpost_model::{CallRecord, CallerIdentity, Party, Subscriber, Timestamp};

/// A call that was answered and has not ended: enough to tell of it when a
/// crash cuts it off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCall {
    /// The id that the call's record will have.
    pub id: String,
    /// SIP Call-ID.
    pub call_id: String,
    /// As in [`CallRecord::identifiers`].
    pub identifiers: Vec<String>,
    /// Who was called, as the network said it.
    pub called: Party,
    /// Who that is.
    pub subscriber: Subscriber,
    /// Who rang, as the network said it.
    pub caller: Party,
    /// When the call came.
    pub received: Timestamp,
    /// When Ringpost answered.
    pub answered: Timestamp,
}

/// What became of a record that was filed. Whatever it is, it is on stable storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filed {
    /// Somebody will be told.
    Told {
        /// Number of mails, one for each of the subscriber's addresses.
        mails: usize,
    },
    /// A ledger row and no mail.
    Silent,
    /// A ledger row and no mail, since the call was heard of before.
    SameCall {
        /// Id of the record that stands for the call.
        told_by: String,
    },
    /// A report of a live call: it waits for the end of that call.
    Held,
}

/// What a claimed mail is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimKind {
    /// It tells the subscriber of the call.
    Telling,
    /// It tells the postmaster that a mail was refused.
    Return {
        /// Who refused it.
        recipient: String,
        /// Why, as the mail system said it.
        reason: String,
        /// Attempts that were made.
        attempts: u32,
        /// When it was given up.
        at: Timestamp,
    },
}

/// A mail to be composed and handed over now, leased to whoever claimed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The outbox row.
    pub id: i64,
    /// What it is.
    pub kind: ClaimKind,
    /// The call that it is about.
    pub record: CallRecord,
    /// Who gets the mail; of a return, the postmaster of the settings.
    pub recipient: String,
    /// Failed attempts so far.
    pub attempts: u32,
    /// Who rang, where an earlier attempt found it out.
    pub identity: Option<CallerIdentity>,
}

/// What became of a claimed mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Done.
    Delivered,
    /// Tried again at this moment.
    Again {
        /// When.
        at: Timestamp,
    },
    /// Given up: a return to the postmaster is in the outbox.
    Returned,
    /// A return that nobody takes: kept, not tried again by itself.
    Dead,
    /// A notification whose call has a voice mail by now: not tried again.
    Withdrawn,
    /// The lease had run out and somebody else has settled it.
    Stale,
}

/// What a sweep took away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swept {
    /// Identifiers and parties forgotten.
    pub identifiers: u64,
    /// Ledger rows deleted.
    pub rows: u64,
    /// Names of recordings that nobody needs any more: to be deleted now.
    pub recordings: Vec<String>,
}

/// How full the outbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Mails waiting for an attempt, or being tried.
    pub queued: u64,
    /// When the oldest of these was put in.
    pub oldest_queued: Option<Timestamp>,
    /// Mails given up and returned to the postmaster.
    pub returned: u64,
    /// Returns that nobody takes.
    pub dead: u64,
    /// Reports that wait for the end of their live call.
    pub held: u64,
}
