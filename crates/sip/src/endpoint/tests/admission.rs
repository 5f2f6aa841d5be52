//! Who is let in: networks, digest, limits of a peer's own, strangers. No socket
//! and no clock but the test's.

mod password;

use std::net::IpAddr;
use std::time::Instant;

use super::requests::TRANSACTIONS;
use super::task::Task;
use super::*;
use crate::transport::{Origin, Transports};
use crate::{Believed, Credentials};

const PBX: &str = "192.0.2.10";
const SBC: &str = "198.51.100.7";
const STRANGER: &str = "203.0.113.9";

fn pbx() -> Peer {
    Peer::trusted("pbx", vec!["192.0.2.0/24".parse().unwrap()])
}

struct World {
    task: Task,
    arrivals: mpsc::Receiver<Arrival>,
    orders: mpsc::UnboundedReceiver<Command>,
    _commands: Commands,
    /// Calls that the test does not end.
    held: Vec<IncomingCall>,
    now: Instant,
    branches: u32,
}

impl World {
    fn new(peers: Vec<Peer>) -> World {
        Self::with(EndpointConfig { peers, ..config() })
    }

    fn with(config: EndpointConfig) -> World {
        let (commands, orders) = mpsc::unbounded_channel();
        let (sender, arrivals) = mpsc::channel(8);
        let transports = Transports::captured();
        let weak = commands.downgrade();
        let task = Task::new(config, transports, Arc::default(), sender, weak);
        let (held, now) = (Vec::new(), Instant::now());
        World { task, arrivals, orders, _commands: commands, held, now, branches: 0 }
    }

    /// A request that was not there before: its branch is new.
    fn draft(&mut self, method: &str, call_id: &str) -> Draft {
        self.branches += 1;
        let draft = Draft {
            line: format!("{method} sip:alice@example.com SIP/2.0"),
            via: format!("SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK{}", self.branches),
            to: "<sip:alice@example.com>".to_owned(),
            call_id: call_id.to_owned(),
            cseq: format!("{} {method}", self.branches),
            more: "Contact: <sip:bob@192.0.2.10>\r\n".to_owned(),
            body: String::new(),
        };
        if method == "INVITE" { draft.body("application/sdp", OFFER) } else { draft }
    }

    /// What comes back at once.
    fn ask_from(&mut self, source: &str, draft: &Draft) -> Vec<Response> {
        let source: IpAddr = source.parse().unwrap();
        let origin = Origin::udp(0, SocketAddr::new(source, 5060));
        self.task.handle_datagram(draft.text().as_bytes(), origin, self.now);
        self.answers()
    }

    fn ask(&mut self, draft: &Draft) -> Response {
        let mut answers = self.ask_from(PBX, draft);
        assert_eq!(answers.len(), 1, "{}", draft.text());
        answers.remove(0)
    }

    fn status(&mut self, draft: &Draft) -> u16 {
        self.ask(draft).status
    }

    fn answers(&mut self) -> Vec<Response> {
        while let Ok(command) = self.orders.try_recv() {
            self.task.handle_command(command, self.now);
        }
        let sent = self.task.transports.sent().drain(..);
        sent.map(|(_, bytes)| match read_datagram(&bytes).unwrap().unwrap() {
            Message::Response(response) => response,
            Message::Request(request) => panic!("no response but {request:?}"),
        })
        .collect()
    }

    fn call(&mut self) -> IncomingCall {
        match self.arrivals.try_recv() {
            Ok(Arrival::Call(call)) => call,
            other => panic!("no call but {other:?}"),
        }
    }

    /// A call came, and goes on.
    fn hold(&mut self) {
        let call = self.call();
        self.held.push(call);
    }

    fn report(&mut self) -> IncomingReport {
        match self.arrivals.try_recv() {
            Ok(Arrival::Report(report)) => report,
            other => panic!("no report but {other:?}"),
        }
    }
}

