//! What takes half a minute, with the clock of the task moved by hand.

use std::time::Instant;

use super::task::Task;
use super::*;
use crate::transport::{Origin, Transports};

struct World {
    task: Task,
    arrivals: mpsc::Receiver<Arrival>,
    raw: Raw,
    origin: Origin,
    now: Instant,
    start: Instant,
    /// Handles of calls send their commands here.
    orders: mpsc::UnboundedReceiver<Command>,
    commands: Commands,
}

impl World {
    async fn new() -> World {
        let counters = Arc::new(Counters::default());
        let tls = Tls::read(TlsFiles::default(), None).unwrap();
        let mut transports = Transports::new(Vec::new(), tls, Timings::default(), counters.clone());
        transports.bind(config().listen[0]).await.unwrap();
        let endpoint = transports.local_addrs()[0].addr;
        let (commands, orders) = mpsc::unbounded_channel();
        let (sender, arrivals) = mpsc::channel(8);
        let task = Task::new(config(), transports, counters, sender, commands.downgrade());
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let local = socket.local_addr().unwrap();
        let origin = Origin::udp(0, local);
        let now = Instant::now();
        let raw = Raw { socket, endpoint, local };
        World { task, arrivals, raw, origin, now, start: now, orders, commands }
    }

    fn hears(&mut self, draft: &Draft) {
        self.task.handle_datagram(draft.text().as_bytes(), self.origin, self.now);
    }

    /// Carries out what the handles ordered.
    fn obey(&mut self) {
        while let Ok(command) = self.orders.try_recv() {
            self.task.handle_command(command, self.now);
        }
    }

    /// Jumps to the next deadline; gives the milliseconds since the start.
    fn jump(&mut self) -> Option<u128> {
        self.now = self.task.timers.next()?;
        self.task.handle_deadlines(self.now);
        Some((self.now - self.start).as_millis())
    }

    fn place(&mut self, tag: Tag) -> mpsc::UnboundedReceiver<Progress> {
        let (progress, told) = mpsc::unbounded_channel();
        let invite = OutgoingInvite {
            destination: Some(Hop::udp(self.raw.local)),
            uri: "sip:alice@example.com".to_owned(),
            from: "sip:bob@example.com".to_owned(),
            from_name: None,
            headers: Vec::new(),
            rtp: rtp(5000),
            srtp: SrtpPolicy::Off,
            credentials: None,
        };
        let placing = Placing { tag, call_id: "c".to_owned(), invite, progress };
        self.commands.send(Command::Place(Box::new(placing))).unwrap();
        self.obey();
        told
    }

    async fn statuses(&self, count: usize) -> Vec<u16> {
        let mut statuses = Vec::new();
        for _ in 0..count {
            statuses.push(self.raw.response().await.status);
        }
        statuses
    }
}

#[tokio::test]
async fn without_an_ack_the_house_is_told_and_its_bye_goes_out() {
    let mut world = World::new().await;
    world.hears(&world.raw.invite("1"));
    let mut incoming = call(&mut world.arrivals).await;
    incoming.control.answer(rtp(6000));
    world.obey();
    while incoming.signals.try_recv() != Ok(Signal::NotAcknowledged) {
        let elapsed = world.jump().expect("still waiting for the ACK");
        assert!(elapsed <= 32_000, "{elapsed}");
    }
    assert_eq!((world.now - world.start).as_millis(), 32_000);
    let expected: Vec<u16> = std::iter::once(100).chain([200; 11]).collect();
    assert_eq!(world.statuses(12).await, expected);
    incoming.control.hang_up();
    world.obey();
    world.raw.incoming("BYE").await;
    assert_eq!(next(&mut incoming.signals).await, None);
}

#[tokio::test]
async fn nothing_is_kept_of_a_call_that_is_over() {
    let mut world = World::new().await;
    for round in 0..3_u32 {
        let id = round.to_string();
        let invite = world.raw.invite(&id).call_id(&id);
        world.hears(&invite);
        let incoming = call(&mut world.arrivals).await;
        match round {
            0 => {
                incoming.control.answer(rtp(6000));
                world.obey();
                assert_eq!(world.raw.response().await.status, 100);
                let ok = world.raw.response().await;
                let later = |method: &str, cseq| {
                    world.raw.request(method, method, cseq).within(&ok).call_id(&id)
                };
                let (ack, bye) = (later("ACK", 1), later("BYE", 2));
                world.hears(&ack);
                world.hears(&bye);
            }
            1 => world.hears(&world.raw.request("CANCEL", "1", 1).call_id("1")),
            _ => incoming.control.refuse(Answer::new(404)),
        }
        world.obey();
    }
    let info = world.raw.request("INFO", "info", 1).body("text/plain", "x");
    world.hears(&info);
    drop(report(&mut world.arrivals).await);
    world.obey();
    while world.jump().is_some() {}
    let task = &world.task;
    let left = (task.server.len(), task.client.len(), task.ongoing.len(), task.calls.len());
    assert_eq!((left, task.pending, task.live_calls), ((0, 0, 0, 0), 0, 0));
}

#[tokio::test]
async fn a_placed_call_that_nobody_answers_times_out() {
    let mut world = World::new().await;
    let mut told = world.place(Tag::random());
    while world.jump().is_some() {}
    assert_eq!(told.recv().await, Some(Progress::TimedOut));
    assert_eq!(told.recv().await, None);
    assert_eq!((world.now - world.start).as_secs(), 32);
    for _ in 0..7 {
        world.raw.incoming("INVITE").await;
    }
}

#[tokio::test]
async fn a_cancel_that_is_not_followed_by_an_end_times_out() {
    let mut world = World::new().await;
    let tag = Tag::random();
    let mut told = world.place(tag);
    world.commands.send(Command::Cancel(tag, None)).unwrap();
    world.obey();
    let invite = world.raw.incoming("INVITE").await;
    assert!(world.raw.hears_nothing(), "CANCEL went before a provisional response");
    let header = |name: &str| invite.headers.get(name).unwrap();
    let (via, from, to) = (header("Via"), header("From"), header("To"));
    let ringing = format!(
        "SIP/2.0 180 Ringing\r\nVia: {via}\r\nFrom: {from}\r\nTo: {to};tag=x\r\n\
         Call-ID: c\r\nCSeq: 1 INVITE\r\n\r\n"
    );
    world.task.handle_datagram(ringing.as_bytes(), world.origin, world.now);
    world.raw.incoming("CANCEL").await;
    while world.jump().is_some() {}
    assert_eq!(told.recv().await, Some(Progress::Ringing));
    assert_eq!(told.recv().await, Some(Progress::TimedOut));
    assert!(world.task.calls.is_empty() && world.task.client.is_empty());
    assert_eq!(world.task.pending, 0);
}
