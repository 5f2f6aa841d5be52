//! State 3: the caller hangs up while the greeting plays.

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};

#[test]
fn a_hang_up_in_the_greeting_is_one_notification() {
    let server = Server::start(Settings::new());
    Call::hang_up_in_greeting(server.sip(), &Invite::to("alice").from("+14255550199"));
    let letter = server.mails("alice", 1).remove(0);
    letter.check_missed_call("call");
    assert_eq!(letter.to, "alice@example.com");
    assert_eq!(letter.subject, "Missed Call from +1 (425) 555-0199");
    assert_eq!(letter.from_name, "+1 (425) 555-0199");
    assert_eq!(letter.header("X-CallingTelephoneNumber"), Some("+14255550199"));
    assert!(letter.text.contains("+14255550199"), "the raw caller id stands in the text");
    assert_eq!(server.the_row().end(), ("missed-call", "hung-up-in-greeting"));
    assert_eq!(server.the_row().state, 3);
    server.mails("bob", 0);
}

#[test]
fn an_answer_never_acknowledged_is_one_notification() {
    let server = Server::start(Settings::new());
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered_without_ack();
    // RFC 3261 §13.3.1.4: BYE once the 200 was repeated for 64 × T1.
    call.is_hung_up(std::time::Duration::from_secs(60));
    server.mails("alice", 1).remove(0).check_missed_call("call");
    assert_eq!(server.the_row().end(), ("missed-call", "no-ack"));
    assert!(call.rtp.heard().is_empty(), "no sound before the ACK");
}
