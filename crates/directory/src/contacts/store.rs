//! The tables of `people.db`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ringpost_lookup::{CallerId, DialPlan};
use ringpost_model::{Card, Person, Phone, PhoneKind};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Row, SqliteConnection, SqlitePool};

use super::card::Contact;
use super::new;
use crate::DirectoryError;
use crate::closeness::{self, Closeness};
use crate::text::digits;

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Connections to the file: readers do not wait for one another.
const CONNECTIONS: u32 = 4;

/// How long one waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Numbers that may be the caller's; the dial plan judges them.
const CANDIDATES: &str = "
    SELECT contact, spelling FROM number WHERE subscriber = ?1 AND e164 = ?2
    UNION SELECT contact, spelling FROM number
        WHERE subscriber = ?1 AND substr(digits, -7) = substr(?3, -7)
    UNION SELECT contact, spelling FROM number WHERE subscriber = ?1 AND extension = ?4";

/// The row of the same contact, that with the same UID first.
const KNOWN: &str = "
    SELECT id FROM (
        SELECT 1 AS choice, id FROM contact WHERE subscriber = ?1 AND uid = ?2
        UNION ALL SELECT 2, id FROM contact WHERE subscriber = ?1 AND same_as = ?3
    ) ORDER BY choice, id LIMIT 1";

#[derive(Clone)]
pub(super) struct Store {
    pool: SqlitePool,
    path: Arc<PathBuf>,
}

impl Store {
    pub(super) async fn open(path: &Path) -> Result<Self, DirectoryError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .disable_statement_logging();
        let fault = |why: String| DirectoryError::Store { path: path.to_owned(), why };
        new::make(path).await.map_err(|error| fault(error.to_string()))?;
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            // A file does not go away as a server does.
            .test_before_acquire(false)
            .connect_with(options)
            .await
            .map_err(|error| fault(error.to_string()))?;
        MIGRATIONS.run(&pool).await.map_err(|error| fault(error.to_string()))?;
        Ok(Self { pool, path: Arc::new(path.to_owned()) })
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    pub(super) fn fault(&self, why: impl ToString) -> DirectoryError {
        DirectoryError::Store { path: self.path.as_ref().clone(), why: why.to_string() }
    }

