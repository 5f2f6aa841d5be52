//! Ringpost as an endpoint of a phone system: it registers with Kamailio, which
//! asks for a password, and takes calls to its address.

use std::fs;
use std::path::Path;

use ringpost_tests::kamailio::{Kamailio, PASSWORD, USER};
use ringpost_tests::server::{SOON, Server};
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};
use ringpost_tests::{sound::speech, waiting};

fn settings(registrar: &Kamailio, password_file: &Path) -> Settings {
    let at = registrar.udp();
    Settings::new().table(format!(
        "[[sip.registration]]\nregistrar = \"sip:{at}\"\n\
         address_of_record = \"sip:{USER}@{at}\"\nuser = \"{USER}\"\n\
         password_file = \"{}\"\nexpires_seconds = 60\n",
        password_file.display()
    ))
}

/// A call to the address of record, forwarded from alice.
fn calls(registrar: &Kamailio) -> Call {
    let mut invite = Invite::to("alice").from("+14255550142");
    invite.uri = format!("sip:{USER}@{}", registrar.udp());
    invite.to = format!("<{}>", invite.uri);
    let invite = invite.header("Diversion", "<sip:alice@example.com>;reason=no-answer");
    Call::place(registrar.udp(), &invite)
}

/// What the metrics say of the registration.
fn is_registered(server: &Server, registrar: &Kamailio) -> Option<bool> {
    let of =
        format!("ringpost_sip_registered{{registrar=\"sip:{}\",table=\"1\"}} ", registrar.udp());
    let metrics = server.metrics();
    let value = metrics.lines().find_map(|line| line.strip_prefix(&of))?;
    Some(value == "1")
}

fn a_call_arrives(algorithm: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let password_file = folder.path().join("password");
    fs::write(&password_file, format!("{PASSWORD}\n")).expect("a file");
    let registrar = Kamailio::registrar(algorithm);
    let mut server = Server::start(settings(&registrar, &password_file));
    server.never_logs(PASSWORD);
    let registered = || is_registered(&server, &registrar).filter(|registered| *registered);
    waiting::until("the registration", SOON, registered);
    assert!(registrar.log().contains("saved"), "{}", registrar.log());
    let said = speech(2.0, 270);
    let mut call = calls(&registrar);
    call.answered();
    call.hears_greeting();
    call.speaks(&said);
    call.hangs_up();
    server.mails("alice", 1).remove(0).check_message(&said);
    // Who goes says so: the registrar sends nobody there any more.
    server.stop(SOON);
    assert_eq!(calls(&registrar).refused().status(), Some(404));
}

#[test]
fn a_call_to_the_address_of_record_arrives() {
    a_call_arrives("MD5");
}

#[test]
fn the_same_where_the_registrar_wants_sha_256() {
    a_call_arrives("SHA-256");
}

#[test]
fn a_wrong_password_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let password_file = folder.path().join("password");
    fs::write(&password_file, "quiet-donkey\n").expect("a file");
    let registrar = Kamailio::registrar("MD5");
    let mut server = Server::start(settings(&registrar, &password_file));
    server.never_logs("quiet-donkey");
    let told = |line: &str| line.contains("ERROR") && line.contains("the registrar refuses us");
    server.wait_logged("that it is not registered", told);
    assert_eq!(is_registered(&server, &registrar), Some(false));
    assert_eq!(calls(&registrar).refused().status(), Some(404));
}
