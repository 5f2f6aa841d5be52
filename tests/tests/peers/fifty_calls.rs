//! 50 calls at once: all recorded whole, all delivered.

use std::time::{Duration, Instant};

use ringpost_tests::mail_sink::MailSink;
use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};
use ringpost_tests::sipp::Sipp;
use ringpost_tests::sound::speech;

use crate::company;

const CALLS: usize = 50;

#[test]
fn by_sipp() {
    let sink = MailSink::start();
    let server = Server::start(Settings::new().mail(&sink.url()));
    let greeting = company::greeting_of(&server, "bob");
    sink.wait_taken(1, Duration::from_secs(15));
    let said = speech(8.0, 41);
    let (before, begun) = (server.cpu_seconds(), Instant::now());
    Sipp::scenario("message", "alice")
        .speaks(greeting + Duration::from_millis(600), &said)
        .calls(CALLS)
        .run(server.sip());
    sink.wait_taken(CALLS + 1, Duration::from_secs(60));
    let cpu = server.cpu_seconds() - before;
    println!(
        "{CALLS} calls of {:.1} s at once: {cpu:.2} CPU seconds of the server, {:.1} ms a call, {:.1} s in all",
        greeting.as_secs_f64() + 8.0,
        cpu * 1000.0 / CALLS as f64,
        begun.elapsed().as_secs_f64()
    );
    let mails = sink.taken_for("alice@example.com");
    assert_eq!(mails.len(), CALLS);
    for mail in &mails {
        mail.letter.check_message(&said);
    }
    let rows = server.wait_ledger(CALLS + 1);
    assert_eq!(
        rows.iter().filter(|row| row.end() == ("voice-mail", "message-left")).count(),
        CALLS
    );
    assert_eq!(server.live_calls(), 0);
}

#[test]
fn each_with_a_voice_of_its_own() {
    let sink = MailSink::start();
    let server = Server::start(Settings::new().mail(&sink.url()));
    let voices: Vec<Vec<i16>> = (0..10).map(|voice| speech(3.0, 50 + voice)).collect();
    let before = server.cpu_seconds();
    std::thread::scope(|scope| {
        for at in 0..CALLS {
            let (server, voice) = (&server, &voices[at % voices.len()]);
            scope.spawn(move || {
                let user = if at % 2 == 0 { "alice" } else { "bob" };
                let invite = Invite::to(user).from(&format!("+142555502{at:02}"));
                Call::leave_message(server.sip(), &invite, voice);
            });
        }
    });
    let mails = sink.wait_taken(CALLS, Duration::from_secs(60));
    println!("{CALLS} scripted calls at once: {:.2} CPU seconds", server.cpu_seconds() - before);
    for at in 0..CALLS {
        let number = format!("+142555502{at:02}");
        let mut of = mails
            .iter()
            .filter(|mail| mail.letter.header("X-CallingTelephoneNumber") == Some(number.as_str()));
        let mail = of.next().unwrap_or_else(|| panic!("no mail about call {at}"));
        assert!(of.next().is_none(), "two mails about call {at}");
        mail.letter.check_message(&voices[at % voices.len()]);
    }
}
