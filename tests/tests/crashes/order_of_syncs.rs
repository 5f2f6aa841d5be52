//! Nothing is acknowledged before it is safe: the order of system calls.

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Report};
use ringpost_tests::sound::speech;
use ringpost_tests::trace;

#[test]
fn a_report_is_synced_before_its_200() {
    let mut server = Server::start_traced(Settings::new());
    let report = Report::missed("alice", "+14255550142", "traced-1");
    assert_eq!(report.send(server.sip()).status(), Some(200));
    server.mails("alice", 1);
    server.kill();
    trace::check_synced_between(&server.trace(), "INFO sip:", "outbox.db", "SIP/2.0 200");
}

#[test]
fn a_recording_and_its_folder_are_synced_before_the_commit() {
    let mut server = Server::start_traced(Settings::new());
    Call::leave_message(server.sip(), &Invite::to("alice"), &speech(2.0, 25));
    server.mails("alice", 1);
    server.kill();
    let steps = server.trace();
    let bye = steps.iter().find(|step| step.receives("BYE sip:")).expect("a BYE").returned;
    let after = |what: &str, from: usize| {
        let found = steps
            .iter()
            .find(|step| step.is_sync() && step.began > from && step.text.contains(what));
        found.unwrap_or_else(|| panic!("no sync of {what:?} after line {from} of the trace"))
    };
    let sound = after(".wav>", 0);
    let folder = after("/recordings>", 0);
    let commit = after("outbox.db", bye.max(sound.returned).max(folder.returned));
    assert!(commit.began > sound.returned && commit.began > folder.returned);
    // The last commit before the mail went out is the one that counts: no mail
    // file may be written before the sound was safe.
    let mail = after("/mail/", bye);
    assert!(mail.began > commit.returned, "the mail was written before the commit");
}
