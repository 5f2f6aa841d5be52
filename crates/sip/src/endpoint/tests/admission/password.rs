//! Digest: who knows the password is let in, and nobody else.

use super::*;
use crate::digest::{Challenge, authorize, challenges};

fn bob() -> Credentials {
    Credentials { user: "bob".to_owned(), password: "zanzibar".to_owned() }
}

fn with_digest() -> Peer {
    Peer { digest: Some(bob()), ..pbx() }
}

impl World {
    /// The challenges that an OPTIONS gets, SHA-256 first.
    fn challenged(&mut self) -> Vec<Challenge> {
        let options = self.draft("OPTIONS", "challenged");
        let response = self.ask(&options);
        assert_eq!(response.status, 401);
        challenges(&response.headers)
    }

    fn digest_failures(&self) -> u64 {
        self.task.counters.read().digest_failures
    }
}

impl Draft {
    /// With credentials for its own method and Request-URI.
    fn authorized(self, challenge: &Challenge, who: &Credentials, nc: u32) -> Draft {
        let mut words = self.line.split(' ');
        let (method, uri) = (words.next().unwrap(), words.next().unwrap());
        let value = authorize(challenge, who, (method, uri, b""), "0a4f113b", nc);
        self.header("Authorization", &value)
    }
}

#[test]
fn who_knows_the_password_is_let_in_by_either_algorithm() {
    let mut world = World::new(vec![with_digest()]);
    let invite = world.draft("INVITE", "1");
    let asked = world.ask(&invite);
    assert_eq!((asked.status, asked.tag_in_to().is_some()), (401, true));
    let values: Vec<&str> = asked.headers.all("WWW-Authenticate").collect();
    assert_eq!(values.len(), 2);
    assert!(values[0].contains("algorithm=SHA-256, qop=\"auth\""), "{values:?}");
    assert!(values[1].contains("algorithm=MD5, qop=\"auth\""), "{values:?}");
    assert!(values.iter().all(|value| !value.contains("stale")), "{values:?}");
    // Nothing was kept of it.
    assert!(world.task.server.is_empty() && world.task.timers.next().is_none());
    assert!(world.arrivals.try_recv().is_err());
    let ack = world.draft("ACK", "1").within(&asked);
    assert!(world.ask_from(PBX, &ack).is_empty());
    for (nc, challenge) in (1..).zip(challenges(&asked.headers)) {
        let invite = world.draft("INVITE", &nc.to_string()).authorized(&challenge, &bob(), nc);
        assert_eq!(world.status(&invite), 100);
        // A repeat of it is no second use.
        assert_eq!(world.status(&invite), 100);
        world.hold();
    }
    let counted = world.task.counters.read();
    assert_eq!((counted.challenges, counted.digest_failures), (1, 0));
    assert_eq!((counted.requests.invite, counted.strangers), (2, 0));
}

#[test]
fn who_does_not_is_asked_again() {
    let mut world = World::new(vec![with_digest()]);
    let challenge = world.challenged().remove(0);
    let rob = Credentials { user: "rob".to_owned(), ..bob() };
    let guess = Credentials { password: "guess".to_owned(), ..bob() };
    let elsewhere = Challenge { realm: "elsewhere".to_owned(), ..challenge.clone() };
    for (challenge, who, failures) in
        [(&challenge, &guess, 1), (&challenge, &rob, 2), (&elsewhere, &bob(), 2)]
    {
        let invite = world.draft("INVITE", "1").authorized(challenge, who, 1);
        let response = world.ask(&invite);
        assert_eq!(response.status, 401);
        assert!(challenges(&response.headers).iter().all(|challenge| !challenge.stale));
        assert_eq!(world.digest_failures(), failures);
    }
    let mut other = world.draft("INVITE", "1").authorized(&challenge, &bob(), 1);
    other.line = other.line.replace("alice", "carol");
    assert_eq!((world.status(&other), world.digest_failures()), (400, 3));
    assert!(world.arrivals.try_recv().is_err());
}

