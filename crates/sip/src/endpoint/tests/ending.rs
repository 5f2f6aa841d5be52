//! Calls that end in unusual ways.

use super::world::{World, heard};
use super::*;

#[test]
fn at_the_end_of_closing_every_call_gets_its_end() {
    let mut world = World::new();
    // One that waits for its ACK, and one that nobody has answered yet.
    world.ask(&world.invite());
    let unacknowledged = world.call();
    world.answer(&unacknowledged);
    unacknowledged.control.hang_up();
    world.obey();
    assert!(world.sent().is_empty(), "BYE waits for the ACK");
    let mut offered = world.request("INVITE", "other", 1).call_id("other");
    offered = offered.body("application/sdp", OFFER);
    world.ask(&offered);
    let _offered = world.call();
    world.task.farewell(world.now);
    let mut sent: Vec<String> = Vec::new();
    for message in world.sent() {
        sent.push(match message {
            Message::Request(request) => request.method.to_string(),
            Message::Response(response) => response.status.to_string(),
        });
    }
    sent.sort();
    assert_eq!(sent, ["503", "BYE"]);
}

#[tokio::test]
async fn a_call_whose_ack_never_came_gets_its_bye_when_closing_ends() {
    let (server, mut arrivals) = bind().await;
    let raw = Raw::towards(&server).await;
    let (incoming, _ok) = raw.call(&mut arrivals).await;
    incoming.control.hang_up();
    soon(server.close(Duration::from_millis(50))).await;
    raw.incoming("BYE").await;
}

#[test]
fn a_fault_of_ours_ends_the_call_for_both_sides() {
    let mut world = World::new();
    let (mut standing, ok) = world.stand(&world.invite());
    let info = world.request("INFO", "x", 2).within(&ok).body("text/plain", "x");
    world.task.fault_in_message(info.text().as_bytes(), world.now);
    world.sent_request("BYE");
    assert_eq!(heard(&mut standing), [Signal::HungUp { elsewhere: false }]);

    let invite = world.request("INVITE", "two", 1).call_id("two").body("application/sdp", OFFER);
    world.ask(&invite);
    let mut offered = world.call();
    world.task.fault_in_message(invite.text().as_bytes(), world.now);
    assert_eq!(world.response().status, 500);
    assert!(heard(&mut offered).is_empty() && offered.signals.is_closed());
}

#[test]
fn a_cancel_that_comes_too_late_says_why_the_caller_goes() {
    // When BYE comes after the ACK, and whether he went because of another.
    for (ack, bye, elsewhere) in
        [(true, 0, true), (true, 1, true), (true, 3, false), (false, 9, true)]
    {
        let mut world = World::new();
        world.ask(&world.invite());
        let mut incoming = world.call();
        let ok = world.answer(&incoming);
        let cancel = world.request("CANCEL", "call", 1).header("Reason", "SIP;cause=200");
        assert_eq!(world.ask(&cancel).status, 200);
        if ack {
            world.hears(&world.request("ACK", "ack", 1).within(&ok));
            assert_eq!(heard(&mut incoming), [Signal::Acknowledged], "the call stays");
        }
        world.live_until(bye);
        world.sent();
        world.ask(&world.request("BYE", "bye", 2).within(&ok));
        assert_eq!(heard(&mut incoming), [Signal::HungUp { elsewhere }], "{ack} {bye}");
    }
    let mut world = World::new();
    world.ask(&world.invite());
    let mut incoming = world.call();
    world.answer(&incoming);
    world.ask(&world.request("CANCEL", "call", 1).header("Reason", "Q.850;cause=26"));
    world.live_until(31);
    world.sent();
    world.live_until(32);
    assert_eq!(heard(&mut incoming), [Signal::HungUp { elsewhere: true }]);
    let sent = world.sent();
    assert!(matches!(sent.last(), Some(Message::Request(bye)) if bye.method.as_str() == "BYE"));
}

#[test]
fn an_invitation_that_expires_while_it_rings_is_over() {
    let mut world = World::new();
    assert_eq!(world.ask(&world.invite().header("Expires", "20")).status, 100);
    let mut incoming = world.call();
    incoming.control.ring();
    world.obey();
    assert_eq!(world.response().status, 180);
    world.live_until(19);
    assert!(world.sent().is_empty() && heard(&mut incoming).is_empty());
    world.live_until(20);
    assert_eq!(world.response().status, 487);
    assert_eq!(heard(&mut incoming), [Signal::Cancelled { elsewhere: false }]);
    assert!(world.task.calls.is_empty());
    // One that is answered in time goes on.
    let mut world = World::new();
    let (mut incoming, _) = world.stand(&world.invite().header("Expires", "20"));
    world.live_until(60);
    assert!(heard(&mut incoming).is_empty() && world.sent().is_empty());
}
