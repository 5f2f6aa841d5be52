//! The front end forwards a call and reports it in the same breath: what is left
//! is the voice mail alone.

use std::time::Duration;

use ringpost_tests::letter::Kind;
use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Line, Report};
use ringpost_tests::sound::speech;

const CALLS: usize = 10;
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn an_invite_and_its_report_at_once_are_one_voice_mail() {
    let server = Server::start(Settings::new());
    let said = speech(2.0, 81);
    let mut sent: Vec<(Call, Line)> = (0..CALLS)
        .map(|at| {
            let (id, number) = (format!("at-once-{at}"), format!("+142555504{at:02}"));
            let invite = Invite::to("alice").from(&number).call_id(&id);
            let call = Call::prepare(server.sip(), &invite);
            let line = Line::to(server.sip());
            let report = Report::missed("alice", &number, &id).request(&line);
            // Nothing lies between the two, and nothing between the ten.
            call.line.send(call.invite());
            line.send(&report);
            (call, line)
        })
        .collect();
    std::thread::scope(|scope| {
        for (call, line) in &mut sent {
            let said = &said;
            scope.spawn(move || {
                call.answered();
                let answer = line.receive(PATIENCE, |message| message.status() >= Some(200));
                assert_eq!(answer.and_then(|answer| answer.status()), Some(200), "to the INFO");
                call.hears_greeting();
                call.speaks(said);
                call.hangs_up();
            });
        }
    });
    let letters = server.mails("alice", CALLS);
    let kinds: Vec<Kind> = letters.iter().map(|letter| letter.kind()).collect();
    assert_eq!(kinds, [Kind::VoiceMail; CALLS]);
    let rows = server.wait_ledger(2 * CALLS);
    let told = rows.iter().filter(|row| row.outcome != "silent").count();
    assert_eq!(told, CALLS, "{rows:#?}");
}
