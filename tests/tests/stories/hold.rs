//! The caller holds and comes back: re-INVITE (RFC 3264 §8.4).

use std::time::Duration;

use ringpost_tests::letter::Kind;
use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};
use ringpost_tests::sound::{align, speech};

/// Longer than the silence that ends a recording.
const HELD: Duration = Duration::from_secs(5);

fn recording(server: &Server, said: &[i16]) -> Call {
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered();
    call.hears_greeting();
    call.speaks(said);
    call
}

fn says(sdp: &str, direction: &str) -> bool {
    sdp.lines().any(|line| line.trim_end() == format!("a={direction}"))
}

#[test]
fn silence_counts_no_more_while_the_caller_holds() {
    for (direction, mirrored) in [("sendonly", "recvonly"), ("inactive", "inactive")] {
        let server = Server::start(Settings::new().limit("silence_seconds", 2));
        let (before, after) = (speech(2.0, 85), speech(2.0, 86));
        let mut call = recording(&server, &before);
        let answer = call.offers_again(direction);
        assert!(says(&answer, mirrored), "{answer}");
        assert!(!call.is_hung_up_in(HELD), "hung up on a caller who holds ({direction})");
        call.offers_again("sendrecv");
        call.speaks(&after);
        call.hangs_up();
        let letter = server.mails("alice", 1).remove(0);
        assert_eq!(letter.kind(), Kind::VoiceMail);
        let sound = letter.sound().samples;
        for said in [&before, &after] {
            let found = align(said, &sound);
            assert!(found.correlation > 0.99 && said.len() - found.overlap < 160, "{found:?}");
        }
        assert_eq!(server.the_row().end(), ("voice-mail", "message-left"));
    }
}

#[test]
fn silence_counts_again_once_the_caller_is_back() {
    let server = Server::start(Settings::new().limit("silence_seconds", 2));
    let mut call = recording(&server, &speech(2.0, 87));
    call.offers_again("inactive");
    assert!(!call.is_hung_up_in(HELD), "hung up on a caller who holds");
    call.offers_again("sendrecv");
    call.is_hung_up(Duration::from_secs(20));
    assert_eq!(server.mails("alice", 1).remove(0).kind(), Kind::VoiceMail);
}