#[test]
fn the_first_peer_that_fits_is_the_one() {
    let narrow = Peer {
        nat: true,
        srtp: SrtpPolicy::Off,
        believed: Believed::NONE,
        ..Peer::trusted("narrow", vec![format!("{PBX}/32").parse().unwrap()])
    };
    let certified = Peer { certificate_names: vec!["pbx.example.com".to_owned()], ..pbx() };
    let mut world = World::new(vec![certified, narrow, pbx()]);
    let asserted = |draft: Draft| {
        let draft = draft.header("P-Asserted-Identity", "<sip:+14255550142@example.com>");
        draft.header("Diversion", "<sip:carol@example.com>")
    };
    for (source, name, nat, srtp, caller, diversions) in [
        (PBX, "narrow", true, SrtpPolicy::Off, "bob", 0),
        ("192.0.2.11", "pbx", false, SrtpPolicy::Optional, "+14255550142", 1),
    ] {
        let invite = asserted(world.draft("INVITE", source));
        assert_eq!(world.ask_from(source, &invite)[0].status, 100);
        let invitation = world.call().invitation;
        assert_eq!((&*invitation.peer_name, invitation.nat, invitation.srtp), (name, nat, srtp));
        assert_eq!(invitation.caller.user.as_deref(), Some(caller));
        assert_eq!(invitation.diversions.len(), diversions);
        let info = asserted(world.draft("INFO", source)).body("text/plain", "x");
        world.ask_from(source, &info);
        let report = world.report();
        assert_eq!(&*report.peer_name, name);
        assert_eq!(report.caller.user.as_deref(), Some(caller));
    }
    let states = world.task.peers.read();
    let requests: Vec<(&str, u64)> =
        states.iter().map(|state| (&*state.name, state.requests)).collect();
    assert_eq!(requests, [("pbx", 0), ("narrow", 2), ("pbx", 2)]);
}

#[test]
fn sound_goes_to_the_networks_of_the_calls_own_peer() {
    let sbc = Peer::trusted("sbc", vec![format!("{SBC}/32").parse().unwrap()]);
    let mut world = World::new(vec![pbx(), sbc]);
    for (source, offered, taken) in [
        (PBX, "192.0.2.77", "192.0.2.77"),
        (PBX, SBC, PBX),
        (SBC, "192.0.2.77", SBC),
        (SBC, STRANGER, SBC),
    ] {
        let mut invite = world.draft("INVITE", &format!("{source}{offered}"));
        invite.body = invite.body.replace("127.0.0.1", offered);
        assert_eq!(world.ask_from(source, &invite)[0].status, 100);
        let audio = world.call().invitation.audio.unwrap();
        assert_eq!(audio.rtp.ip().to_string(), taken, "{source} {offered}");
    }
}

#[test]
fn a_peer_has_its_own_limit_of_calls() {
    let sbc = Peer::trusted("sbc", vec![format!("{SBC}/32").parse().unwrap()]);
    let mut world = World::new(vec![Peer { calls: 2, ..pbx() }, sbc]);
    let live = |world: &World| -> Vec<u64> {
        world.task.peers.read().iter().map(|state| state.live_calls).collect()
    };
    let mut calls = Vec::new();
    for id in ["1", "2"] {
        let invite = world.draft("INVITE", id);
        assert_eq!(world.status(&invite), 100);
        calls.push(world.call());
    }
    let invite = world.draft("INVITE", "3");
    let response = world.ask(&invite);
    assert_eq!((response.status, response.reason.as_str()), (486, "Too Many Calls From This Peer"));
    let options = world.draft("OPTIONS", "4");
    assert!(world.ask_from(PBX, &options).is_empty(), "it waits for the house");
    drop(world.arrivals.try_recv());
    let invite = world.draft("INVITE", "5");
    assert_eq!(world.ask_from(SBC, &invite)[0].status, 100);
    let other = world.call();
    assert_eq!(live(&world), [2, 1]);

    // One was answered and hung up, one is refused: there is room again.
    calls[0].control.answer(rtp(6000));
    let ok = world.answers().into_iter().find(|response| response.status == 200).unwrap();
    assert_eq!(live(&world), [2, 1]);
    let bye = world.draft("BYE", "1").within(&ok);
    assert_eq!(world.status(&bye), 200);
    calls[1].control.refuse(Answer::new(404));
    assert_eq!(world.answers().len(), 1);
    assert_eq!(live(&world), [0, 1]);
    let invite = world.draft("INVITE", "6");
    assert_eq!(world.status(&invite), 100);
    drop(other);
    world.answers();
    assert_eq!(live(&world), [1, 0]);
}

