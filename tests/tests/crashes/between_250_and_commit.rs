//! Killed between the mail server's 250 and our own commit: delivered twice,
//! with the same Message-ID.

use std::time::Duration;

use ringpost_tests::mail_sink::MailSink;
use ringpost_tests::server::{SOON, Server};
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite};
use ringpost_tests::store_lock::StoreLock;
use ringpost_tests::waiting;

const RETRIES: Duration = Duration::from_secs(30);

#[test]
fn the_second_copy_has_the_same_message_id() {
    let sink = MailSink::start();
    sink.holds();
    let mut server = Server::start(Settings::new().mail(&sink.url()));
    Call::hang_up_in_greeting(server.sip(), &Invite::to("alice"));
    sink.wait_held(1, SOON);
    // From here on the server cannot write down what the mail server says.
    let lock = StoreLock::take(&server.state().join("outbox.db"));
    sink.releases();
    sink.wait_taken(1, SOON);
    // Long enough to read the 250 and to begin the commit that cannot be.
    waiting::pass(Duration::from_millis(300));
    server.kill();
    drop(lock);
    server.up();
    let taken = sink.wait_taken(2, RETRIES);
    assert_eq!(taken[0].letter.message_id, taken[1].letter.message_id);
    assert_eq!(taken[0].letter.raw, taken[1].letter.raw, "the very same mail");
    waiting::pass(Duration::from_secs(1));
    assert_eq!(sink.taken().len(), 2);
    waiting::until("the ledger's word", SOON, || {
        (server.the_row().mails == ["delivered"]).then_some(())
    });
}
