//! States 1 and 2 as the front end reports them: SIP INFO.

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Report, info};

#[test]
fn an_info_is_one_notification_however_often_it_comes() {
    let mut server = Server::start(Settings::new());
    let report = Report::missed("alice", "+14255550142", "front-1");
    assert_eq!(report.send(server.sip()).status(), Some(200));
    let letter = server.mails("alice", 1).remove(0);
    letter.check_missed_call("info");
    assert_eq!(letter.subject, "Missed Call from +1 (425) 555-0142");
    assert_eq!(letter.header("X-CallID"), Some("front-1"));
    // A repeat is 200 too, also after a restart, and is no second mail.
    assert_eq!(report.send(server.sip()).status(), Some(200));
    server.kill_and_restart();
    assert_eq!(report.send(server.sip()).status(), Some(200));
    server.mails("alice", 1);
    // Another call of the same people is another notification.
    let other = Report::missed("alice", "+14255550142", "front-2");
    assert_eq!(other.send(server.sip()).status(), Some(200));
    server.mails("alice", 2);
}

#[test]
fn json_says_the_same() {
    let server = Server::start(Settings::new());
    for called in ["bob", "+14255550102", "1002", "sip:bob@example.com"] {
        let report = Report::missed(called, "4255550143", &format!("json-{called}"));
        let (kind, body) = report.json();
        let answer = info(server.sip(), "ringpost", kind, &body, &[]);
        assert_eq!(answer.status(), Some(200), "{called}");
    }
    let letters = server.mails("bob", 4);
    for letter in letters {
        letter.check_missed_call("info");
        assert_eq!(letter.header("X-CallingTelephoneNumber"), Some("+14255550143"));
    }
}

#[test]
fn reports_that_cannot_be_filed_are_refused_with_the_reason() {
    let server = Server::start(Settings::new());
    let xml = "application/ms-rtc-usernotification+xml";
    let send = |user: &str, kind: &str, body: &str| info(server.sip(), user, kind, body, &[]);
    assert_eq!(send("alice", xml, "<UserNotification><User>").status(), Some(400));
    assert_eq!(send("alice", "application/json", "{\"called\": ").status(), Some(400));
    let unknown = send("alice", "text/plain", "hello");
    assert_eq!(unknown.status(), Some(415));
    let accept = unknown.header("Accept").unwrap_or_default();
    assert!(accept.contains(xml) && accept.contains("application/json"), "{accept}");
    let nobody = Report::missed("nobody", "+14255550142", "front-3");
    assert_eq!(nobody.send(server.sip()).status(), Some(404));
    server.mails("alice", 0);
    server.mails("nobody", 0);
}

#[test]
fn another_event_is_acknowledged_and_no_mail() {
    let server = Server::start(Settings::new());
    let report = Report::missed("alice", "+14255550142", "front-4").event("connected");
    assert_eq!(report.send(server.sip()).status(), Some(200));
    assert_eq!(server.the_row().end(), ("silent", "not-missed"));
    server.mails("alice", 0);
}

#[test]
fn an_info_inside_a_call_is_heard_as_well() {
    let server = Server::start(Settings::new());
    let mut call = Call::place(server.sip(), &Invite::to("alice").from("+14255550150"));
    call.answered();
    let (kind, body) = Report::missed("bob", "+14255550142", "front-5").xml();
    assert_eq!(call.informs(kind, &body), 200);
    server.mails("bob", 1).remove(0).check_missed_call("info");
    call.hangs_up();
    server.mails("alice", 1).remove(0).check_missed_call("call");
}