#[test]
fn a_peer_that_may_not_report_does_not() {
    let mut world = World::new(vec![Peer { reports: false, ..pbx() }]);
    let info = world.draft("INFO", "1").body("text/plain", "x");
    assert_eq!(world.status(&info), 403);
    assert!(world.arrivals.try_recv().is_err());
    // That of a call that asks whether it still stands is no report.
    let invite = world.draft("INVITE", "2");
    assert_eq!(world.status(&invite), 100);
    let incoming = world.call();
    incoming.control.answer(rtp(6000));
    let ok = world.answers().remove(0);
    let info = world.draft("INFO", "2").within(&ok);
    assert_eq!(world.status(&info), 200);
    let info = world.draft("INFO", "2").within(&ok).body("text/plain", "x");
    assert_eq!(world.status(&info), 403);
}

#[test]
fn strangers_get_403_or_nothing_and_leave_nothing() {
    let certified = Peer { certificate_names: vec!["sbc.example.com".to_owned()], ..pbx() };
    for strangers in [Strangers::Refused, Strangers::Ignored] {
        let mut world =
            World::with(EndpointConfig { strangers, peers: vec![certified.clone()], ..config() });
        for source in [STRANGER, PBX] {
            for method in ["INVITE", "OPTIONS", "REGISTER", "CANCEL", "BYE", "ACK", "WHATEVER"] {
                let draft = world.draft(method, "1");
                let answers = world.ask_from(source, &draft);
                let heard = strangers == Strangers::Refused && method != "ACK";
                let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
                assert_eq!(statuses, if heard { vec![403] } else { vec![] }, "{method}");
            }
            let origin = Origin::udp(0, SocketAddr::new(source.parse().unwrap(), 5060));
            world.task.handle_datagram(b"INVITE nonsense\r\n\r\n", origin, world.now);
            assert!(world.answers().is_empty());
        }
        assert!(world.task.server.is_empty() && world.task.timers.next().is_none());
        assert!(world.arrivals.try_recv().is_err());
        let counted = world.task.counters.read();
        assert_eq!((counted.strangers, counted.requests.invite, counted.malformed), (16, 0, 2));
    }
}

#[test]
fn a_call_of_a_peer_that_proves_itself_is_nobody_elses() {
    let sbc = Peer::trusted("sbc", vec![format!("{SBC}/32").parse().unwrap()]);
    for (digest, heard) in [(true, 403), (false, 200)] {
        let credentials = Credentials { user: "bob".to_owned(), password: "x".to_owned() };
        let of = Peer { digest: digest.then_some(credentials), ..pbx() };
        let mut world = World::new(vec![of, sbc.clone()]);
        // Its first request is proved by whoever was asked before.
        let digest = world.task.config.peers[0].digest.take();
        let invite = world.draft("INVITE", "1");
        assert_eq!(world.status(&invite), 100);
        let ringing = world.call();
        world.task.config.peers[0].digest = digest;
        let cancel = Draft { cseq: invite.cseq.replace("INVITE", "CANCEL"), ..invite.clone() };
        let cancel = Draft { line: cancel.line.replace("INVITE", "CANCEL"), ..cancel };
        if heard == 403 {
            assert_eq!(world.ask_from(SBC, &cancel)[0].status, 403);
        }
        ringing.control.answer(rtp(6000));
        let ok = world.answers().into_iter().find(|response| response.status == 200).unwrap();
        for method in ["INFO", "OPTIONS", "BYE"] {
            let draft = world.draft(method, "1").within(&ok);
            assert_eq!(world.ask_from(SBC, &draft)[0].status, heard, "{method}");
        }
    }
}

#[test]
fn many_requests_are_no_more_memory_and_calls_still_end() {
    let mut world = World::new(vec![pbx()]);
    let invite = world.draft("INVITE", "1");
    assert_eq!(world.status(&invite), 100);
    let incoming = world.call();
    incoming.control.answer(rtp(6000));
    let ok = world.answers().into_iter().find(|response| response.status == 200).unwrap();
    for _ in 1..TRANSACTIONS {
        let draft = world.draft("PUBLISH", "2");
        assert_eq!(world.status(&draft), 405);
    }
    for method in ["INVITE", "OPTIONS", "BYE", "PUBLISH"] {
        let draft = world.draft(method, "3");
        let response = world.ask(&draft);
        assert_eq!(response.status, 503, "{method}");
        assert!(response.headers.get("Retry-After").is_some());
    }
    assert_eq!(world.task.server.len(), TRANSACTIONS);
    let bye = world.draft("BYE", "1").within(&ok);
    assert_eq!(world.status(&bye), 200);
    // Their time is over.
    world.now += Duration::from_secs(33);
    world.task.handle_deadlines(world.now);
    let draft = world.draft("PUBLISH", "4");
    assert_eq!(world.status(&draft), 405);
}
