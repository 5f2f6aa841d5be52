//! Who may not call, and whose sound is not taken.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Message, Rtp, Way, try_options};
use ringpost_tests::sound::{Law, align, level, speech};

/// Another machine, as far as loopback can have one.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// What is read by programs that lock out whoever tries again and again.
fn is_noted(line: &str) -> bool {
    line.contains("refused: a request from an unknown address") && line.contains("source=127.0.0.2")
}

#[test]
fn an_unknown_network_is_403_or_silence() {
    for strangers in ["refuse", "ignore"] {
        let line = format!("strangers = \"{strangers}\"");
        let settings = Settings::new().peers("127.0.0.1/32").line("sip", line).over_tcp();
        let server = Server::start(settings);
        for way in [Way::from(server.sip()), Way::tcp(server.sip())] {
            let way = way.from_address(ELSEWHERE);
            let mut call = Call::prepare(way, &Invite::to("alice"));
            let invite: Message = call.invite().clone();
            let heard = match strangers {
                "refuse" => call.line.ask(&invite, Duration::from_secs(10), |status| status >= 200),
                _ => call.line.ask(&invite, Duration::from_secs(2), |_| true),
            };
            let expected = (strangers == "refuse").then_some(403);
            assert_eq!(heard.and_then(|heard| heard.status()), expected, "{strangers}");
        }
        server.wait_logged("the refusal", is_noted);
        assert_eq!(try_options(&Way::from(server.sip())), Ok(200), "the known are served");
        assert!(server.ledger().is_empty());
    }
}

#[test]
fn sound_from_elsewhere_is_not_recorded() {
    let server = Server::start(Settings::new());
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered();
    // Before the caller says anything, and while he speaks.
    let foreign = speech(5.0, 261);
    let (to, said) = (call.sound_address(), speech(3.0, 260));
    std::thread::scope(|scope| {
        scope.spawn(|| Rtp::bind_at(ELSEWHERE).speak(to, Law::A, &speech(8.0, 261)));
        call.hears_greeting();
        call.speaks(&said);
    });
    call.hangs_up();
    let letter = server.mails("alice", 1).remove(0);
    let sound = letter.sound().samples;
    let found = letter.check_holds(&said);
    let lag = usize::try_from(found.lag).expect("the caller breathes first");
    assert!(level(&sound[..lag]) < -60.0, "something was heard before the caller spoke");
    assert!(align(&foreign, &sound).correlation < 0.6);
}
