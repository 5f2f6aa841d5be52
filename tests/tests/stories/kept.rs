//! What is kept after the delivery, and that nobody else can read it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ringpost_tests::letter::Letter;
use ringpost_tests::server::{SOON, Server};
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};
use ringpost_tests::sound::{speech, write_wav};
use ringpost_tests::waiting;

#[test]
fn a_delivered_voice_mail_can_be_exported_after_a_restart() {
    let mut server = Server::start(Settings::new());
    let said = speech(3.0, 88);
    Call::leave_message(server.sip(), &Invite::to("alice"), &said);
    let delivered = server.mails("alice", 1).remove(0);
    waiting::until("the ledger's word", SOON, || {
        (server.the_row().mails == ["delivered"]).then_some(())
    });
    let recordings = server.state().join("recordings");
    let kept = || fs::read_dir(&recordings).expect("a folder").count();
    assert_eq!(kept(), 1, "kept for a day");
    // Each start looks for what may go.
    for restart in [1, 2] {
        assert!(server.stop(SOON).success());
        server.up();
        let id = server.the_row().id;
        let file = server.folder().join(format!("export-{restart}.eml"));
        server.says(&["messages", "export", &id, "--out", &file.display().to_string()]);
        let letter = Letter::read(fs::read(&file).expect("the export"));
        letter.check_message(&said);
        assert_eq!(letter.message_id, delivered.message_id);
        assert_eq!(letter.subject, delivered.subject);
        assert_eq!(kept(), 1, "kept for a day, also after restart {restart}");
    }
}

#[test]
fn nobody_else_can_read_any_of_it() {
    let server = Server::start(Settings::new());
    let said = speech(2.0, 89);
    let wav = server.folder().join("greeting.wav");
    fs::write(&wav, write_wav(&said)).expect("a file");
    server.says(&["greeting", "set", "bob", &wav.display().to_string()]);
    let cards = server.folder().join("contacts.vcf");
    fs::write(&cards, "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nTEL:4255550151\r\nEND:VCARD\r\n")
        .expect("a file");
    server.says(&["contacts", "import", "alice", &cards.display().to_string()]);
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered();
    call.hears_greeting();
    call.speaks(&said);
    // Once in the middle of a recording, and once when all is done.
    check_private(&server, &["outbox.db", "people.db", ".wav", "lock"]);
    call.hangs_up();
    let letter = server.mails("alice", 1).remove(0);
    let export = server.folder().join("mail/export.eml");
    let id = server.the_row().id;
    server.says(&["messages", "export", &id, "--out", &export.display().to_string()]);
    assert!(!letter.raw.is_empty());
    check_private(&server, &["outbox.db", "people.db", ".wav", "/new/", "export.eml"]);
}

/// Fails when anybody but the owner may do anything with a file or folder, or
/// when one of `wanted` is not there to be looked at.
fn check_private(server: &Server, wanted: &[&str]) {
    let mut files = Vec::new();
    for folder in [server.state(), server.folder().join("mail")] {
        walk(&folder, &mut files);
    }
    for (file, mode) in &files {
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", file.display());
    }
    for part in wanted {
        let there = files.iter().any(|(file, _)| file.display().to_string().contains(part));
        assert!(there, "no {part} among {files:?}");
    }
}

fn walk(at: &Path, files: &mut Vec<(PathBuf, u32)>) {
    // Files come and go while a server runs.
    let Ok(metadata) = fs::symlink_metadata(at) else { return };
    files.push((at.to_owned(), metadata.permissions().mode() & 0o7777));
    if metadata.is_dir() {
        for entry in fs::read_dir(at).into_iter().flatten().flatten() {
            walk(&entry.path(), files);
        }
    }
}
