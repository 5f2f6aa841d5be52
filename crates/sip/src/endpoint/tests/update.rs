//! UPDATE, before and after the answer, and who is on the line.

use super::world::{PEER, World, heard};
use super::*;
use crate::Transport;

const SDP: &str = "application/sdp";

fn held() -> String {
    OFFER.replace("o=- 1 1", "o=- 1 2") + "a=sendonly\r\n"
}

#[test]
fn update_holds_resumes_and_moves_like_a_reinvite() {
    let mut world = World::new();
    let (mut incoming, ok) = world.stand(&world.invite());
    let moved = OFFER.replace("m=audio 4000", "m=audio 4444");
    let update = |world: &World, number| world.request("UPDATE", &format!("u{number}"), number);
    let steps = [(held(), "recvonly"), (OFFER.to_owned(), "sendrecv"), (moved, "sendrecv")];
    for (number, (offer, direction)) in (2..).zip(steps) {
        let response = world.ask(&update(&world, number).within(&ok).body(SDP, &offer));
        assert_eq!(response.status, 200);
        assert!(response.contact().unwrap().is_some());
        let answer = String::from_utf8(response.body).unwrap();
        assert!(answer.contains("m=audio 6000 ") && answer.contains(direction), "{answer}");
    }
    let news = heard(&mut incoming);
    assert!(matches!(news.as_slice(), [Signal::Held, Signal::Resumed, Signal::MediaMoved(_)]));
    // Without an offer it refreshes the target: BYE goes there.
    let mut refresh = update(&world, 5).within(&ok);
    refresh.more = "Contact: <sip:bob@192.0.2.77:5070>\r\n".to_owned();
    let response = world.ask(&refresh);
    assert_eq!((response.status, response.body.len()), (200, 0));
    // A repeat gets the same answer and changes nothing.
    assert_eq!(world.ask(&refresh), response);
    let video = OFFER.replace("m=audio", "m=video");
    let refused = world.ask(&update(&world, 6).within(&ok).body(SDP, &video));
    assert_eq!(refused.status, 488);
    assert!(heard(&mut incoming).is_empty());
    incoming.control.hang_up();
    world.obey();
    assert_eq!(world.sent_request("BYE").uri.as_str(), "sip:bob@192.0.2.77:5070");
}

#[test]
fn an_early_update_waits_for_the_answer_to_the_first_offer() {
    let mut world = World::new();
    world.ask(&world.invite());
    let mut incoming = world.call();
    incoming.control.ring();
    world.obey();
    let ringing = world.response();
    let early = world.request("UPDATE", "1", 2).within(&ringing).body(SDP, OFFER);
    let refused = world.ask(&early);
    assert_eq!(refused.status, 500);
    let wait: u32 = refused.headers.get("Retry-After").unwrap().parse().unwrap();
    assert!(wait <= 10);
    // Without an offer it is welcome.
    let named = world.request("UPDATE", "2", 3).within(&ringing);
    let named = named.header("P-Asserted-Identity", "\"Carol\" <sip:carol@example.com>");
    assert_eq!(world.ask(&named).status, 200);
    let news = heard(&mut incoming);
    let [Signal::CallerChanged(carol)] = news.as_slice() else { panic!("{news:?}") };
    assert_eq!(carol.display_name.as_deref(), Some("Carol"));
    let ok = world.answer(&incoming);
    assert_eq!(ok.status, 200);
    // The answer went out: UPDATE may overtake its ACK.
    let late = world.request("UPDATE", "3", 4).within(&ok).body(SDP, OFFER);
    assert_eq!(world.ask(&late).status, 200);
}

#[test]
fn two_offers_at_a_time_are_glare() {
    let mut world = World::new();
    let (_incoming, ok) = world.stand(&world.invite());
    // A re-INVITE without offer: ours is in the 200, and waits for the ACK.
    let reinvite = world.request("INVITE", "re", 2).within(&ok);
    assert_eq!(world.ask(&reinvite).status, 200);
    let update = |world: &World, number: u32| {
        world.request("UPDATE", &format!("u{number}"), number).within(&ok)
    };
    assert_eq!(world.ask(&update(&world, 3).body(SDP, OFFER)).status, 491);
    assert_eq!(world.ask(&update(&world, 4)).status, 200);
    world.hears(&world.request("ACK", "ack2", 2).within(&ok).body(SDP, OFFER));
    assert_eq!(world.ask(&update(&world, 5).body(SDP, OFFER)).status, 200);
}

