//! The commands beside `serve`, as an operator uses them.

use std::process::Command;

use ringpost_tests::authority::Authority;
use ringpost_tests::binary;
use ringpost_tests::letter::Kind;
use ringpost_tests::mail_sink::MailSink;
use ringpost_tests::process::output;
use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Packet};
use ringpost_tests::sound::{align, speech, write_wav};

#[test]
fn demo_shows_three_mails() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(binary::ringpost());
    command.arg("demo").env_remove("RUST_LOG").env("TMPDIR", folder.path());
    let output = output(&mut command).expect("ringpost runs");
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{words}{}", String::from_utf8_lossy(&output.stderr));
    let count = |kind: &str| words.lines().filter(|line| line.contains(kind)).count();
    assert_eq!((count("Missed call"), count("Voice mail")), (2, 1), "{words}");
    let file = words.split_whitespace().find(|word| word.contains("/new/")).expect("a path");
    assert!(std::path::Path::new(file).exists(), "{file} is where the demo says");
}

#[test]
fn demo_shows_three_mails_each_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut shown = Vec::new();
    for time in [1, 2] {
        let mut command = Command::new(binary::ringpost());
        command.arg("demo").arg("--dir").arg(folder.path().join("demo")).env_remove("RUST_LOG");
        let output = output(&mut command).expect("ringpost runs");
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{words}{}", String::from_utf8_lossy(&output.stderr));
        let count = |kind: &str| words.lines().filter(|line| line.contains(kind)).count();
        assert_eq!((count("Missed call"), count("Voice mail")), (2, 1), "time {time}: {words}");
        let files = words.split_whitespace().filter(|word| word.contains("/new/"));
        shown.extend(files.map(str::to_owned));
    }
    shown.sort();
    shown.dedup();
    assert_eq!(shown.len(), 6, "each time its own: {shown:?}");
    assert!(shown.iter().all(|file| std::path::Path::new(file).exists()), "{shown:?}");
}

#[test]
fn dial_places_a_call_that_ends_where_it_is_told() {
    let server = Server::start(Settings::new());
    let wav = server.folder().join("said.wav");
    let said = speech(3.0, 71);
    std::fs::write(&wav, write_wav(&said)).expect("a file");
    let uri = format!("sip:alice@{}", server.sip());
    server.says(&["dial", &uri, "--wav", &wav.display().to_string(), "--hang-up", "greeting"]);
    server.mails("alice", 1).remove(0).check_missed_call("call");
    server.says(&["dial", &uri, "--wav", &wav.display().to_string(), "--hang-up", "recording"]);
    let letters = server.mails("alice", 2);
    let message = letters.iter().find(|letter| letter.kind() == Kind::VoiceMail).expect("one");
    let found = align(&said, &message.sound().samples);
    assert!(found.correlation > 0.99 && found.overlap == said.len(), "{found:?}");
}

#[test]
fn dial_gives_up_while_it_rings() {
    let server = Server::start(Settings::new().limit("answer_after_seconds", 20));
    let uri = format!("sip:alice@{}", server.sip());
    server.says(&["dial", &uri, "--hang-up", "ringing"]);
    server.mails("alice", 1).remove(0).check_missed_call("call");
    assert_eq!(server.the_row().end(), ("missed-call", "cancelled"));
}

