//! Kamailio between the caller and Ringpost, by TLS with certificates on both
//! sides: it stays in the dialog, and nobody else may take its place.

use std::path::PathBuf;
use std::time::Duration;

use ringpost_tests::authority::{Authority, Files};
use ringpost_tests::kamailio::Kamailio;
use ringpost_tests::mail_sink::MailSink;
use ringpost_tests::server::{SOON, Server};
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};
use ringpost_tests::sipp::Sipp;
use ringpost_tests::sound::speech;
use tempfile::TempDir;

/// Two companies' authorities, and a Ringpost whose only peer is
/// proxy.example.com.
struct Houses {
    ours: Authority,
    theirs: Authority,
    trusted_by_us: PathBuf,
    trusted_by_them: PathBuf,
    folder: TempDir,
}

impl Houses {
    fn build() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (ours, theirs) = (Authority::new("Ours"), Authority::new("Theirs"));
        let (trusted_by_us, trusted_by_them) =
            (theirs.write(folder.path()), ours.write(folder.path()));
        Self { ours, theirs, trusted_by_us, trusted_by_them, folder }
    }

    fn server(&self, own: &Files, sink: &MailSink) -> Server {
        let peer = "[[sip.peer]]\nname = \"front end\"\nnetworks = [\"127.0.0.1\"]\n\
            certificate_names = [\"proxy.example.com\"]\n";
        let settings = Settings::new().over_tls(own, &self.trusted_by_us).peers("192.0.2.0/24");
        Server::start(settings.table(peer).limit("silence_seconds", 2).mail(&sink.url()))
    }

    fn own(&self) -> Files {
        self.ours.vouches_for(&["sip.example.com", "127.0.0.1"]).write(self.folder.path(), "own")
    }

    fn proxy(&self, server: &Server, authority: &Authority, name: &str) -> Kamailio {
        let shown = authority.vouches_for(&[name]).write(self.folder.path(), name);
        Kamailio::front_end(server.tls(), &shown, &self.trusted_by_them)
    }
}

#[test]
fn a_call_through_the_front_end() {
    let houses = Houses::build();
    let sink = MailSink::start();
    let server = houses.server(&houses.own(), &sink);
    let proxy = houses.proxy(&server, &houses.theirs, "proxy.example.com");
    let said = speech(3.0, 250);
    let (before, after) = (Duration::from_secs(6), Duration::from_secs(20));
    std::thread::scope(|scope| {
        // One who hangs up: his ACK and BYE go through the proxy.
        scope.spawn(|| {
            let sipp = Sipp::scenario("routed_message", "bob").speaks(before, &said);
            sipp.run(proxy.udp());
        });
        // One who falls silent: our BYE goes back through the proxy.
        scope.spawn(|| {
            let mut call = Call::place(proxy.udp(), &Invite::to("alice").from("+14255550142"));
            call.answered();
            call.hears_greeting();
            call.speaks(&said);
            call.is_hung_up(after);
            let bye = call.line.heard().last().expect("the BYE");
            let vias: Vec<&str> = bye.all("Via").collect();
            assert_eq!(vias.len(), 2, "by way of the proxy: {bye}");
            assert!(vias[1].contains("/TLS"), "{bye}");
        });
    });
    let alice = sink.wait_for("alice@example.com", 1, SOON).remove(0).letter;
    let bob = sink.wait_for("bob@example.com", 1, SOON).remove(0).letter;
    assert_eq!(alice.header("X-CallingTelephoneNumber"), Some("+14255550142"));
    for letter in [alice, bob] {
        letter.check_holds(&said);
    }
    for row in server.wait_ledger(2) {
        assert_eq!(row.end(), ("voice-mail", "message-left"));
    }
}

#[test]
fn nobody_else_takes_its_place() {
    let houses = Houses::build();
    let sink = MailSink::start();
    let server = houses.server(&houses.own(), &sink);
    let strangers = Authority::new("Theirs");
    std::thread::scope(|scope| {
        for (authority, name, refused) in [
            // Asked to come in, and no peer.
            (&houses.theirs, "other.example.com", Some(403)),
            // Not even a connection.
            (&strangers, "proxy.example.com", None),
        ] {
            let (houses, server) = (&houses, &server);
            scope.spawn(move || {
                let proxy = houses.proxy(server, authority, name);
                let mut call = Call::place(proxy.udp(), &Invite::to("alice"));
                let status = call.refused().status().expect("a status");
                match refused {
                    Some(refused) => assert_eq!(status, refused, "{name}"),
                    None => assert!(status >= 408 && status != 486, "{name}: {status}"),
                }
            });
        }
    });
    server.wait_logged("the refusal", |line| {
        line.contains("refused: a certificate that names no peer") && line.contains("127.0.0.1")
    });
    assert!(server.ledger().is_empty() && sink.taken().is_empty());
}

#[test]
fn the_front_end_trusts_our_certificate_and_no_others() {
    let houses = Houses::build();
    let sink = MailSink::start();
    let strangers = Authority::new("Ours");
    let own = strangers.vouches_for(&["sip.example.com"]).write(houses.folder.path(), "own");
    let server = houses.server(&own, &sink);
    let proxy = houses.proxy(&server, &houses.theirs, "proxy.example.com");
    let mut call = Call::place(proxy.udp(), &Invite::to("alice"));
    assert!(call.refused().status().is_some_and(|status| status >= 408));
    assert!(server.ledger().is_empty());
}
