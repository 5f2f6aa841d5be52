//! Reliable provisional responses: ours to a peer that requires them, and those
//! to calls that we placed.

use super::world::{World, heard};
use super::*;

/// It rings reliably: the call, its 180, and the RSeq in it.
fn ringing(world: &mut World) -> (IncomingCall, Response, u32) {
    assert_eq!(world.ask(&world.invite().header("Require", "100rel")).status, 100);
    let incoming = world.call();
    incoming.control.ring();
    world.obey();
    let ringing = world.response();
    assert_eq!((ringing.status, ringing.headers.get("Require")), (180, Some("100rel")));
    let rseq = ringing.headers.get("RSeq").unwrap().parse().unwrap();
    (incoming, ringing, rseq)
}

fn prack(world: &World, ringing: &Response, cseq: u32, rack: &str) -> Draft {
    let draft = world.request("PRACK", &format!("p{cseq}"), cseq).within(ringing);
    draft.header("RAck", rack)
}

#[test]
fn the_180_is_repeated_until_its_prack() {
    let mut world = World::new();
    let (incoming, first, rseq) = ringing(&mut world);
    assert_eq!((world.jump(), world.response()), (Some(500), first.clone()));
    assert_eq!((world.jump(), world.response()), (Some(1500), first.clone()));
    // Nothing else is it, and a peer may ask us to ring as often as it likes.
    incoming.control.ring();
    world.obey();
    assert!(world.sent().is_empty(), "one at a time");
    let wrong = [format!("{} 1 INVITE", rseq + 1), format!("{rseq} 2 INVITE"), "x".to_owned()];
    for (cseq, rack) in (2..).zip(&wrong) {
        assert_eq!(world.ask(&prack(&world, &first, cseq, rack)).status, 481, "{rack}");
    }
    let right = prack(&world, &first, 9, &format!("{rseq} 1 INVITE"));
    let ok = world.ask(&right);
    assert_eq!(ok.status, 200);
    assert_eq!(world.ask(&right), ok, "a repeat gets the same answer");
    let again = prack(&world, &first, 10, &format!("{rseq} 1 INVITE"));
    assert_eq!(world.ask(&again).status, 481, "nothing waits any more");
    // The next 180 comes after a minute and has the next number.
    world.live_until(61);
    assert!(world.sent().is_empty());
    world.live_until(62);
    let second = world.sent();
    let [Message::Response(second), Message::Response(_)] = second.as_slice() else {
        panic!("not a 180 and its repeat but {second:?}");
    };
    assert_eq!(second.headers.get("RSeq"), Some((rseq + 1).to_string().as_str()));
}

#[test]
fn without_a_prack_the_call_is_refused() {
    let mut world = World::new();
    let (mut incoming, ..) = ringing(&mut world);
    world.live_until(32);
    let sent = world.sent();
    let Some(Message::Response(last)) = sent.last() else { panic!("{sent:?}") };
    assert_eq!((last.status, sent.len()), (504, 7));
    assert_eq!(heard(&mut incoming), [Signal::Cancelled { elsewhere: false }]);
    assert!(incoming.signals.is_closed());
}

#[test]
fn the_200_does_not_wait_for_the_prack() {
    let mut world = World::new();
    let (mut incoming, ringing, rseq) = ringing(&mut world);
    let ok = world.answer(&incoming);
    assert_eq!(ok.status, 200);
    world.hears(&world.request("ACK", "ack", 1).within(&ok));
    assert_eq!(heard(&mut incoming), [Signal::Acknowledged]);
    // The PRACK comes late, and with an offer of its own.
    let late = prack(&world, &ringing, 2, &format!("{rseq} 1 INVITE"));
    let moved = OFFER.replace("m=audio 4000", "m=audio 4444");
    let response = world.ask(&late.body("application/sdp", &moved));
    let answer = String::from_utf8(response.body).unwrap();
    assert!(response.status == 200 && answer.contains("m=audio 6000 "), "{answer}");
    assert!(matches!(heard(&mut incoming).as_slice(), [Signal::MediaMoved(_)]));
    world.live_until(40);
    assert!(world.sent().is_empty(), "nothing is repeated any more");
}

#[test]
fn a_late_offer_that_requires_100rel_gets_only_the_200() {
    let mut world = World::new();
    world.ask(&world.request("INVITE", "call", 1).header("Require", "100rel"));
    let incoming = world.call();
    incoming.control.ring();
    world.obey();
    assert!(world.sent().is_empty());
    assert_eq!(world.answer(&incoming).status, 200);
}

#[test]
fn a_reliable_response_to_our_invite_gets_one_prack_for_each_number() {
    let mut world = World::new();
    let (tag, mut told, invite) = world.place();
    assert!(invite.headers.get("Supported").unwrap().contains("100rel"));
    let reliable = |rseq: u32| format!("Require: 100rel\r\nRSeq: {rseq}\r\n");
    world.responds(&invite, 180, &reliable(41), "");
    let prack = world.sent_request("PRACK");
    assert_eq!(prack.headers.get("RAck"), Some("41 1 INVITE"));
    assert_eq!(prack.headers.get("CSeq"), Some("2 PRACK"));
    world.responds(&prack, 200, "", "");
    for rseq in [41, 40, 43] {
        world.responds(&invite, 180, &reliable(rseq), "");
        assert!(world.sent().is_empty(), "{rseq}");
    }
    let early = reliable(42) + "Content-Type: application/sdp\r\n";
    world.responds(&invite, 183, &early, OFFER);
    let prack = world.sent_request("PRACK");
    assert_eq!(prack.headers.get("CSeq"), Some("3 PRACK"));
    // The answer was in the 183; the ACK has the number of its INVITE, and what
    // follows goes on from the last PRACK.
    world.responds(&invite, 200, "", "");
    assert_eq!(world.sent_request("ACK").headers.get("CSeq"), Some("1 ACK"));
    assert_eq!(told.try_recv(), Ok(Progress::Ringing));
    assert!(matches!(told.try_recv(), Ok(Progress::Answered(audio)) if audio.rtp.port() == 4000));
    world.order(Command::HangUp(tag));
    assert_eq!(world.sent_request("BYE").headers.get("CSeq"), Some("4 BYE"));
}
