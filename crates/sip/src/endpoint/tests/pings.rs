//! OPTIONS to peers.

use super::outbound::Wire;
use super::*;
use crate::Ping;
use crate::wire::Method;

const PEER: &str = "udp:192.0.2.1:5060";

fn asked_every(seconds: u64) -> Wire {
    let ping = Ping { uri: "sip:192.0.2.1".to_owned(), every: Duration::from_secs(seconds) };
    let mut peers = peers("192.0.2.0/24");
    peers.push(Peer { name: "asked".to_owned(), ping: Some(ping), ..peers[0].clone() });
    let mut wire = Wire::new(EndpointConfig { peers, ..config() });
    wire.task.start_pings(wire.now);
    wire
}

fn reachable(wire: &Wire) -> Option<bool> {
    let states = wire.task.peers.read();
    assert_eq!(states[0].reachable, None, "nobody asks the first");
    states[1].reachable
}

#[tokio::test]
async fn any_word_of_a_peer_shows_that_it_is_there() {
    let table = [
        (200, true),
        (404, true),
        (405, true),
        (401, true),
        (408, false),
        (500, true),
        (503, false),
        (603, true),
    ];
    for (status, there) in table {
        let mut wire = asked_every(60);
        let options = wire.sent_to(PEER);
        assert_eq!(options.method, Method::OPTIONS);
        assert!(options.headers.get("From").unwrap().starts_with("<sip:192.0.2.1:5060>;tag="));
        assert_eq!(reachable(&wire), None);
        wire.now += Duration::from_millis(40);
        wire.answer(&options, status, "");
        assert_eq!(reachable(&wire), Some(there), "{status}");
        let took = wire.task.peers.read()[1].round_trip;
        assert_eq!(took, there.then_some(Duration::from_millis(40)));
    }
}

#[tokio::test]
async fn a_silent_peer_is_asked_more_often_until_it_is_back() {
    let mut wire = asked_every(60);
    let options = wire.sent_to(PEER);
    wire.answer(&options, 200, "");
    let (seconds, second) = wire.wait_for_new(PEER);
    assert_eq!(seconds, 60);
    assert_ne!(second.call_id(), options.call_id());
    // Ten seconds of silence, and ten more until the next question.
    let (seconds, third) = wire.wait_for_new(PEER);
    assert_eq!((seconds, reachable(&wire)), (80, Some(false)));
    let since = wire.task.peers.read()[1].changed.unwrap();
    assert_eq!((since - wire.start).as_secs(), 70);
    wire.answer(&second, 200, "");
    assert_eq!(reachable(&wire), Some(false), "too late");
    wire.answer(&third, 200, "");
    assert_eq!(reachable(&wire), Some(true));
    assert_eq!(wire.wait_for_new(PEER).0, 140);
}

#[tokio::test]
async fn a_closing_endpoint_asks_nobody() {
    let mut wire = asked_every(60);
    wire.sent_to(PEER);
    let (done, _) = oneshot::channel();
    wire.order(Command::Close(Duration::from_secs(5), done));
    assert!(wire.task.outbound.is_quiet());
    assert_eq!(wire.task.pending, 0);
    while wire.jump().is_some() {}
    assert!(wire.sent().is_none());
}