    pub(super) async fn count(&self, owner: &str) -> Result<u64, DirectoryError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM contact WHERE subscriber = ?1")
            .bind(owner)
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.fault(error))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Stores all or nothing. How many were new, and how many were there already.
    pub(super) async fn put(
        &self,
        owner: &str,
        contacts: &[Contact],
        plan: &DialPlan,
    ) -> Result<(usize, usize), DirectoryError> {
        self.put_all(owner, contacts, plan).await.map_err(|error| self.fault(error))
    }

    async fn put_all(
        &self,
        owner: &str,
        contacts: &[Contact],
        plan: &DialPlan,
    ) -> Result<(usize, usize), sqlx::Error> {
        // Takes the write lock at once: a lock asked for later could be refused.
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let (mut stored, mut updated) = (0, 0);
        for contact in contacts {
            let same_as = same_as(contact, plan);
            let id = match known(&mut transaction, owner, contact, &same_as).await? {
                Some(id) => {
                    updated += 1;
                    clear(&mut transaction, id).await?;
                    id
                }
                None => {
                    stored += 1;
                    let row = sqlx::query(
                        "INSERT INTO contact (subscriber, same_as, name) VALUES (?1, ?2, '')",
                    );
                    row.bind(owner)
                        .bind(&same_as)
                        .execute(&mut *transaction)
                        .await?
                        .last_insert_rowid()
                }
            };
            fill(&mut transaction, id, owner, contact, &same_as, plan).await?;
        }
        transaction.commit().await?;
        Ok((stored, updated))
    }

    /// Everybody of the owner's contacts with that mail or SIP address.
    pub(super) async fn by_address(
        &self,
        owner: &str,
        address: &str,
    ) -> Result<Vec<Person>, DirectoryError> {
        let ids: Result<Vec<i64>, _> = sqlx::query_scalar(
            "SELECT contact FROM address WHERE subscriber = ?1 AND address = ?2 ORDER BY contact",
        )
        .bind(owner)
        .bind(address)
        .fetch_all(&self.pool)
        .await;
        let ids = ids.map_err(|error| self.fault(error))?;
        self.people(ids.into_iter().collect()).await
    }

    /// Everybody of the owner's contacts with the caller's number, as closely as
    /// anybody has it.
    pub(super) async fn by_number(
        &self,
        owner: &str,
        caller: &CallerId,
        plan: &DialPlan,
    ) -> Result<Vec<Person>, DirectoryError> {
        let number = caller.number.as_ref();
        let tail = match (number, &caller.extension) {
            (Some(number), _) => Some(number.digits().to_owned()),
            (None, Some(extension)) => Some(extension.clone()),
            (None, None) => closeness::dialled(&caller.raw),
        };
        if tail.is_none() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query(CANDIDATES)
            .bind(owner)
            .bind(number.map(|number| number.as_str()))
            .bind(tail)
            .bind(&caller.extension)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.fault(error))?;
        let mut closest: Option<Closeness> = None;
        let mut ids = BTreeSet::new();
        for row in rows {
            let id: i64 = row.try_get("contact").map_err(|error| self.fault(error))?;
            let spelling: String = row.try_get("spelling").map_err(|error| self.fault(error))?;
            let Some(close) = closeness::of_number(&spelling, caller, plan) else { continue };
            if closest.is_some_and(|closest| close > closest) {
                continue;
            }
            if closest.is_none_or(|closest| close < closest) {
                ids.clear();
                closest = Some(close);
            }
            ids.insert(id);
        }
        self.people(ids).await
    }

    async fn people(&self, ids: BTreeSet<i64>) -> Result<Vec<Person>, DirectoryError> {
        let mut people = Vec::with_capacity(ids.len());
        for id in ids {
            let person = self.person(id).await.map_err(|error| self.fault(error))?;
            people.extend(person);
        }
        Ok(people)
    }

    /// `None` when an import took it away a moment ago.
    async fn person(&self, id: i64) -> Result<Option<Person>, sqlx::Error> {
        let contact =
            sqlx::query("SELECT name, title, company, mail, im FROM contact WHERE id = ?1")
                .bind(id)
                .fetch_optional(&self.pool)
                .await?;
        let Some(contact) = contact else { return Ok(None) };
        let numbers =
            sqlx::query("SELECT kind, spelling FROM number WHERE contact = ?1 ORDER BY position")
                .bind(id)
                .fetch_all(&self.pool)
                .await?;
        let phones = numbers.iter().map(|row| {
            Ok(Phone { kind: kind(row.try_get("kind")?), number: row.try_get("spelling")? })
        });
        Ok(Some(Person {
            id: id.to_string(),
            name: contact.try_get("name")?,
            card: Card {
                title: contact.try_get("title")?,
                company: contact.try_get("company")?,
                phones: phones.collect::<Result<_, sqlx::Error>>()?,
                mail: contact.try_get("mail")?,
                im: contact.try_get("im")?,
            },
        }))
    }
}

/// A new file is nobody else's to read: it holds people's names and numbers.
/// SQLite gives its companions the same mode.
/// The row of the same contact: by UID, else by name and numbers. Some exporters
/// give a new UID at each export, so that an unknown one proves nothing.
async fn known(
    database: &mut SqliteConnection,
    owner: &str,
    contact: &Contact,
    same_as: &str,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(KNOWN)
        .bind(owner)
        .bind(&contact.uid)
        .bind(same_as)
        .fetch_optional(database)
        .await
}

async fn clear(database: &mut SqliteConnection, id: i64) -> Result<(), sqlx::Error> {
    for statement in
        ["DELETE FROM number WHERE contact = ?1", "DELETE FROM address WHERE contact = ?1"]
    {
        sqlx::query(statement).bind(id).execute(&mut *database).await?;
    }
    Ok(())
}

