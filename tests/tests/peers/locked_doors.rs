//! Peers that want to know who comes, and talk to nobody in the clear: SMTP
//! AUTH under STARTTLS, LDAP by StartTLS and by ldaps.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ringpost_tests::certificates::Certificates;
use ringpost_tests::directory::Directory;
use ringpost_tests::letter::Letter;
use ringpost_tests::mail_system::{MailSystem, PASSWORD};
use ringpost_tests::server::{SOON, Server};
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Report};
use ringpost_tests::sound::speech;
use ringpost_tests::waiting;

fn authenticated(mail: &MailSystem, ca_file: &Path, password_file: &Path) -> Settings {
    Settings::new()
        .mail(&mail.url())
        .line("mail", "starttls = \"required\"")
        .line("mail", "user = \"ringpost@example.com\"")
        .line("mail", format!("ca_file = \"{}\"", ca_file.display()))
        .line("mail", format!("password_file = \"{}\"", password_file.display()))
}

#[test]
fn the_mail_server_takes_mail_from_the_known_alone() {
    let mail = MailSystem::start_for_the_known(&["alice", "ringpost", "postmaster"]);
    let folder = tempfile::tempdir().expect("a folder");
    let (right, wrong) = (folder.path().join("right"), folder.path().join("wrong"));
    fs::write(&right, format!("{PASSWORD}\n")).expect("a file");
    fs::write(&wrong, "incorrect-donkey\n").expect("a file");
    let strangers = Certificates::make(folder.path(), "elsewhere.example.com");
    // A wrong password, and a certificate nobody known vouches for: said so,
    // and the mail waits.
    for (ca_file, password_file) in
        [(mail.ca_file(), &wrong), (strangers.authority.as_path(), &right)]
    {
        let mut server = Server::start(authenticated(&mail, ca_file, password_file));
        server.never_logs("incorrect-donkey");
        server.never_logs(PASSWORD);
        let report = Report::missed("alice", "+14255550142", "locked");
        assert_eq!(report.send(server.sip()).status(), Some(200));
        let id = server.the_row().id;
        let words = waiting::until("the mail server's word", SOON, || {
            let words = server.says(&["messages", "show", &id]);
            words.contains("attempts: 1").then_some(words)
        });
        assert_eq!(server.the_row().mails, ["queued"], "{words}");
        assert!(!words.contains(PASSWORD) && !words.contains("donkey"), "{words}");
        let check = server.command(&["check"]);
        let words = String::from_utf8_lossy(&check.stdout).into_owned();
        let told = words.lines().any(|line| line.starts_with("problem  mail.transport"));
        assert!(told && !check.status.success(), "{words}");
    }
    assert!(mail.inbox("alice").is_empty());
    let mut server = Server::start(authenticated(&mail, mail.ca_file(), &right));
    server.never_logs(PASSWORD);
    server.says(&["check"]);
    let said = speech(3.0, 91);
    Call::leave_message(server.sip(), &Invite::to("alice"), &said);
    let letter = mail.wait_inbox("alice", 1, SOON).remove(0);
    letter.check_message(&said);
    let text = String::from_utf8_lossy(&letter.raw).into_owned();
    assert!(text.contains("using TLSv1"), "by STARTTLS");
}

#[test]
fn the_directory_is_asked_over_tls() {
    let directory = Directory::start_encrypted();
    let folder = tempfile::tempdir().expect("a folder");
    let strangers = Certificates::make(folder.path(), "elsewhere.example.com");
    for start_tls in [true, false] {
        let mut server = Server::start(Settings::new().secure_directory(&directory, start_tls));
        server.never_logs("Carol Example");
        assert_eq!(ring(&server).subject, "Missed Call from Carol Example", "{start_tls}");
        server.says(&["check"]);
    }
    // Where the directory cannot be trusted or wants TLS: a number and no name.
    let in_the_clear = Settings::new().directory(&directory);
    let of_strangers = Settings::new().secure_directory(&directory, false);
    for (settings, environment) in
        [(in_the_clear, None), (of_strangers, Some(strangers.authority.clone()))]
    {
        let mut server = Server::prepared(settings);
        if let Some(ca_file) = environment {
            server.set_environment("RINGPOST_DIRECTORY__CA_FILE", &ca_file.display().to_string());
        }
        server.up();
        assert_eq!(ring(&server).subject, "Missed Call from +1 (425) 555-0142");
        let check = server.command(&["check"]);
        let words = String::from_utf8_lossy(&check.stdout).into_owned();
        let told = words.lines().any(|line| line.starts_with("problem  directory"));
        assert!(told && !check.status.success(), "{words}");
    }
}

fn ring(server: &Server) -> Letter {
    Call::hang_up_in_greeting(server.sip(), &Invite::to("alice").from("+14255550142"));
    waiting::pass(Duration::from_millis(100));
    server.mails("alice", 1).remove(0)
}
