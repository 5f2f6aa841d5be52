//! Nothing is acknowledged before it is safe, with many calls and reports at once:
//! each one's own order of system calls, whatever the others do meanwhile.

use std::time::Duration;

use ringpost_tests::mail_sink::MailSink;
use ringpost_tests::server::Server;
use ringpost_tests::settings::{Settings, Subscriber};
use ringpost_tests::sip::{Call, Invite, Report};
use ringpost_tests::sound::speech;
use ringpost_tests::trace::Step;
use ringpost_tests::waiting;

const CALLS: usize = 20;
const REPORTS: usize = 10;

/// Each call has a user of its own: recipient and record tell it from the others.
fn user(at: usize) -> String {
    format!("user{at:02}")
}

fn company(sink: &MailSink) -> Settings {
    (0..CALLS).fold(Settings::new().mail(&sink.url()), |settings, at| {
        let (number, extension) = (format!("+142555503{at:02}"), format!("20{at:02}"));
        settings.subscriber(Subscriber::new(&user(at), &number, &extension))
    })
}

#[test]
fn every_call_and_every_report_keeps_it() {
    let sink = MailSink::start();
    let mut server = Server::start_traced(company(&sink));
    let said = speech(2.0, 62);
    std::thread::scope(|scope| {
        for at in 0..CALLS {
            let (server, said) = (&server, &said);
            scope.spawn(move || {
                // Three in four begin together, the others come into their commits.
                waiting::pass(Duration::from_millis(if at % 4 == 0 { at as u64 * 150 } else { 0 }));
                Call::leave_message(server.sip(), &Invite::to(&user(at)), said);
            });
        }
        for at in 0..REPORTS {
            let server = &server;
            scope.spawn(move || {
                waiting::pass(Duration::from_millis(at as u64 * 700));
                let report = Report::missed("alice", &format!("+142555504{at:02}"), &report(at));
                assert_eq!(report.send(server.sip()).status(), Some(200));
            });
        }
    });
    sink.wait_taken(CALLS + REPORTS, Duration::from_secs(60));
    server.wait_idle();
    waiting::until("the last mail's note", Duration::from_secs(30), || {
        let rows = server.ledger();
        rows.iter().all(|row| row.mails == ["delivered"]).then_some(())
    });
    server.kill();
    let steps = server.trace();
    for at in 0..CALLS {
        check_call(&steps, &user(at));
    }
    for at in 0..REPORTS {
        check_report(&steps, &report(at));
    }
    let commits = steps.iter().filter(|step| step.syncs("outbox.db-wal")).count();
    println!("{CALLS} calls and {REPORTS} reports: {commits} syncs of the log");
}

fn report(at: usize) -> String {
    format!("traced-at-load-{at:02}")
}

/// Sound and folder synced, then the row that names the recording written, then
/// that synced, then the recipient named to the mail server; and the end of the
/// mail written after the server's 250.
fn check_call(steps: &[Step], user: &str) {
    let address = format!("{user}@example.com");
    let to = format!("RCPT TO:<{address}>");
    let begun = first(steps, &to, 0, |step| step.gives(&to)).began;
    let file = recording(steps, &address);
    let row =
        first(steps, &file, 0, |step| step.writes_to("outbox.db-wal") && step.text.contains(&file));
    let sound = steps.iter().filter(|step| step.writes_to(&file) && step.began < row.began);
    let sound = sound.map(|step| step.returned).max().expect("sound");
    let later = steps.iter().find(|step| step.writes_to(&file) && step.began > row.began);
    assert_eq!(later, None, "{user}: written to after its row");
    let synced = first(steps, "sync of the sound", sound, |step| step.syncs(&file)).returned;
    let named = first(steps, "sync of the folder", sound, |step| step.syncs("/recordings"));
    let named = named.returned;
    assert!(synced < row.began, "{user}: the row was written before its sound was safe");
    assert!(named < row.began, "{user}: the row was written before its folder was safe");
    let committed =
        first(steps, "sync of the log", row.returned, |step| step.syncs("outbox.db-wal"));
    assert!(committed.returned < begun, "{user}: the mail was begun before the commit");
    let said = format!("queued for {address}");
    let taken = first(steps, "250", begun, |step| step.takes(&said));
    let done = format!("{address}delivered");
    let noted = first(steps, "note of the delivery", 0, |step| {
        step.writes_to("outbox.db-wal") && step.text.contains(&done)
    });
    assert!(noted.began > taken.returned, "{user}: noted as delivered before the 250");
}

/// The report is in the log, and that synced, before its 200.
fn check_report(steps: &[Step], call_id: &str) {
    let row = first(steps, call_id, 0, |step| {
        step.writes_to("outbox.db-wal") && step.text.contains(call_id)
    });
    let committed =
        first(steps, "sync of the log", row.returned, |step| step.syncs("outbox.db-wal"));
    let body = format!("<CallId>{call_id}</CallId>");
    let heard = first(steps, "INFO", 0, |step| step.takes(&body));
    // The INFO's own Call-ID names its response.
    let own = between(&heard.text, "Call-ID: ", "\\r\\n").expect("a Call-ID");
    let answer = first(steps, "200", heard.returned, |step| {
        step.gives("\"SIP/2.0 200") && step.text.contains(own)
    });
    assert!(committed.returned < answer.began, "{call_id}: answered before it was safe");
}

/// The name of the recording of the call to this address, from the rows that
/// were written about it.
fn recording(steps: &[Step], address: &str) -> String {
    let rows = steps.iter().filter(|step| step.writes_to("outbox.db-wal"));
    // record, kind and recipient of the outbox stand side by side.
    let mail = format!("telling{address}");
    let mut rows =
        rows.filter_map(|step| step.text.split_once(mail.as_str())).map(|(before, _)| before);
    let id = rows.next_back().and_then(|before| before.get(before.len().checked_sub(32)?..));
    format!("{}.wav", id.unwrap_or_else(|| panic!("no mail to {address} in the log")))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

/// The first step that began at this line of the trace or later and that `wanted` accepts.
fn first<'a>(
    steps: &'a [Step],
    what: &str,
    from: usize,
    wanted: impl Fn(&Step) -> bool,
) -> &'a Step {
    let found = steps.iter().filter(|step| step.began >= from && wanted(step));
    found.min_by_key(|step| step.began).unwrap_or_else(|| panic!("no {what} after line {from}"))
}
