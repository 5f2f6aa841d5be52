//! One server for one state folder.

use std::process::Command;

use ringpost_tests::binary;
use ringpost_tests::process::Process;
use ringpost_tests::server::{SOON, Server};
use ringpost_tests::settings::Settings;

#[test]
fn a_second_server_on_the_same_state_is_refused() {
    let mut server = Server::start(Settings::new());
    let mut command = Command::new(binary::ringpost());
    command.args(["serve", "--config"]).arg(server.another_config());
    let mut second = Process::start("the second", &mut command);
    let state = server.state().display().to_string();
    let sentence = second.line("why not", SOON, |line| line.contains(&state));
    assert!(!sentence.starts_with("ringpost is ready"), "{sentence}");
    assert!(!second.ended(SOON).success());
    // A killed server leaves no lock behind.
    server.kill_and_restart();
    assert!(server.ledger().is_empty());
}
