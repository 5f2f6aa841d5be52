//! How a caller is shown when nobody knows him.

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};

#[test]
fn a_withheld_number_stays_withheld() {
    let mut server = Server::start(Settings::new());
    server.never_logs("+14255550177");
    let mut invite = Invite::to("alice")
        .header("P-Asserted-Identity", "<sip:+14255550177@example.com>")
        .header("Privacy", "id");
    invite.from = "\"Anonymous\" <sip:anonymous@anonymous.invalid>".into();
    Call::hang_up_in_greeting(server.sip(), &invite);
    let letter = server.mails("alice", 1).remove(0);
    letter.check_missed_call("call");
    assert_eq!(letter.header("X-CallingTelephoneNumber"), None);
    let text = String::from_utf8_lossy(&letter.raw).into_owned();
    assert!(!text.contains("5550177") && !text.contains("555-0177"), "{text}");
}

#[test]
fn the_asserted_identity_counts_before_from() {
    let mut server = Server::start(Settings::new());
    server.never_logs("+14255550178");
    server.never_logs("Trudy Truthful");
    let invite = Invite::to("alice")
        .from("+14255550100")
        .header("P-Asserted-Identity", "\"Trudy Truthful\" <sip:+14255550178@example.com>");
    Call::hang_up_in_greeting(server.sip(), &invite);
    let letter = server.mails("alice", 1).remove(0);
    assert_eq!(letter.header("X-CallingTelephoneNumber"), Some("+14255550178"));
    assert!(letter.from_name.contains("Trudy Truthful"), "{}", letter.from_name);
}

#[test]
fn a_name_that_only_the_network_gave_is_marked() {
    let mut server = Server::start(Settings::new());
    server.never_logs("Nelly Network");
    let invite = Invite::to("alice").named("Nelly Network");
    Call::hang_up_in_greeting(server.sip(), &invite);
    let letter = server.mails("alice", 1).remove(0);
    assert!(letter.from_name.contains("Nelly Network"), "{}", letter.head());
    assert!(letter.text.contains("unverified"), "{}", letter.text);
}

#[test]
fn a_sip_only_caller_is_shown_by_his_uri() {
    let server = Server::start(Settings::new());
    let mut invite = Invite::to("alice");
    invite.from = "<sip:olga@partner.example>".into();
    Call::hang_up_in_greeting(server.sip(), &invite);
    let letter = server.mails("alice", 1).remove(0);
    let number = letter.header("X-CallingTelephoneNumber").unwrap_or_default();
    assert!(number.contains("olga@partner.example"), "{}", letter.head());
}
