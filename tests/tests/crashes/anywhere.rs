//! Killed with many calls in all their states at once: each answered call is
//! told of once, and only of mails on their way there may be two copies.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use ringpost_tests::mail_sink::MailSink;
use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Report};
use ringpost_tests::sound::speech;
use ringpost_tests::waiting;

const CALLS: usize = 24;

#[test]
fn no_call_is_lost_and_none_is_told_twice() {
    let sink = MailSink::start();
    let mut server = Server::start(Settings::new().mail(&sink.url()));
    let said = speech(3.0, 61);
    let sip = server.sip();
    let number = |at: usize| format!("+142555503{at:02}");
    let callers: Vec<_> = (0..CALLS)
        .map(|at| {
            let (caller, said) = (number(at), said.clone());
            std::thread::spawn(move || {
                // They come one after the other, so that the kill finds all states.
                waiting::pass(Duration::from_millis(at as u64 * 300));
                if at % 4 == 3 {
                    return Report::missed("alice", &caller, &format!("any-{at}"))
                        .try_send(sip, Duration::from_secs(10));
                }
                let mut call = Call::place(sip, &Invite::to("alice").from(&caller));
                let answered = call.is_answered(Duration::from_secs(10));
                if answered {
                    call.acknowledge();
                    if at % 4 == 0 {
                        call.hears(Duration::from_secs(1));
                    } else {
                        call.hears(Duration::from_secs(6));
                        call.speaks(&said);
                    }
                    call.tries_to_hang_up(Duration::from_secs(1));
                }
                answered
            })
        })
        .collect();
    waiting::pass(Duration::from_millis(CALLS as u64 * 300 + 4000));
    server.kill();
    let mut expected = HashSet::new();
    for (at, caller) in callers.into_iter().enumerate() {
        if caller.join().expect("the caller ends") {
            expected.insert(number(at));
        }
    }
    assert_eq!(expected.len(), CALLS, "all had been answered by then");
    server.up();
    waiting::until("all mails", Duration::from_secs(30), || {
        let of = |mail: &ringpost_tests::mail_sink::Taken| {
            mail.letter.header("X-CallingTelephoneNumber").map(str::to_owned)
        };
        let told: HashSet<String> = sink.taken().iter().filter_map(of).collect();
        expected.is_subset(&told).then_some(())
    });
    waiting::pass(Duration::from_secs(1));
    let mut copies: HashMap<String, HashSet<String>> = HashMap::new();
    let mut kinds: HashMap<String, usize> = HashMap::new();
    for mail in sink.taken() {
        let caller = mail.letter.header("X-CallingTelephoneNumber").expect("a number").to_owned();
        copies.entry(caller).or_default().insert(mail.letter.message_id.clone());
        *kinds.entry(format!("{:?}", mail.letter.kind())).or_default() += 1;
    }
    println!("killed among {CALLS} calls and reports: {kinds:?}");
    assert_eq!(kinds.len(), 2, "calls of both kinds were there");
    for (caller, ids) in copies {
        assert_eq!(ids.len(), 1, "{caller} is told of by different mails: {ids:?}");
    }
    let rows = server.wait_ledger(CALLS);
    let ids: HashSet<&String> = rows.iter().map(|row| &row.id).collect();
    assert_eq!(ids.len(), CALLS);
}