#[test]
fn dial_proves_who_it_is_over_every_transport() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new("Ringpost's authority");
    let own = authority.vouches_for(&["localhost"]).write(folder.path(), "server");
    let ca = authority.write(folder.path());
    let password = folder.path().join("password");
    std::fs::write(&password, "secret\n").expect("a file");
    let peer = format!(
        "[[sip.peer]]\nname = \"caller\"\nnetworks = [\"127.0.0.0/8\"]\nuser = \"caller\"\n\
         password_file = \"{}\"\n",
        password.display()
    );
    let server = Server::start(Settings::new().over_tcp().over_tls(&own, &ca).table(peer));
    let uris = [
        format!("sip:alice@{}", server.sip()),
        format!("sip:alice@{};transport=tcp", server.sip()),
        format!("sips:alice@localhost:{}", server.tls().port()),
    ];
    let (password, ca) = (password.display().to_string(), ca.display().to_string());
    for (index, uri) in uris.iter().enumerate() {
        let proof = ["--user", "caller", "--password-file", &password, "--ca", &ca];
        let call = [&["dial", uri, "--hang-up", "greeting"], &proof[..]].concat();
        server.says(&call);
        server.mails("alice", index + 1).remove(index).check_missed_call("call");
        let unproven = server.command(&["dial", uri, "--hang-up", "greeting", "--ca", &ca]);
        let words = String::from_utf8_lossy(&unproven.stderr).into_owned();
        assert!(!unproven.status.success() && words.contains("401"), "{uri}: {words}");
    }
    // The certificate names another host.
    let elsewhere = format!("sips:alice@{}", server.tls());
    let refused = server.command(&["dial", &elsewhere, "--hang-up", "greeting", "--ca", &ca]);
    assert!(!refused.status.success());
}

#[test]
fn a_personal_greeting_is_what_the_caller_hears() {
    let server = Server::start(Settings::new());
    let greeting = speech(2.0, 72);
    let wav = server.folder().join("greeting.wav");
    std::fs::write(&wav, write_wav(&greeting)).expect("a file");
    server.says(&["greeting", "set", "alice", &wav.display().to_string()]);
    let heard = |user: &str| {
        let mut call = Call::place(server.sip(), &Invite::to(user));
        call.answered();
        let packets = call.hears_greeting().packets;
        call.hangs_up();
        let sound: Vec<i16> = packets.iter().flat_map(Packet::samples).collect();
        align(&greeting, &sound)
    };
    let alice = heard("alice");
    assert!(alice.correlation > 0.98 && alice.overlap == greeting.len(), "{alice:?}");
    assert!(heard("bob").correlation < 0.6, "bob has the default greeting");
}

#[test]
fn check_says_what_is_wrong() {
    let mut sink = MailSink::start();
    let server = Server::start(Settings::new().mail(&sink.url()));
    server.says(&["check"]);
    sink.down();
    let output = server.command(&["check"]);
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success(), "{words}");
    assert!(words.contains(&sink.address().to_string()), "{words}");
}

#[test]
fn check_tells_all_that_is_misspelt_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ringpost.toml");
    let text = "[sip]\nlisen = [\"udp:127.0.0.1:5060\"]\n\n[limits]\ngreeting_second = 20\n\
        calls = \"many\"\n\n[mail]\npostmastr = \"root@example.com\"\ncolour = \"green\"\n\n\
        [[subscriber]]\nuser = \"alice\"\nmail = \"alice@example.com\"\n\n\
        [[subscriber]]\nuser = \"bob\"\nmail = \"bob@example.com\"\nextention = \"1002\"\n";
    std::fs::write(&file, text).expect("a file");
    let mut command = Command::new(binary::ringpost());
    command.args(["check", "--config"]).arg(&file).env_remove("RUST_LOG");
    command.env("RINGPOST_DIAL_PLAN__EXTENSION_DIGITS", "four");
    command.env("RINGPOST_HTTP__LISTN", "127.0.0.1:8080");
    let output = output(&mut command).expect("ringpost runs");
    let words = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!output.status.success(), "{words}");
    for (place, mistake) in [
        ("line 2:", "did you mean \"listen\"?"),
        ("line 5:", "did you mean \"greeting_seconds\"?"),
        ("line 6:", "\"many\""),
        ("line 9:", "did you mean \"postmaster\"?"),
        ("line 10:", "mail.colour"),
        ("line 19:", "did you mean \"extension\"?"),
        ("RINGPOST_DIAL_PLAN__EXTENSION_DIGITS", "four"),
        ("RINGPOST_HTTP__LISTN", "did you mean \"listen\"?"),
    ] {
        let told = words.lines().any(|line| line.contains(place) && line.contains(mistake));
        assert!(told, "nothing about {place} {mistake} in:\n{words}");
    }
    assert!(!words.contains("RUST_BACKTRACE"), "{words}");
}
