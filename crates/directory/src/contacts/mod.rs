//! The contacts store: each subscriber's own people, in one SQLite file.

mod card;
mod cards;
mod new;
mod store;
mod without;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ringpost_lookup::{Answering, DialPlan, Question, Source};
use ringpost_model::NameOrigin;

use crate::DirectoryError;
use crate::text::sip_address;
use store::Store;
use without::Without;

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// Cards in the file, the unreadable ones among them.
    pub read: usize,
    /// Contacts that are new.
    pub stored: usize,
    /// Contacts that were there already, by UID or by name and numbers.
    pub updated: usize,
    /// A line for each card that was skipped: `card 3 (line 41): why`.
    pub unreadable: Vec<String>,
}

/// The contacts of all subscribers. Clones share the file.
#[derive(Clone)]
pub struct Contacts {
    store: Store,
    plan: DialPlan,
    without: Arc<Without>,
}

impl Contacts {
    /// Opens `people.db`, creates it where it is missing and brings its tables up
    /// to date. Several processes may have it open.
    ///
    /// # Errors
    /// [`DirectoryError::Store`].
    pub async fn open(path: &Path, plan: DialPlan) -> Result<Self, DirectoryError> {
        let store = Store::open(path).await?;
        Ok(Self { store, plan, without: Arc::new(Without::of(path)) })
    }

    /// Reads vCards 2.1, 3.0 and 4.0 into the contacts of `subscriber` (user part,
    /// in any case), in one transaction. A card that cannot be read is skipped and
    /// told of; one that is there already takes the place of its older self.
    ///
    /// # Errors
    /// [`DirectoryError::Store`]; then nothing of the file was stored.
    pub async fn import(&self, subscriber: &str, vcf: &[u8]) -> Result<Imported, DirectoryError> {
        let bytes = vcf.to_vec();
        // Thousands of cards with a photograph each are no work for a task.
        let reading = tokio::task::spawn_blocking(move || cards::read(&bytes));
        let cards = reading.await.map_err(|_| self.store.fault("the import was cut off"))?;
        let mut done =
            Imported { read: cards.read, unreadable: cards.unreadable, ..Imported::default() };
        let owner = owner(subscriber);
        (done.stored, done.updated) = self.store.put(&owner, &cards.contacts, &self.plan).await?;
        Ok(done)
    }

    /// How many contacts the subscriber has.
    ///
    /// # Errors
    /// [`DirectoryError::Store`].
    pub async fn count(&self, subscriber: &str) -> Result<u64, DirectoryError> {
        self.store.count(&owner(subscriber)).await
    }

    /// Closes the file; what was imported is safe without it.
    pub async fn close(&self) {
        self.store.close().await;
    }
}

impl Source for Contacts {
    fn name(&self) -> &str {
        "contacts"
    }

    fn origin(&self) -> NameOrigin {
        NameOrigin::Contacts
    }

    fn find<'a>(&'a self, question: &'a Question) -> Answering<'a> {
        Box::pin(async move {
            let caller = &question.caller;
            if caller.withheld {
                return Ok(Vec::new());
            }
            let owner = owner(&question.subscriber);
            let asked = Instant::now();
            let has = self.without.has(&owner, asked);
            if has == Some(false) {
                return Ok(Vec::new());
            }
            if let Some(address) = caller.sip_uri.as_deref().and_then(sip_address) {
                let people = self.store.by_address(&owner, &address).await?;
                if !people.is_empty() {
                    return Ok(people);
                }
            }
            let people = self.store.by_number(&owner, caller, &self.plan).await?;
            if people.is_empty() && has.is_none() {
                self.without.found(&owner, self.store.count(&owner).await? > 0, asked);
            }
            Ok(people)
        })
    }
}

/// Subscribers are compared without regard to case.
fn owner(subscriber: &str) -> String {
    subscriber.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ringpost_lookup::CallerId;
    use ringpost_model::Party;

    use super::*;

    #[tokio::test]
    async fn what_another_process_stores_counts_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.db");
        let plan = DialPlan::new("US", 4).unwrap();
        let ours = Contacts::open(&path, plan.clone()).await.unwrap();
        let caller = CallerId::read(&Party::from_user("+14255550142"), &plan);
        let question = Question { caller, subscriber: "alice".into() };
        let known = || ours.without.has("alice", Instant::now());
        while known().is_none() {
            assert!(ours.find(&question).await.unwrap().is_empty());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(known(), Some(false));

        let theirs = Contacts::open(&path, plan.clone()).await.unwrap();
        let bob =
            b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Bob Example\r\nTEL:+14255550142\r\nEND:VCARD\r\n";
        theirs.import("alice", bob).await.unwrap();
        assert_eq!(ours.find(&question).await.unwrap().len(), 1);
    }
}
