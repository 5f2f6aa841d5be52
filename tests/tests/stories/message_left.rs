//! State 4: the caller leaves a message.

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};
use ringpost_tests::sound::{Law, level, speech};

#[test]
fn a_message_is_one_voice_mail_and_no_notification() {
    let server = Server::start(Settings::new());
    let said = speech(8.0, 1);
    Call::leave_message(server.sip(), &Invite::to("alice").from("+14255550199"), &said);
    let letter = server.mails("alice", 1).remove(0);
    letter.check_message(&said);
    assert_eq!(letter.sound().format, 7, "µ-law, the default of mail.audio");
    let loud = level(&letter.sound().samples) - level(&said);
    assert!(loud.abs() < 1.0, "the recording is {loud} dB louder than what was said");
    assert!(
        letter.subject.starts_with("Voice Mail from +1 (425) 555-0199 ("),
        "{}",
        letter.subject
    );
    assert_eq!(letter.header("X-Ringpost-Source"), Some("server; ear=call"));
    assert_eq!(letter.header("Sender"), None);
    assert!(letter.text.contains("+14255550199"));
    let row = server.the_row();
    assert_eq!((row.end(), row.state), (("voice-mail", "message-left"), 4));
    assert_eq!(row.mails, ["delivered"]);
    // The command line says the same.
    let listed = server.says(&["messages", "list", "--json"]);
    let listed = serde_json::from_str(&listed).expect("JSON");
    assert_eq!(ringpost_tests::server::read_rows(&listed), [row]);
}

#[test]
fn a_caller_who_speaks_mu_law_is_recorded_as_well() {
    let server = Server::start(Settings::new());
    let said = speech(3.0, 2);
    let mut call = Call::place(server.sip(), &Invite::to("bob").law(Law::Mu));
    call.answered();
    assert_eq!(call.law(), Law::Mu, "the caller's first choice");
    call.hears_greeting();
    call.speaks(&said);
    call.hangs_up();
    server.mails("bob", 1).remove(0).check_message(&said);
}

#[test]
fn a_retransmitted_invite_is_the_same_call() {
    let server = Server::start(Settings::new());
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.repeat_invite();
    call.repeat_invite();
    call.answered();
    call.hears_something();
    call.hangs_up();
    server.mails("alice", 1).remove(0).check_missed_call("call");
    server.the_row();
}
