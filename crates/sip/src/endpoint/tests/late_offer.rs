//! INVITE without a session description: the offer is ours.

use super::world::{World, heard};
use super::*;

/// A call without an offer, answered by us with one.
fn offered(world: &mut World) -> (IncomingCall, Response) {
    assert_eq!(world.ask(&world.request("INVITE", "call", 1)).status, 100);
    let incoming = world.call();
    assert!(incoming.invitation.late_offer && incoming.invitation.audio.is_none());
    let ok = world.answer(&incoming);
    let offer = String::from_utf8(ok.body.clone()).unwrap();
    assert!(offer.contains("m=audio 6000 RTP/AVP 0 8 101"), "{offer}");
    (incoming, ok)
}

#[test]
fn the_answer_in_the_ack_comes_before_the_call_stands() {
    for (answer, held) in [(OFFER.to_owned(), false), (OFFER.to_owned() + "a=sendonly\r\n", true)] {
        let mut world = World::new();
        let (mut incoming, ok) = offered(&mut world);
        let ack = world.request("ACK", "ack", 1).within(&ok).body("application/sdp", &answer);
        world.hears(&ack);
        let news = heard(&mut incoming);
        let Some(Signal::MediaMoved(audio)) = news.first() else { panic!("{news:?}") };
        assert_eq!((audio.rtp.port(), audio.held), (4000, held));
        let after: &[Signal] =
            if held { &[Signal::Held, Signal::Acknowledged] } else { &[Signal::Acknowledged] };
        assert_eq!(&news[1..], after);
        world.hears(&ack);
        assert!(heard(&mut incoming).is_empty() && world.sent().is_empty());
    }
}

#[test]
fn an_ack_without_an_answer_ends_the_call() {
    let video = OFFER.replace("m=audio", "m=video");
    let refused = OFFER.replace("m=audio 4000", "m=audio 0");
    for answer in ["", "hello", &video, &refused] {
        let mut world = World::new();
        let (mut incoming, ok) = offered(&mut world);
        let mut ack = world.request("ACK", "ack", 1).within(&ok);
        if !answer.is_empty() {
            ack = ack.body("application/sdp", answer);
        }
        world.hears(&ack);
        world.sent_request("BYE");
        let end = [Signal::Acknowledged, Signal::HungUp { elsewhere: false }];
        assert_eq!(heard(&mut incoming), end, "{answer}");
        assert!(incoming.signals.is_closed());
    }
}

#[test]
fn without_an_ack_a_late_offer_ends_like_any_other() {
    let mut world = World::new();
    let (mut incoming, _) = offered(&mut world);
    world.live_until(32);
    assert_eq!(heard(&mut incoming), [Signal::NotAcknowledged]);
    world.sent();
    incoming.control.hang_up();
    world.obey();
    world.sent_request("BYE");
}
