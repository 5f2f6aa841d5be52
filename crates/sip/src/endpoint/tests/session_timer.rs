//! Session timers, in either role.

use super::world::{World, heard};
use super::*;

const TIMER: (&str, &str) = ("Supported", "timer");

fn timed(world: &World, expires: &str, more: &[(&str, &str)]) -> Draft {
    let invite = world.invite().header("Session-Expires", expires);
    more.iter().fold(invite, |invite, (name, value)| invite.header(name, value))
}

#[test]
fn the_caller_that_offers_a_timer_refreshes_or_loses_its_call() {
    let mut world = World::new();
    let (mut incoming, ok) = world.stand(&timed(&world, "600", &[TIMER]));
    assert_eq!(ok.headers.get("Session-Expires"), Some("600;refresher=uac"));
    assert_eq!(ok.headers.get("Require"), Some("timer"));
    world.live_until(500);
    let update = world.request("UPDATE", "u", 2).within(&ok).header("Supported", "timer");
    let refreshed = world.ask(&update.header("Session-Expires", "300;refresher=uac"));
    assert_eq!(refreshed.headers.get("Session-Expires"), Some("300;refresher=uac"));
    world.live_until(700);
    let reinvite = world.request("INVITE", "re", 3).within(&ok).header("Supported", "timer");
    let reinvite = reinvite.body("application/sdp", OFFER);
    let refreshed = world.ask(&reinvite.header("Session-Expires", "90;refresher=uac"));
    assert_eq!(refreshed.headers.get("Session-Expires"), Some("90;refresher=uac"));
    world.hears(&world.request("ACK", "a", 3).within(&ok));
    assert!(heard(&mut incoming).is_empty());
    // Now it is silent: 90 s less a third of them.
    world.live_until(759);
    assert!(world.sent().is_empty());
    world.live_until(760);
    world.sent_request("BYE");
    assert_eq!(heard(&mut incoming), [Signal::HungUp { elsewhere: false }]);
}

#[test]
fn a_timer_that_is_too_small_gets_422() {
    let mut world = World::new();
    let refused = world.ask(&timed(&world, "60", &[TIMER]));
    assert_eq!((refused.status, refused.headers.get("Min-SE")), (422, Some("90")));
    assert!(world.arrivals.try_recv().is_err());
    let unreadable = world.request("INVITE", "x", 1).call_id("x").header("Session-Expires", "soon");
    assert_eq!(world.ask(&unreadable.body("application/sdp", OFFER)).status, 400);
}

#[test]
fn we_refresh_by_update_where_the_peer_takes_it() {
    let mut world = World::new();
    let allow = ("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE");
    let (mut incoming, ok) = world.stand(&timed(&world, "600;refresher=uas", &[TIMER, allow]));
    assert_eq!(ok.headers.get("Session-Expires"), Some("600;refresher=uas"));
    world.live_until(299);
    assert!(world.sent().is_empty());
    world.live_until(300);
    let update = world.sent_request("UPDATE");
    assert_eq!(update.headers.get("Session-Expires"), Some("600;refresher=uac"));
    assert!(update.body.is_empty());
    world.responds(&update, 200, "Session-Expires: 400;refresher=uac\r\n", "");
    world.live_until(500);
    let update = world.sent_request("UPDATE");
    // Meanwhile it takes what the peer offers: ours has no offer in it.
    let theirs = world.request("UPDATE", "u", 2).within(&ok);
    let theirs = theirs.header("Session-Expires", "400").header("Supported", "timer");
    assert_eq!(world.ask(&theirs.body("application/sdp", OFFER)).status, 200);
    world.responds(&update, 481, "", "");
    world.sent_request("BYE");
    assert_eq!(heard(&mut incoming), [Signal::HungUp { elsewhere: false }]);
}

#[test]
fn we_refresh_by_reinvite_where_update_is_not_taken() {
    let mut world = World::new();
    let (mut incoming, ok) = world.stand(&timed(&world, "600;refresher=uas", &[TIMER]));
    let answer = String::from_utf8(ok.body.clone()).unwrap();
    world.live_until(300);
    let reinvite = world.sent_request("INVITE");
    assert_eq!(String::from_utf8(reinvite.body.clone()).unwrap(), answer, "nothing is changed");
    // Glare: neither a re-INVITE nor an offer of the peer is taken now.
    let theirs = world.request("INVITE", "re", 2).within(&ok).body("application/sdp", OFFER);
    let refused = world.ask(&theirs);
    assert_eq!(refused.status, 491);
    world.hears(&world.request("ACK", "re", 2).within(&refused));
    let update = world.request("UPDATE", "u", 3).within(&ok).body("application/sdp", OFFER);
    assert_eq!(world.ask(&update).status, 491);
    world.responds(&reinvite, 491, "", "");
    assert_eq!(world.sent_request("ACK").cseq().unwrap().0, reinvite.cseq().unwrap().0);
    let before = world.now;
    let mut sent = Vec::new();
    while sent.is_empty() {
        world.jump().expect("it is tried again");
        sent = world.sent();
    }
    assert!(world.now - before <= Duration::from_secs(2));
    // The one after that is refused for its interval, then taken.
    let [Message::Request(reinvite)] = sent.as_slice() else { panic!("{sent:?}") };
    let reinvite = reinvite.clone();
    world.responds(&reinvite, 422, "Min-SE: 1200\r\n", "");
    world.sent();
    world.jump();
    let reinvite = world.sent_request("INVITE");
    assert_eq!(reinvite.headers.get("Session-Expires"), Some("1200;refresher=uac"));
    assert_eq!(reinvite.headers.get("Min-SE"), Some("1200"));
    let expires = "Content-Type: application/sdp\r\nSession-Expires: 1200;refresher=uac\r\n";
    world.responds(&reinvite, 200, expires, OFFER);
    let ack = world.sent_request("ACK");
    world.responds(&reinvite, 200, expires, OFFER);
    assert_eq!(world.sent_request("ACK"), ack, "a repeated 200 gets its ACK again");
    assert!(heard(&mut incoming).is_empty(), "and nothing has changed");
    // Nobody answers the next one.
    world.live_until(1000);
    assert!(heard(&mut incoming).contains(&Signal::HungUp { elsewhere: false }));
    assert!(world.sent().iter().any(|message| matches!(message, Message::Request(request)
        if request.method.as_str() == "BYE")));
}

