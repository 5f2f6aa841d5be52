//! Maildir as a courier: one folder for each recipient, each mail a file that
//! is complete and on stable storage before it appears in `new`.
//!
//! The name of the file comes from the Message-ID, so that a mail that is
//! brought once more after a crash is recognised and stays one.

use std::fs::{DirBuilder, File};
use std::future::Future;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;

use ringpost_model::{Mail, Verdict};

use crate::Courier;

/// Longest name of a file that file systems take, less what is put around it.
const LONGEST_NAME: usize = 200;

/// How far the Message-ID is looked for.
const HEADER: usize = 64 * 1024;

/// Delivers into Maildirs below one root.
#[derive(Debug)]
pub struct MaildirCourier {
    root: PathBuf,
}

impl MaildirCourier {
    /// Mail for `alice@example.com` goes to `root/alice@example.com/new`.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }
}

impl Courier for MaildirCourier {
    fn deliver(&mut self, mail: Mail) -> Pin<Box<dyn Future<Output = Verdict> + Send + '_>> {
        let root = self.root.clone();
        Box::pin(async move {
            let stored = tokio::task::spawn_blocking(move || store(&root, &mail)).await;
            match stored {
                Ok(Ok(file)) => Verdict::Delivered { reply: file },
                Ok(Err(error)) => Verdict::TryAgain { reason: sentence(&error) },
                Err(_) => Verdict::TryAgain { reason: "the Maildir could not be written".into() },
            }
        })
    }
}

fn sentence(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            format!("the disk that holds the Maildir is full ({error}): free some space")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => format!(
            "the Maildir cannot be written ({error}): give the service write access to its folder"
        ),
        _ => format!("the Maildir cannot be written: {error}"),
    }
}

/// Writes the file and returns its name. Folders that are missing are made, and
/// are looked for only then.
fn store(root: &Path, mail: &Mail) -> io::Result<String> {
    let folder = root.join(folder_name(&mail.envelope.recipient));
    let [tmp, new, cur] = ["tmp", "new", "cur"].map(|name| folder.join(name));
    match put([&tmp, &new, &cur], &mail.message) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            for dir in [root, &folder, &tmp, &new, &cur] {
                create_dir(dir)?;
            }
            put([&tmp, &new, &cur], &mail.message)
        }
        done => done,
    }
}