#[test]
fn another_caller_is_told_once_and_only_if_the_peer_is_believed() {
    let transfer = |world: &World, number: u32, ok: &Response, who: &str| {
        let draft = world.request("INVITE", &format!("re{number}"), number).within(ok);
        draft.body(SDP, OFFER).header("P-Asserted-Identity", who)
    };
    for believed in [true, false] {
        let mut peers = peers("192.0.2.0/24");
        peers[0].believed.asserted_identity = believed;
        let mut world = World::with(EndpointConfig { peers, ..config() });
        let (mut incoming, ok) = world.stand(&world.invite());
        let steps = ["<sip:bob@example.com>", "<tel:+14255550143>", "<tel:+14255550143>"];
        for (number, who) in (2..).zip(steps) {
            let draft = transfer(&world, number, &ok, who);
            assert_eq!(world.ask(&draft).status, 200);
            world.hears(&world.request("ACK", &format!("a{number}"), number).within(&ok));
        }
        let news = heard(&mut incoming);
        match news.as_slice() {
            [Signal::CallerChanged(party)] if believed => {
                assert_eq!(party.user.as_deref(), Some("+14255550143"));
            }
            [] if !believed => {}
            other => panic!("{believed}: {other:?}"),
        }
    }
}

#[test]
fn a_request_that_came_back_to_us_is_a_loop() {
    let mut world = World::new();
    let (_tag, _told, invite) = world.place();
    let ours = invite.headers.get("Via").unwrap().to_owned();
    let mut looped = world.invite();
    looped.via = format!("SIP/2.0/UDP {}:5060;branch=z9hG4bKproxy, {ours}", "192.0.2.9");
    assert_eq!(world.ask(&looped).status, 482);
    // Somebody else's Via is none of ours.
    let mut straight = world.invite();
    straight.via = "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa, SIP/2.0/UDP b;branch=z9hG4bKb".into();
    assert_eq!(world.ask(&straight).status, 100);
    assert_eq!(world.call().invitation.peer, PEER.into());
}

#[test]
fn requests_of_ours_follow_the_record_route_by_its_transport() {
    let table = [
        ("<sip:192.0.2.8;lr>", "sip:bob@192.0.2.9:5060", "192.0.2.8:5060", Transport::Udp),
        (
            "<sip:192.0.2.8;lr;transport=tcp>",
            "sip:bob@192.0.2.9:5060",
            "192.0.2.8:5060",
            Transport::Tcp,
        ),
        (
            "<sip:192.0.2.8:5071;transport=TLS;lr>",
            "sip:bob@192.0.2.9:5060",
            "192.0.2.8:5071",
            Transport::Tls,
        ),
        ("<sips:192.0.2.8;lr>", "sip:bob@192.0.2.9:5060", "192.0.2.8:5061", Transport::Tls),
        // A strict router takes the place of the target (RFC 3261 §12.2.1.1).
        (
            "<sip:192.0.2.8;transport=tcp>",
            "sip:192.0.2.8;transport=tcp",
            "192.0.2.8:5060",
            Transport::Tcp,
        ),
    ];
    for (route, uri, to, transport) in table {
        let mut world = World::new();
        let (incoming, ok) = world.stand(&world.invite().header("Record-Route", route));
        assert_eq!(ok.headers.get("Record-Route"), Some(route));
        incoming.control.hang_up();
        world.obey();
        let (origin, bytes) = world.task.transports.sent().pop_front().unwrap();
        let Ok(Some(Message::Request(bye))) = read_datagram(&bytes) else { panic!() };
        assert_eq!((bye.uri.as_str(), origin.transport), (uri, transport), "{route}");
        assert_eq!(origin.source.to_string(), to, "{route}");
    }
}
