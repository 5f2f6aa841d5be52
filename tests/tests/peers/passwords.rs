//! A peer that has to prove who it is: digest with MD5 and SHA-256, a wrong
//! password, a nonce used twice.

use std::fs;
use std::time::Duration;

use ringpost_tests::baresip::Baresip;
use ringpost_tests::linphone::Linphone;
use ringpost_tests::mail_sink::MailSink;
use ringpost_tests::server::{SOON, Server};
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Algorithm, Call, Digest, Invite, Message, Way};
use ringpost_tests::sipp::Sipp;
use ringpost_tests::sound::speech;
use tempfile::TempDir;

const USER: &str = "pbx";
const PASSWORD: &str = "loud-donkey";

/// A server whose one peer has a password.
fn server(sink: &MailSink) -> (Server, TempDir) {
    server_asking(sink, r#"["sha-256", "md5"]"#, 0)
}

/// That asks for these hashes, and rings so many seconds.
fn server_asking(sink: &MailSink, hashes: &str, rings: u32) -> (Server, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    fs::write(&file, format!("{PASSWORD}\n")).expect("a file");
    let peer = format!(
        "[[sip.peer]]\nname = \"pbx\"\nnetworks = [\"127.0.0.0/8\"]\nuser = \"{USER}\"\n\
         password_file = \"{}\"\ndigest = {hashes}\n",
        file.display()
    );
    let settings = Settings::new().over_tcp().mail(&sink.url()).table(peer);
    let settings = settings.limit("answer_after_seconds", rings);
    let mut server = Server::start(settings);
    server.never_logs(PASSWORD);
    (server, folder)
}

fn right(algorithm: Algorithm) -> Digest {
    Digest::new(USER, PASSWORD, algorithm)
}

fn has(sink: &MailSink, user: &str, said: &[i16]) {
    sink.wait_for(user, 1, SOON)[0].letter.check_holds(said);
}

/// Past the greeting, whose length does not matter here.
const LATER: Duration = Duration::from_secs(6);

#[test]
fn linphone_proves_itself() {
    let sink = MailSink::start();
    let (server, _folder) = server(&sink);
    let said = speech(3.0, 231);
    let mut phone = Linphone::start_with_password(USER, PASSWORD, "ringpost");
    phone.leaves_message(&format!("sip:bob@{}", server.sip()), LATER, &said);
    has(&sink, "bob@example.com", &said);
}

#[test]
fn who_knows_no_other_hash_is_asked_for_md5() {
    let sink = MailSink::start();
    let (server, _folder) = server_asking(&sink, r#"["md5"]"#, 4);
    let said = speech(3.0, 232);
    let phone = Baresip::to(server.sip(), "alice").with_password(USER, PASSWORD);
    let heard = phone.speaks(LATER, &said).run();
    assert!(heard.log.contains("established"), "{}", heard.log);
    has(&sink, "alice@example.com", &said);
    let sipp = Sipp::scenario("authenticated", "bob").with("USER", USER);
    sipp.with("PASSWORD", PASSWORD).run(server.sip());
    sink.wait_for("bob@example.com", 1, SOON)[0].letter.check_missed_call("call");
}

#[test]
fn a_message_with_either_hash() {
    let sink = MailSink::start();
    let (server, _folder) = server(&sink);
    std::thread::scope(|scope| {
        for (user, algorithm, way) in [
            ("alice", Algorithm::Md5, Way::from(server.sip())),
            ("bob", Algorithm::Sha256, Way::tcp(server.sip())),
        ] {
            let sink = &sink;
            scope.spawn(move || {
                let said = speech(2.0, 230);
                let mut call = Call::place_as(way, &Invite::to(user), right(algorithm));
                call.answered();
                call.hears_greeting();
                call.speaks(&said);
                call.hangs_up();
                let address = format!("{user}@example.com");
                sink.wait_for(&address, 1, SOON)[0].letter.check_message(&said);
            });
        }
    });
}

/// A challenge, and whether it says that password and user were right.
fn is_challenge(response: &Message, stale: bool) {
    assert_eq!(response.status(), Some(401));
    let challenges: Vec<&str> = response.all("WWW-Authenticate").collect();
    assert_eq!(challenges.len(), 2, "{response}");
    for challenge in challenges {
        assert_eq!(challenge.contains("stale=true"), stale, "{challenge}");
    }
}

#[test]
fn a_wrong_password_is_refused_and_noted() {
    let sink = MailSink::start();
    let (server, _folder) = server(&sink);
    for digest in [
        Digest::new(USER, "quiet-donkey", Algorithm::Sha256),
        Digest::new("someone", PASSWORD, Algorithm::Md5),
    ] {
        let mut call = Call::place_as(server.sip(), &Invite::to("alice"), digest);
        is_challenge(&call.refused(), false);
    }
    let noted = |line: &str| line.contains("refused: wrong password") && line.contains("127.0.0.1");
    server.wait_logged("the refusal", noted);
    // Nobody but the right one causes anything at all.
    let mut call = Call::place_as(server.sip(), &Invite::to("bob"), right(Algorithm::Sha256));
    call.answered();
    call.hangs_up();
    let rows = server.wait_ledger(1);
    assert_eq!(rows[0].outcome, "missed-call");
    assert!(sink.taken_for("alice@example.com").is_empty());
}

#[test]
fn a_nonce_serves_no_second_time() {
    let sink = MailSink::start();
    let (server, _folder) = server(&sink);
    let mut call = Call::place_as(server.sip(), &Invite::to("alice"), right(Algorithm::Sha256));
    call.answered();
    let overheard = call.invite().header("Authorization").expect("credentials").to_owned();
    // Somebody on the wire says the same words for a call of his own.
    let again = Invite::to("alice").from("+14255550177").header("Authorization", &overheard);
    let mut other = Call::place(server.sip(), &again);
    is_challenge(&other.refused(), true);
    call.hears_something();
    call.hangs_up();
    assert_eq!(server.the_row().end(), ("missed-call", "hung-up-in-greeting"));
    assert_eq!(sink.wait_for("alice@example.com", 1, SOON).len(), 1);
}
