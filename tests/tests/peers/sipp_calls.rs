//! sipp hangs up in the greeting, and gives up while Ringpost rings; over UDP and
//! TCP.

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sipp::Sipp;

fn ends(scenario: &'static str, settings: &Settings, reason: &str) {
    std::thread::scope(|scope| {
        for tcp in [false, true] {
            let settings = settings.clone().over_tcp();
            scope.spawn(move || {
                let server = Server::start(settings);
                Sipp::scenario(scenario, "alice").over_tcp(tcp).run(server.sip());
                server.mails("alice", 1).remove(0).check_missed_call("call");
                assert_eq!(server.the_row().end(), ("missed-call", reason));
            });
        }
    });
}

#[test]
fn hang_up_in_the_greeting() {
    ends("hang_up_in_greeting", &Settings::new(), "hung-up-in-greeting");
}

#[test]
fn cancel_while_ringing() {
    let settings = Settings::new().limit("answer_after_seconds", 20);
    ends("cancel_while_ringing", &settings, "cancelled");
}
