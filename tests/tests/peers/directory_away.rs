//! slapd is stopped in mid-run: mails go out with numbers, none later than the
//! deadline; slapd is back: names again without a restart.

use std::time::{Duration, Instant};

use ringpost_tests::directory::Directory;
use ringpost_tests::mail_sink::MailSink;
use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::Report;

/// Deadline of the lookup (2 s), and what handing over may take on a machine
/// with other work.
const DEADLINE: Duration = Duration::from_secs(6);

/// Reports a call of Carol's; the subject of its mail, and how long that took.
fn report(server: &Server, sink: &MailSink, at: usize) -> (String, Duration) {
    let begun = Instant::now();
    let report = Report::missed("alice", "+14255550142", &format!("away-{at}"));
    assert_eq!(report.send(server.sip()).status(), Some(200));
    let taken = sink.wait_taken(at, Duration::from_secs(30)).remove(at - 1);
    (taken.letter.subject, taken.at.saturating_duration_since(begun))
}

#[test]
fn a_dead_directory_costs_a_name_and_no_message() {
    let mut directory = Directory::start();
    let sink = MailSink::start();
    let mut server = Server::start(Settings::new().directory(&directory).mail(&sink.url()));
    server.never_logs("Carol Example");
    server.never_logs("+14255550142");
    let named = "Missed Call from Carol Example";
    let numbered = "Missed Call from +1 (425) 555-0142";

    assert_eq!(report(&server, &sink, 1).0, named);
    directory.down();
    for at in 2..5 {
        let (subject, took) = report(&server, &sink, at);
        println!("directory down: mail after {took:?}");
        assert_eq!(subject, numbered);
        assert!(took < DEADLINE, "{took:?}");
    }
    directory.up();
    assert_eq!(report(&server, &sink, 5).0, named);
    directory.freeze();
    for at in 6..8 {
        let (subject, took) = report(&server, &sink, at);
        println!("directory frozen: mail after {took:?}");
        assert_eq!(subject, numbered);
        assert!(took < DEADLINE, "{took:?}");
    }
    directory.thaw();
    let (subject, _) = report(&server, &sink, 8);
    assert_eq!(subject, named);
}