async fn fill(
    database: &mut SqliteConnection,
    id: i64,
    owner: &str,
    contact: &Contact,
    same_as: &str,
    plan: &DialPlan,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE contact SET uid = coalesce(?2, uid), same_as = ?3, name = ?4, title = ?5,
         company = ?6, mail = ?7, im = ?8 WHERE id = ?1",
    )
    .bind(id)
    .bind(&contact.uid)
    .bind(same_as)
    .bind(&contact.name)
    .bind(&contact.title)
    .bind(&contact.company)
    .bind(&contact.mail)
    .bind(&contact.im)
    .execute(&mut *database)
    .await?;
    for (position, phone) in (0_i64..).zip(&contact.phones) {
        let (main, extension) = closeness::split(&phone.number);
        sqlx::query(
            "INSERT INTO number
             (contact, subscriber, position, kind, spelling, e164, digits, extension)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .bind(id)
        .bind(owner)
        .bind(position)
        .bind(word(phone.kind))
        .bind(&phone.number)
        .bind(plan.number(main).map(|number| number.as_str().to_owned()))
        .bind(digits(main))
        .bind(extension)
        .execute(&mut *database)
        .await?;
    }
    for address in &contact.addresses {
        sqlx::query("INSERT INTO address (contact, subscriber, address) VALUES (?1, ?2, ?3)")
            .bind(id)
            .bind(owner)
            .bind(address)
            .execute(&mut *database)
            .await?;
    }
    Ok(())
}

/// Who it is without a UID: the name, and the numbers in whatever order and
/// spelling; the addresses where there is no number.
fn same_as(contact: &Contact, plan: &DialPlan) -> String {
    let number = |phone: &Phone| {
        let (main, extension) = closeness::split(&phone.number);
        let main = plan.number(main).map_or_else(|| digits(main), |n| n.digits().to_owned());
        format!("{main}x{}", extension.unwrap_or_default())
    };
    let mut parts: BTreeSet<String> = contact.phones.iter().map(number).collect();
    if parts.is_empty() {
        parts.extend(contact.addresses.iter().cloned());
    }
    let parts: Vec<String> = parts.into_iter().collect();
    format!("{}\n{}", contact.name.to_lowercase(), parts.join(" "))
}

fn word(kind: PhoneKind) -> &'static str {
    match kind {
        PhoneKind::Work => "work",
        PhoneKind::Mobile => "mobile",
        PhoneKind::Home => "home",
        PhoneKind::Other => "other",
    }
}

fn kind(word: &str) -> PhoneKind {
    match word {
        "work" => PhoneKind::Work,
        "mobile" => PhoneKind::Mobile,
        "home" => PhoneKind::Home,
        _ => PhoneKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use sqlx::AssertSqlSafe;

    use super::*;

    #[tokio::test]
    async fn lookups_and_imports_go_by_an_index_whatever_the_number_of_contacts() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("people.db")).await.unwrap();
        for (query, indices) in [
            (CANDIDATES, &["number_by_e164", "number_by_tail", "number_by_extension"][..]),
            (KNOWN, &["contact_by_uid", "contact_by_same_as"]),
        ] {
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}"));
            let rows = sqlx::query(explain).fetch_all(&store.pool).await.unwrap();
            let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
            for index in indices {
                // By the subscriber alone would be a walk through all of his contacts.
                let by = |step: &String| step.contains(index) && step.contains("=? AND");
                assert!(steps.iter().any(by), "{index}: {steps:?}");
            }
        }
    }

    #[tokio::test]
    async fn the_file_is_nobody_elses_to_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.db");
        let store = Store::open(&path).await.unwrap();
        store.put("alice", &[Contact::default()], &DialPlan::new("US", 4).unwrap()).await.unwrap();
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{:?}", file.file_name());
        }
    }
}
