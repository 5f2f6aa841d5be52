//! Who notifies: the `server`, `client` and `pbx` columns of the table, and
//! subscribers who want no notifications.

use ringpost_tests::letter::Kind;
use ringpost_tests::server::Server;
use ringpost_tests::settings::{Settings, Subscriber};
use ringpost_tests::sip::{Call, Invite, Report};
use ringpost_tests::sound::speech;

fn server() -> Server {
    server_that_rings(1)
}

fn server_that_rings(seconds: u32) -> Server {
    let new =
        |user, last| Subscriber::new(user, &format!("+1425555010{last}"), &format!("100{last}"));
    let settings = Settings::new()
        .limit("answer_after_seconds", seconds)
        .subscriber(new("carl", 3).notify("client"))
        .subscriber(new("petra", 4).notify("pbx"))
        .subscriber(new("silvia", 5).without_missed_calls());
    Server::start(settings)
}

/// For each user: the ledger's word when told of, or the reason for silence.
const REPORTED: [(&str, usize, &str); 4] = [
    ("alice", 1, "reported"),
    ("carl", 0, "not-ours"),
    ("petra", 0, "not-ours"),
    ("silvia", 0, "not-wanted"),
];

#[test]
fn an_info_of_the_front_end() {
    let server = server();
    for (user, mails, reason) in REPORTED {
        let report = Report::missed(user, "+14255550142", &format!("info-{user}"));
        assert_eq!(report.send(server.sip()).status(), Some(200), "{user}");
        server.mails(user, mails);
        assert_eq!(server.ledger()[0].reason, reason, "{user}");
    }
}

#[test]
fn a_cancel_before_the_answer() {
    let server = server_that_rings(60);
    for (at, (user, mails, reason)) in REPORTED.into_iter().enumerate() {
        let reason = if mails == 1 { "cancelled" } else { reason };
        let mut call = Call::place(server.sip(), &Invite::to(user));
        call.rings();
        call.cancels();
        server.mails(user, mails);
        assert_eq!(server.wait_ledger(at + 1)[0].reason, reason, "{user}");
    }
}

#[test]
fn a_hang_up_in_the_greeting() {
    let server = server();
    for (at, (user, mails)) in
        [("alice", 1), ("carl", 1), ("petra", 1), ("silvia", 0)].into_iter().enumerate()
    {
        Call::hang_up_in_greeting(server.sip(), &Invite::to(user));
        for letter in server.mails(user, mails) {
            letter.check_missed_call("call");
        }
        let reason = if mails == 1 { "hung-up-in-greeting" } else { "not-wanted" };
        assert_eq!(server.wait_ledger(at + 1)[0].reason, reason, "{user}");
    }
}

#[test]
fn a_message_left() {
    let server = server();
    let said = speech(2.0, 12);
    std::thread::scope(|scope| {
        for user in ["alice", "carl", "petra", "silvia"] {
            let (server, said) = (&server, &said);
            scope.spawn(move || {
                Call::leave_message(server.sip(), &Invite::to(user), said);
                let letter = server.mails(user, 1).remove(0);
                assert_eq!(letter.kind(), Kind::VoiceMail, "{user}");
            });
        }
    });
    assert!(server.wait_ledger(4).iter().all(|row| row.reason == "message-left"));
}

#[test]
fn a_message_too_short() {
    let server = server();
    std::thread::scope(|scope| {
        for (user, mails) in [("alice", 1), ("carl", 1), ("petra", 1), ("silvia", 0)] {
            let server = &server;
            scope.spawn(move || {
                let mut call = Call::place(server.sip(), &Invite::to(user));
                call.answered();
                call.hears_greeting();
                call.hangs_up();
                server.mails(user, mails);
            });
        }
    });
    assert_eq!(server.wait_ledger(4).len(), 4);
}