#[test]
fn an_answer_that_was_heard_helps_nobody_else() {
    let mut world = World::new(vec![with_digest()]);
    let challenge = world.challenged().remove(0);
    let invite = world.draft("INVITE", "1").authorized(&challenge, &bob(), 5);
    assert_eq!(world.status(&invite), 100);
    world.hold();
    let mut again = world.draft("INVITE", "2");
    again.more = invite.more.clone();
    let response = world.ask(&again);
    assert_eq!((response.status, world.digest_failures()), (401, 1));
    assert!(challenges(&response.headers).iter().all(|challenge| challenge.stale));
    assert!(world.arrivals.try_recv().is_err());
    // Datagrams overtake each other: a lower count that is new is fine.
    for (nc, status) in [(4, 100), (6, 100), (4, 401), (6, 401)] {
        let invite = world.draft("INVITE", &format!("n{nc}")).authorized(&challenge, &bob(), nc);
        assert_eq!(world.status(&invite), status, "{nc}");
        if status == 100 {
            world.hold();
        }
    }
}

#[test]
fn a_stale_nonce_costs_one_more_try() {
    let mut world = World::new(vec![with_digest()]);
    let challenge = world.challenged().remove(0);
    world.now += Duration::from_secs(302);
    let invite = world.draft("INVITE", "1").authorized(&challenge, &bob(), 1);
    let response = world.ask(&invite);
    assert_eq!((response.status, world.digest_failures()), (401, 0));
    let fresh = challenges(&response.headers).remove(1);
    assert!(fresh.stale);
    let invite = world.draft("INVITE", "1").authorized(&fresh, &bob(), 1);
    assert_eq!(world.status(&invite), 100);
}

#[test]
fn within_a_call_all_but_ack_and_cancel_are_asked() {
    let mut world = World::new(vec![with_digest()]);
    let challenge = world.challenged().remove(0);
    let invite = world.draft("INVITE", "1").authorized(&challenge, &bob(), 1);
    assert_eq!(world.status(&invite), 100);
    let mut incoming = world.call();
    incoming.control.answer(rtp(6000));
    let ok = world.answers().remove(0);
    assert_eq!(ok.status, 200);
    let mut ack = world.draft("ACK", "1").within(&ok);
    ack.cseq = "2 ACK".to_owned();
    assert!(world.ask_from(PBX, &ack).is_empty());
    assert_eq!(incoming.signals.try_recv(), Ok(Signal::Acknowledged));
    for (nc, method) in [(2, "INVITE"), (3, "INFO"), (4, "OPTIONS"), (5, "BYE")] {
        let without = world.draft(method, "1").within(&ok);
        assert_eq!(world.status(&without), 401, "{method}");
        let with = world.draft(method, "1").within(&ok).authorized(&challenge, &bob(), nc);
        let status = world.status(&with);
        assert_eq!(status, 200, "{method}");
        if method == "INVITE" {
            let mut ack = world.draft("ACK", "1").within(&ok);
            ack.cseq = with.cseq.replace("INVITE", "ACK");
            world.ask_from(PBX, &ack);
        }
    }
    assert_eq!(incoming.signals.try_recv(), Ok(Signal::HungUp { elsewhere: false }));

    let invite = world.draft("INVITE", "2").authorized(&challenge, &bob(), 6);
    assert_eq!(world.status(&invite), 100);
    let mut incoming = world.call();
    let mut cancel = invite.clone();
    cancel.line = cancel.line.replace("INVITE", "CANCEL");
    cancel.cseq = cancel.cseq.replace("INVITE", "CANCEL");
    (cancel.more, cancel.body) = (String::new(), String::new());
    let statuses: Vec<u16> =
        world.ask_from(PBX, &cancel).iter().map(|response| response.status).collect();
    assert_eq!(statuses, [200, 487]);
    assert_eq!(incoming.signals.try_recv(), Ok(Signal::Cancelled { elsewhere: false }));
}
