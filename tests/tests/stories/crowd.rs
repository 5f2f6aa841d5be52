//! More callers than there is room for: those who are in are kept whole, the
//! others are told so at once, and afterwards there is room again.

use ringpost_tests::load::cpu::status_kib;
use ringpost_tests::load::{Keep, Kind, Load, MailSink, Plan, check_mails};
use ringpost_tests::server::{SOON, Server};
use ringpost_tests::settings::{Settings, Subscriber};
use ringpost_tests::sip::{Call, Invite, options};
use ringpost_tests::store_lock::StoreLock;
use ringpost_tests::waiting;

/// Number of the first call that is one too many.
const OUTSIDE: u32 = 1_000_000;

fn refused(server: &Server) -> u64 {
    let metrics = server.metrics();
    let line = metrics.lines().find(|line| line.contains("why=\"refused\""));
    line.and_then(|line| line.rsplit_once(' ')?.1.parse().ok()).unwrap_or(0)
}

#[test]
fn past_the_limit_everybody_is_told_and_nobody_inside_loses_a_frame() {
    const INSIDE: usize = 8;
    const TOO_MANY: usize = 500;
    let sink = MailSink::start(Keep::All);
    let server = Server::start(Settings::new().mail(&sink.url()).limit("calls", INSIDE as u32));
    let plan = Plan::steady(server.sip(), Kind::Spoken { frames: 400 }, INSIDE, 40.0);
    let inside = Load::start(plan);
    waiting::until("all places taken", SOON, || (server.live_calls() == INSIDE).then_some(()));
    // One by one they still get the answer that is theirs.
    assert_eq!(Call::place(server.sip(), &Invite::to("nobody")).refused().status(), Some(404));
    assert_eq!(options(server.sip(), "alice").status(), Some(200));
    let plan = Plan::steady(server.sip(), Kind::Answered, TOO_MANY, 400.0).from(OUTSIDE);
    let outside = Load::start(plan).finish();
    let told = outside.calls.iter().filter(|call| call.status == Some(503)).count();
    assert_eq!(told, TOO_MANY, "{:?}", outside.faults().first());
    for _ in 0..20 {
        let refusal = Call::place(server.sip(), &Invite::to("alice")).refused();
        assert_eq!(refusal.status(), Some(503));
        let seconds = refusal.header("Retry-After").and_then(|value| value.parse::<u32>().ok());
        assert!(seconds.is_some_and(|seconds| (1..=5).contains(&seconds)), "{refusal}");
    }
    let inside = inside.finish();
    assert!(inside.faults().is_empty(), "{:?}", inside.faults());
    // The greeting by its sequence numbers, the message by its frames.
    assert!(inside.calls.iter().all(|call| call.sound.received > 50 && call.sound.lost == 0));
    assert!(sink.wait(INSIDE, SOON));
    let checked = check_mails(&inside.calls, &sink.take());
    assert!(checked.faults.is_empty(), "{:?}", checked.faults);
    assert_eq!((checked.seconds.len(), checked.lost), (INSIDE, 0));
    // All of them are counted, some stand in the ledger, and the log says what to do.
    // And the one to nobody.
    assert_eq!(refused(&server), TOO_MANY as u64 + 20 + 1);
    let row = |row: &&ringpost_tests::server::LedgerRow| row.reason == "refused";
    let rows = server.ledger().iter().filter(row).count();
    assert!((1..=TOO_MANY / 4).contains(&rows), "{rows} rows");
    server.wait_logged("what to do about it", |line| {
        line.contains("calls were refused with 503") && line.contains("limits.calls")
    });
    // There is room again.
    server.wait_idle();
    Call::hang_up_in_greeting(server.sip(), &Invite::to("alice"));
    assert!(sink.wait(1, SOON));
}

#[test]
fn memory_comes_back_when_the_calls_are_over() {
    const CALLS: usize = 500;
    let sink = MailSink::start(Keep::Nothing);
    let mut settings = Settings::new().mail(&sink.url());
    settings = settings.limit("notifications_per_hour", 10_000);
    let server = Server::start(settings);
    // What is made once for all calls.
    let first = Load::start(Plan::steady(server.sip(), Kind::MISSED, 20, 50.0)).finish();
    assert!(first.faults().is_empty() && sink.wait(20, SOON));
    let idle = status_kib(server.id(), "VmRSS:");
    let plan = Plan::steady(server.sip(), Kind::MISSED, CALLS, 150.0).from(OUTSIDE);
    let calls = Load::start(plan).finish();
    assert!(calls.faults().is_empty(), "{:?}", calls.faults());
    assert!(sink.wait(20 + CALLS, SOON));
    server.wait_idle();
    let after = status_kib(server.id(), "VmRSS:");
    assert!(after <= idle + 20_000, "{idle} kB before, {after} kB afterwards");
}

#[test]
fn a_disk_that_hangs_fills_the_places_and_no_more() {
    const PLACES: usize = 4;
    let sink = MailSink::start(Keep::All);
    let silent = Subscriber::new("carol", "+14255550103", "1003").without_missed_calls();
    let settings = Settings::new().mail(&sink.url()).subscriber(silent);
    let server = Server::start(settings.limit("calls", PLACES as u32));
    let users = |user: &str| [user.to_owned()];
    // One goes on talking while the disk hangs.
    let plan = Plan::steady(server.sip(), Kind::Spoken { frames: 400 }, 1, 1.0);
    let talking = Load::start(plan.to(&users("alice")));
    waiting::until("the call", SOON, || (server.live_calls() == 1).then_some(()));
    let lock = StoreLock::take(&server.state().join("outbox.db"));
    let plan = Plan::steady(server.sip(), Kind::Answered, PLACES - 1, 100.0).from(OUTSIDE);
    let over = Load::start(plan.to(&users("carol"))).finish();
    assert!(over.faults().is_empty(), "{:?}", over.faults());
    // They are over and not on the disk: they keep their places.
    let plan = Plan::steady(server.sip(), Kind::Answered, 200, 400.0).from(2 * OUTSIDE);
    let outside = Load::start(plan.to(&users("carol"))).finish();
    assert!(outside.calls.iter().all(|call| call.status == Some(503)), "{:?}", outside.faults());
    assert_eq!(server.live_calls(), PLACES);
    let talking = talking.finish();
    assert!(talking.faults().is_empty(), "{:?}", talking.faults());
    drop(lock);
    assert!(sink.wait(1, SOON));
    let checked = check_mails(&talking.calls, &sink.take());
    assert!(checked.faults.is_empty(), "{:?}", checked.faults);
    assert_eq!((checked.seconds.len(), checked.lost), (1, 0));
    server.wait_idle();
    let ended = |row: &&ringpost_tests::server::LedgerRow| row.reason == "not-wanted";
    assert_eq!(server.ledger().iter().filter(ended).count(), PLACES - 1);
    let mut again = Call::place(server.sip(), &Invite::to("carol"));
    again.answered();
    again.hangs_up();
}
