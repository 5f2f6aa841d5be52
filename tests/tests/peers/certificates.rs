//! SIP over TLS with a client that looks closely: whose certificate Ringpost
//! shows, and whose it takes.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use ringpost_tests::authority::{Authority, Files};
use ringpost_tests::mail_sink::MailSink;
use ringpost_tests::server::{SOON, Server};
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Client, Invite, Line, Way, try_options};
use ringpost_tests::sound::speech;
use ringpost_tests::waiting;
use tempfile::TempDir;

/// An authority, and what it vouches for as files.
struct Keys {
    authority: Authority,
    trusted: PathBuf,
    own: Files,
    folder: TempDir,
}

impl Keys {
    fn make() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::new("Ringpost's authority");
        let trusted = authority.write(folder.path());
        let own = authority.vouches_for(&["sip.example.com"]).write(folder.path(), "own");
        Self { authority, trusted, own, folder }
    }

    fn settings(&self, client_certificate: &str) -> Settings {
        let line = format!("client_certificate = \"{client_certificate}\"");
        Settings::new().over_tls(&self.own, &self.trusted).line("sip.tls", line)
    }

    fn client(&self) -> Client {
        Client::trusting(&self.authority)
    }
}

/// The status of an OPTIONS, or why there is none.
fn asks(server: &Server, client: &Client) -> Result<u16, String> {
    try_options(&Way::tls(server.tls(), client))
}

fn is_turned_away(server: &Server, client: &Client, who: &str) {
    let said = asks(server, client);
    assert!(said.is_err(), "{who} gets {said:?}");
}

#[test]
fn a_message_in_either_version() {
    let keys = Keys::make();
    let sink = MailSink::start();
    let server = Server::start(keys.settings("optional").mail(&sink.url()));
    std::thread::scope(|scope| {
        for (user, client) in
            [("alice", keys.client().of_tls_1_2()), ("bob", keys.client().of_tls_1_3())]
        {
            let (server, sink) = (&server, &sink);
            scope.spawn(move || {
                let said = speech(2.0, 240);
                let way = Way::tls(server.tls(), &client);
                let call = Call::leave_message(way, &Invite::to(user), &said);
                assert_eq!(call.line.closed(), None, "the connection stays after the call");
                let address = format!("{user}@example.com");
                sink.wait_for(&address, 1, SOON)[0].letter.check_message(&said);
            });
        }
    });
}

#[test]
fn the_certificate_is_ours_and_no_others() {
    let keys = Keys::make();
    let server = Server::start(keys.settings("none"));
    assert_eq!(asks(&server, &keys.client()), Ok(200));
    let strangers = Authority::new("Ringpost's authority");
    is_turned_away(&server, &Client::trusting(&strangers), "a client of another authority");
    let elsewhere = keys.client().expecting("other.example.com");
    is_turned_away(&server, &elsewhere, "a client that looks for another name");
    // What is no longer valid is shown all the same, and said at the start.
    keys.authority.vouched_for(&["sip.example.com"]).write(keys.folder.path(), "own");
    let server = Server::start(keys.settings("none"));
    is_turned_away(&server, &keys.client(), "a client that looks at the date");
    server.wait_logged("that it is expired", |line| {
        line.contains("own.pem: the certificate expired")
    });
}

#[test]
fn a_client_shows_a_certificate_that_is_good() {
    let keys = Keys::make();
    let strangers = Authority::new("Ringpost's authority");
    let names = ["pbx.example.com"];
    let good = || keys.client().showing(keys.authority.vouches_for(&names));
    let expired = || keys.client().showing(keys.authority.vouched_for(&names));
    let unknown = || keys.client().showing(strangers.vouches_for(&names));
    for required in [true, false] {
        let word = if required { "required" } else { "optional" };
        let server = Server::start(keys.settings(word));
        for version in [Client::of_tls_1_2, Client::of_tls_1_3] {
            assert_eq!(asks(&server, &version(good())), Ok(200), "{word}");
            is_turned_away(&server, &version(expired()), "an expired certificate");
            is_turned_away(&server, &version(unknown()), "a certificate of another authority");
            if required {
                is_turned_away(&server, &version(keys.client()), "none at all");
            } else {
                assert_eq!(asks(&server, &version(keys.client())), Ok(200));
            }
        }
        // Whoever was turned away costs the others nothing.
        assert_eq!(asks(&server, &good()), Ok(200));
    }
}

