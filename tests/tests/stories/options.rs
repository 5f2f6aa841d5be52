//! OPTIONS: the front end's ping.

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, options};

#[test]
fn a_ping_is_200_for_a_known_user_or_none_also_at_the_call_limit() {
    let server = Server::start(Settings::new().limit("calls", 1));
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered();
    for user in ["", "alice"] {
        let answer = options(server.sip(), user);
        assert_eq!(answer.status(), Some(200), "{user:?}");
        let allow = answer.header("Allow").unwrap_or_default();
        for method in ["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO"] {
            assert!(allow.contains(method), "{allow}");
        }
    }
    assert_eq!(options(server.sip(), "nobody").status(), Some(404));
    call.hangs_up();
    server.mails("alice", 1);
}