fn put([tmp, new, cur]: [&Path; 3], message: &[u8]) -> io::Result<String> {
    let name = file_name(message);
    // In this order: a reader moves it from `new` to `cur`.
    if new.join(&name).try_exists()? || is_in(cur, &name)? {
        return Ok(format!("{name} (was there already)"));
    }
    let partial = tmp.join(format!("{name}.{}.{:08x}", std::process::id(), rand::random::<u32>()));
    let written = write_synced(&partial, message)
        .and_then(|()| std::fs::rename(&partial, new.join(&name)))
        .and_then(|()| sync_dir(new));
    if written.is_err() {
        // Best effort: readers of a Maildir clear `tmp` after 36 hours themselves.
        let _left = std::fs::remove_file(&partial);
    }
    written.map(|()| name)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Creates a folder whose name outlives a power cut.
fn create_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    dir.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_dir)
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Whether a mail of this name was read already: `cur` adds `:2,` and flags.
fn is_in(cur: &Path, name: &str) -> io::Result<bool> {
    for entry in std::fs::read_dir(cur)? {
        let file = entry?.file_name();
        if file.to_string_lossy().split(':').next() == Some(name) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The folder of a recipient: his address in lower case. Nothing in an address
/// leads out of the root: slashes, control characters and the like are escaped.
fn folder_name(recipient: &str) -> String {
    plain_name(&recipient.to_lowercase())
}

/// `Message-ID` without its brackets; without one, a hash of the whole mail.
fn file_name(message: &[u8]) -> String {
    let id = message_id(message).unwrap_or_else(|| format!("{:016x}", hash(message)));
    format!("{}.ringpost", plain_name(&id))
}

fn message_id(message: &[u8]) -> Option<String> {
    // Among the first of the header, and long before the sound.
    let text = String::from_utf8_lossy(message.get(..HEADER).unwrap_or(message));
    let header = text.split("\r\n\r\n").next()?;
    let (_, id) = header
        .split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("Message-ID"))?;
    let id = id.trim().trim_start_matches('<').trim_end_matches('>');
    (!id.is_empty()).then(|| id.to_owned())
}

/// A name for a file, different for different texts: whatever is not plain is
/// escaped as `%xx`, and a name that gets too long ends in its hash.
fn plain_name(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for (place, byte) in text.bytes().enumerate() {
        let is_plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'@' | b'_' | b'-' | b'+' | b'=')
            || (byte == b'.' && place > 0);
        if is_plain {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    if name.is_empty() {
        return "%".into();
    }
    if name.len() > LONGEST_NAME {
        name.truncate(LONGEST_NAME - 17);
        name.push_str(&format!("%{:016x}", hash(text.as_bytes())));
    }
    name
}

/// FNV-1a, 64 bit: the same in every version and on every machine.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use ringpost_model::Envelope;

    use super::*;

    fn mail(recipient: &str, id: &str) -> Mail {
        Mail {
            envelope: Envelope {
                sender: Some("voicemail@example.com".into()),
                recipient: recipient.into(),
            },
            message: format!("Message-ID: <{id}>\r\nSubject: x\r\n\r\nMessage-ID: <body>\r\n")
                .into(),
        }
    }

    fn files(dir: PathBuf) -> Vec<String> {
        std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[tokio::test]
    async fn a_mail_appears_whole_in_new_and_nothing_stays_in_tmp() {
        let root = tempfile::tempdir().unwrap();
        let mut courier = MaildirCourier::new(root.path().join("mail"));
        let mail = mail("Alice@Example.com", "7@example.com");
        assert!(matches!(courier.deliver(mail.clone()).await, Verdict::Delivered { .. }));
        let folder = root.path().join("mail/alice@example.com");
        assert_eq!(files(folder.join("new")), ["7@example.com.ringpost"]);
        assert_eq!(std::fs::read(folder.join("new/7@example.com.ringpost")).unwrap(), mail.message);
        assert!(files(folder.join("tmp")).is_empty());
        // Whatever somebody has taken away is made anew.
        for taken in ["tmp", "new", "cur", ""] {
            std::fs::remove_dir_all(folder.join(taken)).unwrap();
            assert!(matches!(courier.deliver(mail.clone()).await, Verdict::Delivered { .. }));
            assert_eq!(files(folder.join("new")), ["7@example.com.ringpost"], "{taken}");
        }
    }

    #[tokio::test]
    async fn a_mail_brought_again_stays_one_even_when_it_was_read() {
        let root = tempfile::tempdir().unwrap();
        let mut courier = MaildirCourier::new(root.path().to_owned());
        let mail = mail("alice@example.com", "7@example.com");
        courier.deliver(mail.clone()).await;
        let folder = root.path().join("alice@example.com");
        assert!(matches!(courier.deliver(mail.clone()).await, Verdict::Delivered { .. }));
        assert_eq!(files(folder.join("new")).len(), 1);
        let [new, cur] = ["new/7@example.com.ringpost", "cur/7@example.com.ringpost:2,S"];
        std::fs::rename(folder.join(new), folder.join(cur)).unwrap();
        assert!(matches!(courier.deliver(mail.clone()).await, Verdict::Delivered { .. }));
        assert!(files(folder.join("new")).is_empty());
        // Another recipient's copy is another mail.
        let other = super::tests::mail("bob@example.com", "7@example.com");
        assert!(matches!(courier.deliver(other.clone()).await, Verdict::Delivered { .. }));
        assert_eq!(files(root.path().join("bob@example.com/new")).len(), 1);
    }

    #[tokio::test]
    async fn no_recipient_leads_out_of_the_root() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("mail");
        let mut courier = MaildirCourier::new(root.clone());
        for (id, recipient) in
            ["../evil", "/etc/cron.d/x", "..", ".", "", "a/../../b@example.com", "x\0y", "tmp\n"]
                .into_iter()
                .enumerate()
        {
            let mail = mail(recipient, &format!("{id}/../../../out@example.com"));
            let verdict = courier.deliver(mail.clone()).await;
            assert!(matches!(verdict, Verdict::Delivered { .. }), "{recipient:?}: {verdict:?}");
        }
        assert_eq!(files(outer.path().to_owned()), ["mail"]);
        assert_eq!(files(root).len(), 8, "a folder for each");
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_tried_again() {
        let outer = tempfile::tempdir().unwrap();
        std::fs::write(outer.path().join("mail"), "a file stands where the folder should").unwrap();
        let mut courier = MaildirCourier::new(outer.path().join("mail"));
        let verdict = courier.deliver(mail("alice@example.com", "7")).await;
        assert!(matches!(verdict, Verdict::TryAgain { reason } if reason.contains("Maildir")));
    }

    #[test]
    fn names_are_short_enough_and_differ_when_texts_differ() {
        let long = "x".repeat(5000);
        let (a, b) = (plain_name(&format!("{long}a")), plain_name(&format!("{long}b")));
        assert!(a.len() <= LONGEST_NAME && a != b);
        assert_ne!(plain_name("a/b"), plain_name("a%2fb"));
        assert_ne!(file_name(b"no header"), file_name(b"no header either"));
    }
}
