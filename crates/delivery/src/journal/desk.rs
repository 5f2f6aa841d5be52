//! Mails on the way to whoever brings them: those of a call that has just ended
//! are leased by the commit that files them and handed over behind it; whatever
//! else is due is claimed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ringpost_model::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::calls::Filing;
use super::{Claim, ClaimKind, Journal, JournalError};

/// How long the outbox is left alone when nothing is known to be due: another
/// process (`ringpost messages retry`) may have made something due.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long it is left alone at least when something is due that cannot be had.
const A_MOMENT: Duration = Duration::from_millis(20);

/// Mails to be brought now, each leased to whoever takes it.
#[derive(Debug)]
pub struct Claims(mpsc::UnboundedReceiver<(Claim, OwnedSemaphorePermit)>);

impl Claims {
    /// The next one; `None` once the journal is closed. What is not taken stays
    /// leased until the next start of the server. Safe to give up while it waits.
    pub async fn next(&mut self) -> Option<Claim> {
        self.0.recv().await.map(|(claim, _place)| claim)
    }
}

/// Where the writer leaves mails that are due at once.
#[derive(Clone, Default)]
pub(super) struct Desk {
    taker: Arc<Mutex<Option<Taker>>>,
    /// More is due than there is room for: the newest mails do not overtake it.
    behind: Arc<AtomicBool>,
}

/// Who takes them.
#[derive(Clone)]
struct Taker {
    claims: mpsc::UnboundedSender<(Claim, OwnedSemaphorePermit)>,
    room: Arc<Semaphore>,
    clock: fn() -> Timestamp,
    lease: Duration,
}

/// What one transaction may lease.
pub(super) struct Offer {
    room: Arc<Semaphore>,
    now: Timestamp,
    until: Timestamp,
}

/// The mails of one record, leased to be handed over.
pub(super) struct Leased {
    /// Outbox row of the first; the others follow it.
    pub(super) first: i64,
    /// When the lease runs out.
    pub(super) until: Timestamp,
    places: OwnedSemaphorePermit,
}

impl Offer {
    /// A lease for mails that were due at this moment, the first of them with
    /// this row; `None` while there is no room: they are to be claimed.
    pub(super) fn lease(&self, first: i64, mails: usize, due: Timestamp) -> Option<Leased> {
        let mails = u32::try_from(mails).ok()?;
        if due > self.now {
            return None;
        }
        let places = Arc::clone(&self.room).try_acquire_many_owned(mails).ok()?;
        Some(Leased { first, until: self.until, places })
    }
}

impl Desk {
    fn taker(&self) -> Option<Taker> {
        self.taker.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn seat(&self, taker: Option<Taker>) {
        *self.taker.lock().unwrap_or_else(PoisonError::into_inner) = taker;
    }

    /// For one transaction.
    pub(super) fn offer(&self) -> Option<Offer> {
        let taker = self.taker().filter(|taker| !taker.claims.is_closed())?;
        if self.behind.load(Ordering::Acquire) {
            return None;
        }
        let now = (taker.clock)();
        Some(Offer { room: taker.room, now, until: now.plus(taker.lease) })
    }

    /// Hands over what the commit has leased.
    pub(super) fn hand_over(&self, filing: Filing) {
        let (Some(mut leased), Some(taker)) = (filing.leased, self.taker()) else { return };
        let entry = filing.entry;
        let mut mails = entry.recipients.into_iter().zip(leased.first..).peekable();
        let mut last = Some(entry.record);
        while let Some((recipient, id)) = mails.next() {
            let record = if mails.peek().is_some() { last.clone() } else { last.take() };
            let (Some(record), Some(place)) = (record, leased.places.split(1)) else { return };
            let kind = ClaimKind::Telling;
            let claim = Claim { id, kind, record, recipient, attempts: 0, identity: None };
            // Whoever brought mails is gone: the lease ends with the server.
            let _gone = taker.claims.send((claim, place));
        }
    }

    /// Nobody is handed anything any more.
    pub(super) fn close(&self) {
        self.seat(None);
    }
}

impl Journal {
    /// Mails to be brought, as they become due; at most `ahead` of them are
    /// leased before they are taken. Only the last to ask gets any.
    pub fn claims(&self, ahead: usize, clock: fn() -> Timestamp) -> Claims {
        let (claims, taken) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(ahead.max(1)));
        let taker = Taker { claims, room, clock, lease: self.settings.lease };
        let desk = self.queue.desk();
        // What is there by now comes first.
        desk.behind.store(true, Ordering::Release);
        desk.seat(Some(taker.clone()));
        tokio::spawn(claim_on(self.clone(), taker, desk));
        Claims(taken)
    }
}

/// Claims what is due and was not handed over, until nobody takes it any more.
async fn claim_on(journal: Journal, taker: Taker, desk: Desk) {
    let work = journal.work();
    while let Ok(place) = Arc::clone(&taker.room).acquire_owned().await {
        let mut woken = std::pin::pin!(work.notified());
        woken.as_mut().enable();
        let mut next = journal.next_due().await.unwrap_or_default();
        if next.is_some_and(|due| due <= (taker.clock)()) {
            match claim(&journal, &taker, place).await {
                Ok(is_all) => {
                    desk.behind.store(!is_all, Ordering::Release);
                    if !is_all {
                        continue;
                    }
                    next = journal.next_due().await.unwrap_or_default();
                }
                Err(JournalError::Closed) => return,
                Err(error) => tracing::error!(%error, "the outbox cannot be claimed from"),
            }
        } else {
            desk.behind.store(false, Ordering::Release);
            drop(place);
        }
        let wait = next.map_or(LOOK_AGAIN, |due| due.since((taker.clock)()));
        tokio::select! {
            () = woken => {}
            () = taker.claims.closed() => return,
            () = tokio::time::sleep(wait.clamp(A_MOMENT, LOOK_AGAIN)) => {}
        }
        if journal.healthy() == Err(JournalError::Closed) {
            return;
        }
    }
}

/// As much as there is room for; whether that is all that is due.
async fn claim(
    journal: &Journal,
    taker: &Taker,
    mut places: OwnedSemaphorePermit,
) -> Result<bool, JournalError> {
    while let Ok(another) = Arc::clone(&taker.room).try_acquire_owned() {
        places.merge(another);
    }
    let claims = journal.claim((taker.clock)(), places.num_permits()).await?;
    let is_all = claims.len() < places.num_permits();
    for claim in claims {
        let Some(place) = places.split(1) else { break };
        // Whoever brought mails is gone: the lease ends with the server.
        let _gone = taker.claims.send((claim, place));
    }
    Ok(is_all)
}
