//! Killed before the answer: nothing by Ringpost itself; the front end's INFO,
//! repeated, makes the notification.

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Report};

#[test]
fn the_front_ends_report_is_what_counts() {
    let mut server = Server::start(Settings::new().limit("answer_after_seconds", 20));
    let mut call = Call::place(server.sip(), &Invite::to("alice").call_id("cut-off-1"));
    call.rings();
    server.kill_and_restart();
    assert_eq!(server.live_calls(), 0);
    server.mails("alice", 0);
    let report = Report::missed("alice", "+14255550199", "cut-off-1");
    assert_eq!(report.send(server.sip()).status(), Some(200));
    assert_eq!(report.send(server.sip()).status(), Some(200));
    server.mails("alice", 1).remove(0).check_missed_call("info");
}