#[test]
fn a_caller_that_leaves_the_timer_to_us_gets_ours() {
    let mut world = World::new();
    let (mut incoming, ok) = world.stand(&world.invite().header("Supported", "timer"));
    assert_eq!(ok.headers.get("Session-Expires"), Some("1800;refresher=uas"));
    assert_eq!(ok.headers.get("Require"), Some("timer"));
    world.live_until(900);
    let reinvite = world.sent_request("INVITE");
    world.responds(&reinvite, 408, "", "");
    assert!(heard(&mut incoming).contains(&Signal::HungUp { elsewhere: false }));
    let mut world = World::new();
    let (_incoming, ok) = world.stand(&world.invite());
    assert_eq!(ok.headers.get("Session-Expires"), None, "it does not know timers");
}

#[test]
fn nothing_is_left_of_a_reinvite_that_rings_beyond_its_call() {
    for hangs_up in [false, true] {
        let mut world = World::new();
        let (mut incoming, ok) = world.stand(&timed(&world, "600;refresher=uas", &[TIMER]));
        world.live_until(300);
        let reinvite = world.sent_request("INVITE");
        world.responds(&reinvite, 180, "", "");
        if hangs_up {
            assert_eq!(world.ask(&world.request("BYE", "b", 2).within(&ok)).status, 200);
        }
        world.live_until(800);
        assert_eq!(heard(&mut incoming), [Signal::HungUp { elsewhere: false }]);
        assert!(world.task.client.is_empty() && world.task.calls.is_empty());
        assert_eq!(world.task.pending, 0, "closing waits for nobody");
    }
}

#[test]
fn the_ack_to_a_refresh_goes_where_the_peer_has_moved_to() {
    let mut world = World::new();
    let (_incoming, _) = world.stand(&timed(&world, "600;refresher=uas", &[TIMER]));
    world.live_until(300);
    let reinvite = world.sent_request("INVITE");
    let text = format!(
        "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Contact: <sip:moved@192.0.2.8:5070>\r\nContent-Type: application/sdp\r\n\r\n{OFFER}",
        reinvite.headers.get("Via").unwrap(),
        reinvite.headers.get("From").unwrap(),
        reinvite.headers.get("To").unwrap(),
        reinvite.headers.get("Call-ID").unwrap(),
        reinvite.headers.get("CSeq").unwrap(),
    );
    world.hears_text(&text);
    let to = world.task.transports.sent().front().map(|(to, _)| *to);
    assert_eq!(to.map(|to| to.source.to_string()).as_deref(), Some("192.0.2.8:5070"));
    assert_eq!(world.sent_request("ACK").uri.as_str(), "sip:moved@192.0.2.8:5070");
}

#[test]
fn a_placed_call_asks_again_once_for_as_long_as_the_peer_wants() {
    let mut world = World::new();
    let (_tag, mut told, invite) = world.place();
    world.responds(&invite, 422, "Min-SE: 3600\r\n", "");
    let again = match world.sent().as_slice() {
        [Message::Request(ack), Message::Request(again)] if ack.method.as_str() == "ACK" => {
            again.clone()
        }
        other => panic!("no ACK and INVITE but {other:?}"),
    };
    assert_eq!(again.headers.get("Session-Expires"), Some("3600"));
    assert_eq!(again.headers.get("Min-SE"), Some("3600"));
    assert_eq!(again.cseq().unwrap().0, invite.cseq().unwrap().0 + 1);
    assert!(told.try_recv().is_err());
    world.responds(&again, 422, "Min-SE: 7200\r\n", "");
    assert!(matches!(told.try_recv(), Ok(Progress::Refused(422, _))));
}

#[test]
fn a_placed_call_asks_for_a_timer_and_takes_either_role() {
    for (refresher, method) in [("uac", "UPDATE"), ("uas", "BYE")] {
        let mut world = World::new();
        let (_tag, mut told, invite) = world.place();
        assert_eq!(invite.headers.get("Session-Expires"), Some("1800"));
        let more = format!(
            "Content-Type: application/sdp\r\nAllow: INVITE, ACK, BYE, UPDATE\r\n\
             Session-Expires: 600;refresher={refresher}\r\n"
        );
        world.responds(&invite, 200, &more, OFFER);
        world.sent_request("ACK");
        assert!(matches!(told.try_recv(), Ok(Progress::Answered(_))));
        world.live_until(if method == "BYE" { 568 } else { 300 });
        world.sent_request(method);
        let lost = told.try_recv() == Ok(Progress::HungUp);
        assert_eq!(lost, method == "BYE");
    }
}