#[test]
fn a_peer_is_known_by_the_name_in_its_certificate() {
    let keys = Keys::make();
    let peer = "[[sip.peer]]\nname = \"pbx\"\nnetworks = [\"127.0.0.0/8\"]\n\
        certificate_names = [\"pbx.example.com\"]\n";
    // Nobody else may call.
    let settings = keys.settings("optional").peers("192.0.2.0/24").table(peer).over_tcp();
    let server = Server::start(settings);
    let shows = |names: &[&str]| keys.client().showing(keys.authority.vouches_for(names));
    assert_eq!(asks(&server, &shows(&["pbx.example.com"])), Ok(200));
    assert_eq!(asks(&server, &shows(&["x.example.com", "sip:pbx.example.com"])), Ok(200));
    assert_eq!(asks(&server, &shows(&["other.example.com"])), Ok(403));
    // No wildcards (RFC 5922 §7.2), and no certificate, is nobody.
    assert_eq!(asks(&server, &shows(&["*.example.com"])), Ok(403));
    assert_eq!(asks(&server, &keys.client()), Ok(403));
    assert_eq!(try_options(&Way::tcp(server.sip())), Ok(403));
    let noted = |line: &str| line.contains("refused: a certificate that names no peer");
    server.wait_logged("the refusal", noted);
}

/// How many calls wait for their mails at the end.
const BEFORE: usize = 4;
const AFTER: usize = 30;

#[test]
fn a_renewal_under_load_loses_no_call() {
    let keys = Keys::make();
    let sink = MailSink::start();
    let server = Server::start(keys.settings("optional").mail(&sink.url()));
    let client = keys.client();
    let way = || Way::tls(server.tls(), &client);
    let first = certificate(&way());
    let said = speech(4.0, 241);
    // Calls that go on meanwhile, and callers who come one after the other on
    // connections of their own, before and after.
    let renewed = keys.authority.vouches_for(&["sip.example.com"]);
    std::thread::scope(|scope| {
        for at in 0..BEFORE {
            let (said, way) = (&said, way());
            let invite = Invite::to("alice").from(&format!("+142555503{at:02}"));
            scope.spawn(move || Call::leave_message(way, &invite, said));
        }
        let calls: Vec<_> = (0..AFTER)
            .map(|at| {
                if at == AFTER / 3 {
                    renewed.write(keys.folder.path(), "own");
                    server.hang_up_signal();
                }
                let way = way();
                let invite = Invite::to("bob").from(&format!("+142555504{at:02}"));
                let call = scope.spawn(move || Call::hang_up_in_greeting(way, &invite));
                // One more caller each few milliseconds.
                waiting::pass(Duration::from_millis(20));
                call
            })
            .collect();
        for call in calls {
            let seen = call.join().expect("a call").line.certificate();
            let of = [first.as_slice(), renewed.certificate().as_ref()];
            assert!(of.contains(&seen.expect("a certificate").as_slice()));
        }
    });
    let reloaded = || (certificate(&way()) == renewed.certificate().as_ref()).then_some(());
    waiting::until("the new certificate", SOON, reloaded);
    let left = sink.wait_for("alice@example.com", BEFORE, SOON);
    for mail in &left {
        mail.letter.check_message(&said);
    }
    let missed = sink.wait_for("bob@example.com", AFTER, SOON);
    assert_eq!((left.len(), missed.len()), (BEFORE, AFTER));
    server.wait_ledger(BEFORE + AFTER);
}

#[test]
fn a_broken_renewal_changes_nothing() {
    let keys = Keys::make();
    let server = Server::start(keys.settings("optional"));
    let way = || Way::tls(server.tls(), &keys.client());
    let first = certificate(&way());
    fs::write(&keys.own.certificate, "-----BEGIN CERTIFICATE-----\nnonsense\n").expect("a file");
    server.hang_up_signal();
    let file = keys.own.certificate.file_name().expect("a name").to_string_lossy().into_owned();
    server.wait_logged("what is wrong with it", |line| line.contains(&file));
    assert_eq!(certificate(&way()), first);
    // A key of another certificate does not do either, and the pair that fits does.
    let renewed = keys.authority.vouches_for(&["sip.example.com"]);
    renewed.write(keys.folder.path(), "own");
    server.hang_up_signal();
    let reloaded = || (certificate(&way()) == renewed.certificate().as_ref()).then_some(());
    waiting::until("the new certificate", SOON, reloaded);
}

/// What a new connection is shown.
fn certificate(way: &Way) -> Vec<u8> {
    Line::to(way.clone()).certificate().expect("a certificate")
}
