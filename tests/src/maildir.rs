//! A Maildir as a mail client sees it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::letter::Letter;
use crate::waiting;

/// All mails in `new` and `cur`, oldest file name first. `tmp` holds nothing
/// that was delivered.
pub fn read(folder: &Path) -> Vec<Letter> {
    let mut files = Vec::new();
    for part in ["new", "cur"] {
        let Ok(entries) = fs::read_dir(folder.join(part)) else { continue };
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    files.sort();
    // A client may see a file go from new to cur meanwhile.
    files.iter().filter_map(|file| fs::read(file).ok()).map(Letter::read).collect()
}

/// Waits until at least `count` mails are there.
pub fn wait(folder: &Path, count: usize, within: Duration) -> Vec<Letter> {
    waiting::until(&format!("{count} mails in {}", folder.display()), within, || {
        let letters = read(folder);
        (letters.len() >= count).then_some(letters)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_delivered_mail_is_seen() {
        let root = tempfile::tempdir().unwrap();
        for part in ["tmp", "new", "cur"] {
            fs::create_dir(root.path().join(part)).unwrap();
            let text = format!("Subject: {part}\r\nMessage-ID: <{part}@x>\r\n\r\nHello\r\n");
            fs::write(root.path().join(part).join("1.mail"), text).unwrap();
        }
        let letters = wait(root.path(), 2, Duration::from_secs(1));
        let mut subjects: Vec<_> = letters.iter().map(|letter| letter.subject.clone()).collect();
        subjects.sort();
        assert_eq!(subjects, ["cur", "new"]);
    }
}
