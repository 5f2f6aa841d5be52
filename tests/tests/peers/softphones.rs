//! People's telephones: baresip and linphonec hear the greeting and leave a
//! message, in the clear and encrypted.

use std::time::Duration;

use ringpost_tests::authority::Authority;
use ringpost_tests::baresip::{Baresip, Heard};
use ringpost_tests::linphone::Linphone;
use ringpost_tests::mail_sink::MailSink;
use ringpost_tests::server::{SOON, Server};
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Packet};
use ringpost_tests::sound::{RATE, align, speech};

use crate::company;

/// The greeting as a phone hears it, and how long it takes from the ACK on.
fn greeting(server: &Server) -> (Vec<i16>, Duration) {
    let mut call = Call::place(server.sip(), &Invite::to("eve"));
    call.answered();
    let greeting = call.hears_greeting();
    call.hangs_up();
    let sound = greeting.packets.iter().flat_map(Packet::samples).collect();
    (sound, greeting.after + greeting.length)
}

/// Most of the greeting is in what was heard, looked for piece by piece: phones
/// skip and repeat a little to keep up with the clock, and may cut off the end of
/// what they write down.
fn check_heard(greeting: &[i16], heard: &[i16]) {
    let pieces: Vec<f64> = greeting
        .chunks_exact(RATE / 2)
        .map(|piece| align(piece, heard))
        .map(|found| if found.overlap == RATE / 2 { found.correlation } else { 0.0 })
        .collect();
    let found = pieces.iter().filter(|&&correlation| correlation > 0.9).count();
    assert!(found * 4 >= pieces.len() * 3, "{pieces:?} in {} samples", heard.len());
}

const BREATH: Duration = Duration::from_millis(700);

#[test]
fn baresip_in_the_clear() {
    let sink = MailSink::start();
    let server = Server::start(Settings::new().mail(&sink.url()).subscriber(company::eve()));
    let (sound, length) = greeting(&server);
    let said = speech(3.0, 220);
    let heard = Baresip::to(server.sip(), "alice").speaks(length + BREATH, &said).run();
    let letter = sink.wait_for("alice@example.com", 1, SOON).remove(0).letter;
    letter.check_holds(&said);
    assert_eq!(letter.header("X-CallingTelephoneNumber"), Some("+14255550142"));
    check_heard(&sound, &heard.sound);
}

#[test]
fn baresip_over_tls_with_encrypted_sound() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new("Ringpost's authority");
    let own = authority.vouches_for(&["sip.example.com", "127.0.0.1"]).write(folder.path(), "own");
    let sink = MailSink::start();
    let settings = Settings::new().over_tls(&own, &authority.write(folder.path()));
    let peer =
        "[[sip.peer]]\nname = \"phones\"\nnetworks = [\"127.0.0.0/8\"]\nsrtp = \"required\"\n";
    let server = Server::start(settings.clone().mail(&sink.url()).subscriber(company::eve()));
    let strict = Server::start(settings.mail(&sink.url()).table(peer));
    let (sound, length) = greeting(&server);
    let said = speech(3.0, 221);
    let call = |server: &Server, user: &str| -> Heard {
        let phone = Baresip::to(server.tls(), user).over_tls().encrypts("srtp-mand");
        phone.speaks(length + BREATH, &said).run()
    };
    std::thread::scope(|scope| {
        for (server, user) in [(&server, "alice"), (&strict, "bob")] {
            let (call, sound, said, sink) = (&call, &sound, &said, &sink);
            scope.spawn(move || {
                let heard = call(server, user);
                assert!(heard.log.contains("SRTP is Enabled"), "{}", heard.log);
                let address = format!("{user}@example.com");
                sink.wait_for(&address, 1, SOON)[0].letter.check_holds(said);
                check_heard(sound, &heard.sound);
            });
        }
    });
    // Who has no keys is refused where they are required.
    let refused = Baresip::to(strict.tls(), "bob").over_tls().speaks(length, &said).run();
    assert!(refused.log.contains("488"), "{}", refused.log);
}

fn linphone(transport: &str) {
    let sink = MailSink::start();
    let mut settings = Settings::new().mail(&sink.url()).subscriber(company::eve());
    if transport == "tcp" {
        settings = settings.over_tcp();
    }
    let server = Server::start(settings);
    let (sound, length) = greeting(&server);
    let said = speech(3.0, 222);
    let uri = format!("sip:alice@{};transport={transport}", server.sip());
    let heard = Linphone::start().leaves_message(&uri, length + BREATH, &said);
    let letter = sink.wait_for("alice@example.com", 1, SOON).remove(0).letter;
    letter.check_holds(&said);
    assert_eq!(letter.header("X-CallingTelephoneNumber"), Some("+14255550143"));
    check_heard(&sound, &heard);
}

#[test]
fn linphone_by_udp() {
    linphone("udp");
}

#[test]
fn linphone_by_tcp() {
    linphone("tcp");
}
